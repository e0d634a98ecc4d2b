"""The reply is lost and the client asks again, as SDKs do by themselves: nothing happens twice, and where the second
answer is a refusal the first one is seen to have been carried out."""

import uuid

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from harness.lossy import LossyWire
from harness.oauth import Pages
from harness.pools import CALLBACK, PASSWORD, attributes, idp_client, make_pool, make_user, refused
from harness.server import REGION

DOMAIN = "compat-oidc"
HOST = f"{DOMAIN}.auth.{REGION}.amazoncognito.com"
NEW = "Another-Horse-8"


@pytest.fixture(scope="module")
def wire(server):
    with LossyWire(server.http) as wire:
        yield wire


@pytest.fixture(scope="module")
def sdk(wire):
    """A client that asks once more by itself."""
    config = Config(retries={"total_max_attempts": 2, "mode": "standard"}, connect_timeout=5, read_timeout=20)
    return boto3.session.Session().client("cognito-idp", region_name=REGION, endpoint_url=wire.url, config=config,
                                          aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture(scope="module")
def pool(idp):
    rotation = {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60}}
    return make_pool(idp, domain=DOMAIN, flows=["ALLOW_USER_PASSWORD_AUTH"], client=rotation)


@pytest.fixture
def twice(wire):
    """Calls with the first reply lost: what the second one says."""
    def call(operation, **arguments):
        wire.lose, wire.lost = 1, 0
        try:
            return operation(**arguments)
        finally:
            assert wire.lost == 1, "no reply was lost"
    return call


def fresh() -> str:
    return f"{uuid.uuid4().hex[:12]}@example.com"


def sign_in(idp, pool, name, password=PASSWORD):
    asked = {"USERNAME": name, "PASSWORD": password}
    return idp.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=asked)


def users(idp, pool, name):
    return idp.list_users(UserPoolId=pool.id, Filter=f'email = "{name}"')["Users"]


def test_a_client_that_does_not_ask_again_is_told_nothing(wire, pool, idp):
    """The wire does what these tests need: the call is carried out, its reply is not seen."""
    name = fresh()
    wire.lose = 1
    with pytest.raises(ConnectionClosedError):
        idp_client(wire.url).admin_create_user(UserPoolId=pool.id, Username=name, MessageAction="SUPPRESS")
    assert len(users(idp, pool, name)) == 1


def test_sec_167_a_user_is_made_once(twice, sdk, idp, inbox, pool):
    name, other = fresh(), fresh()
    with refused("UsernameExistsException"):
        twice(sdk.admin_create_user, UserPoolId=pool.id, Username=name, UserAttributes=[{"Name": "email", "Value": name}])
    with refused("UsernameExistsException"):
        twice(sdk.sign_up, ClientId=pool.client_id, Username=other, Password=PASSWORD, UserAttributes=[{"Name": "email", "Value": other}])
    for one in (name, other):
        assert len(users(idp, pool, one)) == 1
        assert len(inbox.all(one, wait=5)) == 1, "one user, one message"
    # A confirmation that is asked for again is refused; the first one counts.
    with refused("NotAuthorizedException", "CONFIRMED"):
        twice(sdk.confirm_sign_up, ClientId=pool.client_id, Username=other, ConfirmationCode=inbox.code(other))
    sign_in(idp, pool, other)


def test_sec_167_a_refresh_within_the_grace_period_gets_its_tokens(twice, sdk, idp, pool):
    name = make_user(idp, pool)
    first = sign_in(idp, pool, name)["AuthenticationResult"]
    second = twice(sdk.get_tokens_from_refresh_token, ClientId=pool.client_id, RefreshToken=first["RefreshToken"])["AuthenticationResult"]
    third = idp.get_tokens_from_refresh_token(ClientId=pool.client_id, RefreshToken=second["RefreshToken"])["AuthenticationResult"]
    # All of it is one session: its end ends every token of it.
    twice(sdk.revoke_token, ClientId=pool.client_id, Token=third["RefreshToken"])
    for tokens in (first, second, third):
        with refused("NotAuthorizedException"):
            idp.get_user(AccessToken=tokens["AccessToken"])
        with refused("NotAuthorizedException"):
            idp.get_tokens_from_refresh_token(ClientId=pool.client_id, RefreshToken=tokens["RefreshToken"])


def test_sec_167_without_a_grace_period_a_retry_is_theft(twice, sdk, idp):
    strict = make_pool(idp, flows=["ALLOW_USER_PASSWORD_AUTH"], client={"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}})
    name = make_user(idp, strict)
    tokens = sign_in(idp, strict, name)["AuthenticationResult"]
    with refused("RefreshTokenReuseException"):
        twice(sdk.get_tokens_from_refresh_token, ClientId=strict.client_id, RefreshToken=tokens["RefreshToken"])
    with refused("NotAuthorizedException"):
        idp.get_user(AccessToken=tokens["AccessToken"])
    sign_in(idp, strict, name)


def test_sec_167_a_code_is_redeemed_once_and_the_sign_in_starts_again(server, wire, idp, pool):
    """RFC 6749 §4.1.2: the second use is refused and ends what the first one got. The browser's session gives the next
    code without a question."""
    name = make_user(idp, pool)
    pages = Pages(f"https://{HOST}:{server.https.rsplit(':', 1)[1]}", server.ca)
    asked = {"client_id": pool.client_id, "redirect_uri": CALLBACK}
    form = {"grant_type": "authorization_code", "client_id": pool.client_id, "redirect_uri": CALLBACK, "code": pages.sign_in(name, PASSWORD, **asked)["code"]}
    redeem = lambda: requests.post(wire.url + "/oauth2/token", data=form, headers={"Host": HOST}, timeout=20)
    wire.lose = 1
    with pytest.raises(requests.ConnectionError):
        redeem()
    again = redeem()
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    reply = pages.follow(pages.get("/oauth2/authorize", response_type="code", **asked))
    form["code"] = reply.headers["Location"].partition("code=")[2].partition("&")[0]
    assert redeem().status_code == 200


def test_sec_167_writing_the_same_again_changes_nothing(twice, sdk, idp, pool):
    name = make_user(idp, pool)
    at = {"UserPoolId": pool.id, "Username": name}
    idp.create_group(UserPoolId=pool.id, GroupName="staff")
    twice(sdk.admin_set_user_password, **at, Password=NEW, Permanent=True)
    twice(sdk.admin_update_user_attributes, **at, UserAttributes=[{"Name": "name", "Value": "Ann"}])
    twice(sdk.admin_add_user_to_group, **at, GroupName="staff")
    twice(sdk.update_group, UserPoolId=pool.id, GroupName="staff", Description="all of us")
    tokens = sign_in(idp, pool, name, NEW)["AuthenticationResult"]
    twice(sdk.update_user_attributes, AccessToken=tokens["AccessToken"], UserAttributes=[{"Name": "nickname", "Value": "an"}])
    user = idp.admin_get_user(**at)
    assert attributes(user)["name"] == "Ann" and attributes(user)["nickname"] == "an" and user["UserStatus"] == "CONFIRMED"
    assert [group["GroupName"] for group in idp.admin_list_groups_for_user(**at)["Groups"]] == ["staff"]
    twice(sdk.admin_user_global_sign_out, **at)
    twice(sdk.admin_disable_user, **at)
    twice(sdk.admin_enable_user, **at)
    sign_in(idp, pool, name, NEW)
    twice(sdk.admin_remove_user_from_group, **at, GroupName="staff")
    with refused("UserNotFoundException"):
        twice(sdk.admin_delete_user, **at)
    assert users(idp, pool, name) == []


def test_sec_167_what_is_used_once_counts_although_its_retry_is_refused(twice, sdk, idp, inbox, pool):
    name = make_user(idp, pool)
    idp.forgot_password(ClientId=pool.client_id, Username=name)
    with refused("ExpiredCodeException"):
        twice(sdk.confirm_forgot_password, ClientId=pool.client_id, Username=name, ConfirmationCode=inbox.code(name), Password=NEW)
    tokens = sign_in(idp, pool, name, NEW)["AuthenticationResult"]
    with refused("NotAuthorizedException"):
        twice(sdk.change_password, AccessToken=tokens["AccessToken"], PreviousPassword=NEW, ProposedPassword=PASSWORD)
    sign_in(idp, pool, name)
    idp.admin_set_user_password(UserPoolId=pool.id, Username=name, Password=PASSWORD, Permanent=False)
    session = sign_in(idp, pool, name)["Session"]
    with refused("NotAuthorizedException", "only be used once"):
        twice(sdk.respond_to_auth_challenge, ClientId=pool.client_id, ChallengeName="NEW_PASSWORD_REQUIRED", Session=session,
              ChallengeResponses={"USERNAME": name, "NEW_PASSWORD": NEW})
    sign_in(idp, pool, name, NEW)
