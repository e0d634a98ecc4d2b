"""boto3: a person's account from sign-up to deletion, and the refusals on the way, by class and by text."""

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from harness.pools import PASSWORD, Pool, attributes, make_pool, make_user, refused
from harness.server import REGION


@pytest.fixture(scope="module")
def app(server):
    """The client an application has: no AWS keys at all."""
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
    return boto3.session.Session().client("cognito-idp", region_name=REGION, endpoint_url=server.http, config=config)


@pytest.fixture(scope="module")
def pool(idp):
    return make_pool(idp)


def sign_in(app, pool, name, password, **more):
    return app.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": name, "PASSWORD": password} | more)


def test_sign_up_to_deletion(app, pool, inbox):
    mail, moved = "life@example.com", "moved@example.com"
    at = {"ClientId": pool.client_id, "Username": mail}
    with refused("InvalidPasswordException", "Password did not conform with policy: Password not long enough"):
        app.sign_up(**at, Password="Sh0rt!", UserAttributes=[{"Name": "email", "Value": mail}])
    with refused("InvalidParameterException", "Username should be an email."):
        app.sign_up(ClientId=pool.client_id, Username="no-mail", Password=PASSWORD)
    made = app.sign_up(**at, Password=PASSWORD, UserAttributes=[{"Name": "email", "Value": mail}])
    assert made["UserConfirmed"] is False and made["CodeDeliveryDetails"] == {"Destination": "l***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}
    first = inbox.code(mail)
    with refused("UsernameExistsException", "An account with the given email already exists."):
        app.sign_up(**at, Password=PASSWORD)
    with refused("UserNotConfirmedException", "User is not confirmed."):
        sign_in(app, pool, mail, PASSWORD)
    app.resend_confirmation_code(**at)
    code = inbox.code(mail)
    assert len(code) == 6 and code.isdigit()
    for wrong in {first, f"{(int(code) + 1) % 1000000:06}"} - {code}:
        with refused("CodeMismatchException", "Invalid verification code provided, please try again."):
            app.confirm_sign_up(**at, ConfirmationCode=wrong)
    app.confirm_sign_up(**at, ConfirmationCode=code)
    with refused("NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"):
        app.confirm_sign_up(**at, ConfirmationCode=code)

    with refused("NotAuthorizedException", "Incorrect username or password."):
        sign_in(app, pool, mail, "Wrong-pass1!")
    tokens = sign_in(app, pool, mail, PASSWORD)["AuthenticationResult"]
    assert tokens["ExpiresIn"] == 3600 and tokens["TokenType"] == "Bearer" and tokens["RefreshToken"].startswith("eyJjdHki")
    access = tokens["AccessToken"]
    user = app.get_user(AccessToken=access)
    assert user["Username"] == made["UserSub"] == attributes(user)["sub"] and attributes(user)["email_verified"] == "true"

    sent = app.update_user_attributes(AccessToken=access, UserAttributes=[{"Name": "email", "Value": moved}, {"Name": "name", "Value": "Zoë"}])
    assert sent["CodeDeliveryDetailsList"][0]["AttributeName"] == "email"
    changed = attributes(app.get_user(AccessToken=access))
    assert changed["name"] == "Zoë" and changed["email"] == moved and changed["email_verified"] == "false"
    code = inbox.code(moved)
    with refused("CodeMismatchException"):
        app.verify_user_attribute(AccessToken=access, AttributeName="email", Code=f"{(int(code) + 1) % 1000000:06}")
    app.verify_user_attribute(AccessToken=access, AttributeName="email", Code=code)
    assert attributes(app.get_user(AccessToken=access))["email_verified"] == "true"
    app.delete_user_attributes(AccessToken=access, UserAttributeNames=["name"])
    assert "name" not in attributes(app.get_user(AccessToken=access))

    recover(app, pool, inbox, moved)
    refresh_and_revoke(app, pool, moved, "Recovered2!")


def recover(app, pool, inbox, mail):
    at = {"ClientId": pool.client_id, "Username": mail}
    assert app.forgot_password(**at)["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"
    code = inbox.code(mail)
    with refused("CodeMismatchException", "Invalid verification code provided, please try again."):
        app.confirm_forgot_password(**at, ConfirmationCode=f"{(int(code) + 1) % 1000000:06}", Password="Recovered2!")
    with refused("InvalidPasswordException", "Password does not conform to policy: Password must have symbol characters"):
        app.confirm_forgot_password(**at, ConfirmationCode=code, Password="Recovered2")
    app.confirm_forgot_password(**at, ConfirmationCode=code, Password="Recovered2!")
    with refused("ExpiredCodeException", "Invalid code provided, please request a code again."):
        app.confirm_forgot_password(**at, ConfirmationCode=code, Password="Recovered3!")
    with refused("NotAuthorizedException", "Incorrect username or password."):
        sign_in(app, pool, mail, PASSWORD)


def refresh_and_revoke(app, pool, mail, password):
    tokens = sign_in(app, pool, mail, password)["AuthenticationResult"]
    refresh = {"ClientId": pool.client_id, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": tokens["RefreshToken"]}}
    again = app.initiate_auth(**refresh)["AuthenticationResult"]
    assert "RefreshToken" not in again and again["AccessToken"] != tokens["AccessToken"]
    newer = app.get_tokens_from_refresh_token(ClientId=pool.client_id, RefreshToken=tokens["RefreshToken"])["AuthenticationResult"]
    with refused("UnsupportedTokenTypeException"):
        app.revoke_token(ClientId=pool.client_id, Token=tokens["AccessToken"])
    app.revoke_token(ClientId=pool.client_id, Token=tokens["RefreshToken"])
    with refused("NotAuthorizedException", "Refresh Token has been revoked"):
        app.initiate_auth(**refresh)
    for dead in (tokens, again, newer):
        with refused("NotAuthorizedException", "Access Token has been revoked"):
            app.get_user(AccessToken=dead["AccessToken"])

    access = sign_in(app, pool, mail, password)["AuthenticationResult"]["AccessToken"]
    with refused("NotAuthorizedException", "Incorrect username or password."):
        app.change_password(AccessToken=access, PreviousPassword="Not-this1!", ProposedPassword="Changed3!")
    app.change_password(AccessToken=access, PreviousPassword=password, ProposedPassword="Changed3!")
    access = sign_in(app, pool, mail, "Changed3!")["AuthenticationResult"]["AccessToken"]
    app.global_sign_out(AccessToken=access)
    with refused("NotAuthorizedException", "Access Token has been revoked"):
        app.get_user(AccessToken=access)
    access = sign_in(app, pool, mail, "Changed3!")["AuthenticationResult"]["AccessToken"]
    app.delete_user(AccessToken=access)
    with refused("UserNotFoundException", "User does not exist."):
        sign_in(app, pool, mail, "Changed3!")


def test_errors_are_classes(app, pool):
    """Applications catch `client.exceptions.X`: the error's code must be the modelled name."""
    with pytest.raises(app.exceptions.UserNotFoundException) as caught:
        sign_in(app, pool, "nobody@example.com", PASSWORD)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    headers = caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-errortype"].startswith("UserNotFoundException") and len(headers["x-amzn-requestid"]) == 36
    with pytest.raises(app.exceptions.ResourceNotFoundException):
        app.initiate_auth(ClientId="a" * 26, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": "x", "PASSWORD": "y"})
    with pytest.raises(app.exceptions.NotAuthorizedException, match="Invalid Access Token"):
        app.get_user(AccessToken="not.a.token")


def test_a_changed_access_token_is_refused(app, idp, pool):
    access = sign_in(app, pool, make_user(idp, pool), PASSWORD)["AuthenticationResult"]["AccessToken"]
    app.get_user(AccessToken=access)
    head, body, signature = access.split(".")
    flipped = ("A" if signature[10] != "A" else "B")
    with refused("NotAuthorizedException"):
        app.get_user(AccessToken=f"{head}.{body}.{signature[:10]}{flipped}{signature[11:]}")


def test_secret_hash(app, idp):
    pool = make_pool(idp, secret=True)
    name = make_user(idp, pool)
    with refused("NotAuthorizedException", f"Client {pool.client_id} is configured with secret but SECRET_HASH was not received"):
        sign_in(app, pool, name, PASSWORD)
    with refused("NotAuthorizedException", f"Unable to verify secret hash for client {pool.client_id}"):
        sign_in(app, pool, name, PASSWORD, SECRET_HASH=pool.secret_hash("someone else"))
    assert sign_in(app, pool, name, PASSWORD, SECRET_HASH=pool.secret_hash(name))["AuthenticationResult"]


def test_unknown_users_look_like_known_ones(app, idp):
    pool = make_pool(idp, client={"PreventUserExistenceErrors": "ENABLED"})
    with refused("NotAuthorizedException", "Incorrect username or password."):
        sign_in(app, pool, "nobody@example.com", PASSWORD)
    assert app.forgot_password(ClientId=pool.client_id, Username="nobody@example.com")["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"


def test_temporary_password(app, idp, pool):
    mail = "temp@example.com"
    idp.admin_create_user(UserPoolId=pool.id, Username=mail, UserAttributes=[{"Name": "email", "Value": mail}], TemporaryPassword="Temp0rary!", MessageAction="SUPPRESS")
    asked = sign_in(app, pool, mail, "Temp0rary!")
    assert asked["ChallengeName"] == "NEW_PASSWORD_REQUIRED" and asked["ChallengeParameters"]["requiredAttributes"] == "[]"
    answer = {"ClientId": pool.client_id, "ChallengeName": "NEW_PASSWORD_REQUIRED"}
    reply = app.respond_to_auth_challenge(**answer, Session=asked["Session"], ChallengeResponses={"USERNAME": mail, "NEW_PASSWORD": PASSWORD})
    assert reply["AuthenticationResult"]["AccessToken"]
    with refused("NotAuthorizedException", "Invalid session for the user"):
        app.respond_to_auth_challenge(**answer, Session=asked["Session"], ChallengeResponses={"USERNAME": mail, "NEW_PASSWORD": "Another1!"})


def test_refresh_token_rotation(app, idp):
    pool = make_pool(idp, flows=["ALLOW_USER_PASSWORD_AUTH"], client={"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}})
    first = sign_in(app, pool, make_user(idp, pool), PASSWORD)["AuthenticationResult"]["RefreshToken"]
    second = app.get_tokens_from_refresh_token(ClientId=pool.client_id, RefreshToken=first)["AuthenticationResult"]["RefreshToken"]
    assert second != first
    with refused("RefreshTokenReuseException"):
        app.get_tokens_from_refresh_token(ClientId=pool.client_id, RefreshToken=first)


def test_inbox_waits_and_finds_the_latest(app, pool, inbox):
    mail = "latest@example.com"
    app.sign_up(ClientId=pool.client_id, Username=mail, Password=PASSWORD, UserAttributes=[{"Name": "email", "Value": mail}])
    message = inbox.latest(mail)
    assert message["pool_id"] == pool.id and message["address"] == mail and message["medium"].upper() == "EMAIL"
    assert message["code"] in message["body"] and inbox.all("nobody-wrote@example.com") == []


def test_demo_pool_signs_in(app, server):
    demo = server.demo
    assert demo["user_pool_id"].startswith(demo["region"] + "_")
    pool = Pool(demo["user_pool_id"], demo["client_id"], demo.get("client_secret"))
    more = {"SECRET_HASH": pool.secret_hash(demo["username"])} if pool.secret else {}
    assert sign_in(app, pool, demo["username"], demo["password"], **more)["AuthenticationResult"]["IdToken"]
