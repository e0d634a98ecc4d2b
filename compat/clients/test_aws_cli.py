"""AWS CLI, version 1 (PyPI) and 2 (Debian): an administrator's whole day on one pool, refusals included."""

import pytest

from harness.cli import V1, V2, Cli

CALLBACK = "https://oauth.pstmn.io/v1/callback"


@pytest.fixture(scope="module", params=[V1, V2], ids=["v1", "v2"])
def aws(request, server):
    return Cli(request.param, server)


@pytest.fixture(scope="module")
def pool(aws):
    made = aws("create-user-pool", "--pool-name", "cli", "--username-attributes", "email", "--auto-verified-attributes", "email")["UserPool"]["Id"]
    yield made
    aws("delete-user-pool", "--user-pool-id", made)
    aws.refused("ResourceNotFoundException", "describe-user-pool", "--user-pool-id", made, text=f"User pool {made} does not exist.")


def prefix(aws) -> str:
    return "cli-v1" if aws.command[0] == V1 else "cli-v2"


def test_pool(aws, pool):
    described = aws("describe-user-pool", "--user-pool-id", pool)["UserPool"]
    assert described["Id"] == pool and pool.startswith("eu-central-1_") and len(pool) == len("eu-central-1_") + 9
    assert described["Arn"] == f"arn:aws:cognito-idp:eu-central-1:123456789012:userpool/{pool}"
    assert described["UsernameAttributes"] == ["email"] and described["Policies"]["PasswordPolicy"]["MinimumLength"] == 8
    assert pool in [found["Id"] for found in aws("list-user-pools", "--max-results", "60")["UserPools"]]
    aws.refused("InvalidParameterException", "list-user-pools", "--max-results", "61",
                text="1 validation error detected: Value '61' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 60")

    aws("update-user-pool", "--user-pool-id", pool, "--auto-verified-attributes", "email", "--deletion-protection", "ACTIVE",
        "--policies", "PasswordPolicy={MinimumLength=10,RequireUppercase=true,RequireLowercase=true,RequireNumbers=true,RequireSymbols=false}")
    changed = aws("describe-user-pool", "--user-pool-id", pool)["UserPool"]
    assert changed["Policies"]["PasswordPolicy"]["MinimumLength"] == 10 and changed["DeletionProtection"] == "ACTIVE"
    aws.refused("InvalidParameterException", "delete-user-pool", "--user-pool-id", pool, text="deletion protection")
    # An update resets what it does not name.
    aws("update-user-pool", "--user-pool-id", pool, "--auto-verified-attributes", "email")
    reset = aws("describe-user-pool", "--user-pool-id", pool)["UserPool"]
    assert reset["Policies"]["PasswordPolicy"]["MinimumLength"] == 8 and reset["DeletionProtection"] == "INACTIVE"

    aws("add-custom-attributes", "--user-pool-id", pool, "--custom-attributes", "Name=team,AttributeDataType=String,Mutable=true")
    names = [a["Name"] for a in aws("describe-user-pool", "--user-pool-id", pool)["UserPool"]["SchemaAttributes"]]
    assert "custom:team" in names
    aws.refused("InvalidParameterException", "add-custom-attributes", "--user-pool-id", pool, "--custom-attributes", "Name=team,AttributeDataType=String")


def test_tags(aws, pool):
    arn = aws("describe-user-pool", "--user-pool-id", pool)["UserPool"]["Arn"]
    aws("tag-resource", "--resource-arn", arn, "--tags", "stage=test,owner=me")
    assert aws("list-tags-for-resource", "--resource-arn", arn)["Tags"] == {"stage": "test", "owner": "me"}
    aws("untag-resource", "--resource-arn", arn, "--tag-keys", "owner")
    assert aws("list-tags-for-resource", "--resource-arn", arn)["Tags"] == {"stage": "test"}


def test_domain(aws, pool):
    name = prefix(aws)
    aws.refused("InvalidParameterException", "create-user-pool-domain", "--user-pool-id", pool, "--domain", "has_underscore", text="'domain'")
    aws("create-user-pool-domain", "--user-pool-id", pool, "--domain", name)
    described = aws("describe-user-pool-domain", "--domain", name)["DomainDescription"]
    assert described["Status"] == "ACTIVE" and described["UserPoolId"] == pool
    aws.refused("InvalidParameterException", "create-user-pool-domain", "--user-pool-id", pool, "--domain", name)
    aws.refused("InvalidParameterException", "delete-user-pool", "--user-pool-id", pool, text="domain configured")
    aws("delete-user-pool-domain", "--user-pool-id", pool, "--domain", name)
    assert not aws("describe-user-pool-domain", "--domain", name)["DomainDescription"]


def test_resource_server(aws, pool):
    at = ("--user-pool-id", pool, "--identifier", "orders")
    made = aws("create-resource-server", *at, "--name", "Orders", "--scopes", "ScopeName=read,ScopeDescription=r", "ScopeName=write,ScopeDescription=w")
    assert [scope["ScopeName"] for scope in made["ResourceServer"]["Scopes"]] == ["read", "write"]
    aws.refused("InvalidParameterException", "create-resource-server", *at, "--name", "again", text="already exists")
    aws("update-resource-server", *at, "--name", "Orders 2", "--scopes", "ScopeName=write,ScopeDescription=w")
    described = aws("describe-resource-server", *at)["ResourceServer"]
    assert described["Name"] == "Orders 2" and len(described["Scopes"]) == 1
    assert "orders" in [found["Identifier"] for found in aws("list-resource-servers", "--user-pool-id", pool, "--max-results", "50")["ResourceServers"]]
    aws("delete-resource-server", *at)
    aws.refused("ResourceNotFoundException", "describe-resource-server", *at)


def test_client(aws, pool):
    flow = ("--allowed-o-auth-flows-user-pool-client", "--allowed-o-auth-flows", "code", "--supported-identity-providers", "COGNITO", "--callback-urls", CALLBACK)
    aws.refused("ScopeDoesNotExistException", "create-user-pool-client", "--user-pool-id", pool, "--client-name", "x", *flow,
                "--allowed-o-auth-scopes", "openid", "nowhere/read")
    made = aws("create-user-pool-client", "--user-pool-id", pool, "--client-name", "web", "--generate-secret", *flow,
               "--allowed-o-auth-scopes", "openid", "email", "--explicit-auth-flows", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")["UserPoolClient"]
    assert len(made["ClientId"]) == 26 and made["ClientId"].isalnum() and len(made["ClientSecret"]) >= 50
    at = ("--user-pool-id", pool, "--client-id", made["ClientId"])
    described = aws("describe-user-pool-client", *at)["UserPoolClient"]
    assert described["CallbackURLs"] == [CALLBACK] and described["ClientSecret"] == made["ClientSecret"]
    assert made["ClientId"] in [c["ClientId"] for c in aws("list-user-pool-clients", "--user-pool-id", pool)["UserPoolClients"]]
    aws("update-user-pool-client", *at, "--client-name", "renamed", "--refresh-token-validity", "5")
    updated = aws("describe-user-pool-client", *at)["UserPoolClient"]
    assert updated["ClientName"] == "renamed" and updated["RefreshTokenValidity"] == 5 and "CallbackURLs" not in updated
    aws("delete-user-pool-client", *at)
    aws.refused("ResourceNotFoundException", "describe-user-pool-client", *at, text=f"User pool client {made['ClientId']} does not exist.")


def test_users_and_groups(aws, pool):
    mail = "person@example.com"
    at = ("--user-pool-id", pool, "--username", mail)
    made = aws("admin-create-user", *at, "--user-attributes", f"Name=email,Value={mail}", "--temporary-password", "Temp0rary!", "--message-action", "SUPPRESS")["User"]
    assert made["UserStatus"] == "FORCE_CHANGE_PASSWORD" and made["Enabled"]
    aws.refused("UsernameExistsException", "admin-create-user", *at, "--message-action", "SUPPRESS", text="An account with the given email already exists.")
    aws.refused("InvalidPasswordException", "admin-set-user-password", *at, "--password", "short", "--permanent")
    aws.refused("UserNotFoundException", "admin-get-user", "--user-pool-id", pool, "--username", "nobody@example.com", text="User does not exist.")
    aws("admin-set-user-password", *at, "--password", "Permanent1!", "--permanent")
    aws("admin-update-user-attributes", *at, "--user-attributes", "Name=name,Value=Ann", "Name=email_verified,Value=true")
    seen = aws("admin-get-user", *at)
    assert seen["UserStatus"] == "CONFIRMED" and {"Name": "name", "Value": "Ann"} in seen["UserAttributes"]
    aws("admin-delete-user-attributes", *at, "--user-attribute-names", "name")
    assert "name" not in [a["Name"] for a in aws("admin-get-user", *at)["UserAttributes"]]
    found = aws("list-users", "--user-pool-id", pool, "--filter", f'email = "{mail}"')["Users"]
    assert [user["Username"] for user in found] == [seen["Username"]]
    assert aws("list-users", "--user-pool-id", pool, "--filter", 'email ^= "zzz"')["Users"] == []
    aws.refused("InvalidParameterException", "list-users", "--user-pool-id", pool, "--filter", "email is mine")

    aws("create-group", "--user-pool-id", pool, "--group-name", "staff", "--precedence", "3")
    aws.refused("GroupExistsException", "create-group", "--user-pool-id", pool, "--group-name", "staff")
    aws("admin-add-user-to-group", *at, "--group-name", "staff")
    assert [g["GroupName"] for g in aws("admin-list-groups-for-user", *at)["Groups"]] == ["staff"]
    assert [u["Username"] for u in aws("list-users-in-group", "--user-pool-id", pool, "--group-name", "staff")["Users"]] == [seen["Username"]]
    aws("admin-remove-user-from-group", *at, "--group-name", "staff")
    assert aws("admin-list-groups-for-user", *at)["Groups"] == []
    aws("delete-group", "--user-pool-id", pool, "--group-name", "staff")
    aws.refused("ResourceNotFoundException", "get-group", "--user-pool-id", pool, "--group-name", "staff")

    client = aws("create-user-pool-client", "--user-pool-id", pool, "--client-name", "admin", "--explicit-auth-flows", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
    sign_in = ("admin-initiate-auth", "--user-pool-id", pool, "--client-id", client["UserPoolClient"]["ClientId"], "--auth-flow", "ADMIN_USER_PASSWORD_AUTH", "--auth-parameters")
    assert aws(*sign_in, f"USERNAME={mail},PASSWORD=Permanent1!")["AuthenticationResult"]["TokenType"] == "Bearer"
    aws.refused("NotAuthorizedException", *sign_in, f"USERNAME={mail},PASSWORD=Wrong1!!", text="Incorrect username or password.")
    aws("admin-disable-user", *at)
    aws.refused("NotAuthorizedException", *sign_in, f"USERNAME={mail},PASSWORD=Permanent1!", text="User is disabled.")
    aws("admin-enable-user", *at)
    aws("admin-user-global-sign-out", *at)
    aws("admin-delete-user", *at)
    aws.refused("UserNotFoundException", "admin-get-user", *at)


def test_unbuilt_operation_is_refused_by_name(aws, pool):
    aws.refused("NotImplementedException", "get-csv-header", "--user-pool-id", pool, text="GetCSVHeader")
