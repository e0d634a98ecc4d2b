"""pycognito: SRP as an independent client computes it, tokens checked against the published keys."""

import base64

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from pycognito import AWSSRP, Cognito
from pycognito.exceptions import ForceChangePasswordException

from harness.pools import PASSWORD, make_pool, make_user, make_user_with_short_salt, refused
from harness.server import REGION


@pytest.fixture(scope="module")
def app(server):
    return boto3.session.Session().client("cognito-idp", region_name=REGION, endpoint_url=server.http, config=Config(signature_version=UNSIGNED))


@pytest.fixture(scope="module")
def pool(idp):
    return make_pool(idp)


def srp(app, pool, name, password):
    return AWSSRP(username=name, password=password, pool_id=pool.id, client_id=pool.client_id, client_secret=pool.secret, client=app)


@pytest.mark.parametrize("password", [PASSWORD, "Pässwörd-1", "Пароль-Aa1", "日本語-Aa1!", "Aa1!🔑-clé"])
def test_srp_sign_in(app, idp, pool, password):
    name = make_user(idp, pool, password=password)
    assert srp(app, pool, name, password).authenticate_user()["AuthenticationResult"]["AccessToken"]
    with refused("NotAuthorizedException", "Incorrect username or password."):
        srp(app, pool, name, password + "x").authenticate_user()


def test_srp_with_a_plain_username(app, idp):
    pool = make_pool(idp, pool={})
    name = make_user(idp, pool, username="Jürgen")
    assert srp(app, pool, name, PASSWORD).authenticate_user()["AuthenticationResult"]["AccessToken"]


def test_srp_many_users(app, idp, pool):
    """Every salt and verifier differs; with 40 of them a leading zero byte in A, B, S or u is likely."""
    for _ in range(40):
        name = make_user(idp, pool)
        assert srp(app, pool, name, PASSWORD).authenticate_user()["AuthenticationResult"]["TokenType"] == "Bearer"


def test_srp_with_a_salt_that_begins_with_zero(app, idp, pool):
    """This client pads SALT as text, the JavaScript ones as a number: both must come to the same bytes."""
    name = make_user_with_short_salt(idp, pool)
    assert srp(app, pool, name, PASSWORD).authenticate_user()["AuthenticationResult"]["AccessToken"]
    with refused("NotAuthorizedException", "Incorrect username or password."):
        srp(app, pool, name, PASSWORD + "x").authenticate_user()


@pytest.mark.parametrize("bit", [0, 7, 100, 255])
def test_flipped_proof_bit_is_refused(app, idp, pool, bit):
    name = make_user(idp, pool)
    aws = srp(app, pool, name, PASSWORD)
    asked = app.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_SRP_AUTH", AuthParameters=aws.get_auth_params())
    assert asked["ChallengeName"] == "PASSWORD_VERIFIER" and set(asked["ChallengeParameters"]) == {"SALT", "SRP_B", "SECRET_BLOCK", "USERNAME", "USER_ID_FOR_SRP"}
    answer = aws.process_challenge(asked["ChallengeParameters"], {"USERNAME": name})
    proof = bytearray(base64.b64decode(answer["PASSWORD_CLAIM_SIGNATURE"]))
    proof[bit // 8] ^= 1 << (bit % 8)
    answer["PASSWORD_CLAIM_SIGNATURE"] = base64.b64encode(bytes(proof)).decode()
    with refused("NotAuthorizedException", "Incorrect username or password."):
        app.respond_to_auth_challenge(ClientId=pool.client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=answer)


def test_proof_cannot_be_replayed(app, idp, pool):
    name = make_user(idp, pool)
    aws = srp(app, pool, name, PASSWORD)
    asked = app.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_SRP_AUTH", AuthParameters=aws.get_auth_params())
    answer = {"ClientId": pool.client_id, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": aws.process_challenge(asked["ChallengeParameters"], {"USERNAME": name})}
    assert app.respond_to_auth_challenge(**answer)["AuthenticationResult"]
    with refused("NotAuthorizedException"):
        app.respond_to_auth_challenge(**answer)


@pytest.mark.parametrize("a", ["0", "N", "2N"])
def test_zero_public_value_is_refused(app, idp, pool, a):
    """A ≡ 0 (mod N) would make the shared secret zero for anyone."""
    from pycognito.aws_srp import N_HEX
    n = int(N_HEX, 16)
    value = {"0": 0, "N": n, "2N": 2 * n}[a]
    with pytest.raises(app.exceptions.ClientError) as caught:
        app.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": make_user(idp, pool), "SRP_A": f"{value:x}"})
    assert caught.value.response["Error"]["Code"] in ("InvalidParameterException", "NotAuthorizedException")


def test_secret_hash(app, idp):
    pool = make_pool(idp, secret=True)
    name = make_user(idp, pool)
    assert srp(app, pool, name, PASSWORD).authenticate_user()["AuthenticationResult"]["IdToken"]
    with refused("NotAuthorizedException", "SECRET_HASH was not received"):
        AWSSRP(username=name, password=PASSWORD, pool_id=pool.id, client_id=pool.client_id, client=app).authenticate_user()
    with refused("NotAuthorizedException", f"Unable to verify secret hash for client {pool.client_id}"):
        AWSSRP(username=name, password=PASSWORD, pool_id=pool.id, client_id=pool.client_id, client_secret="wrong" * 10, client=app).authenticate_user()


def test_new_password_required(app, idp, pool):
    mail = "srp-temp@example.com"
    idp.admin_create_user(UserPoolId=pool.id, Username=mail, UserAttributes=[{"Name": "email", "Value": mail}], TemporaryPassword="Temp0rary!", MessageAction="SUPPRESS")
    with pytest.raises(ForceChangePasswordException):
        srp(app, pool, mail, "Temp0rary!").authenticate_user()
    assert srp(app, pool, mail, "Temp0rary!").set_new_password_challenge("Chosen-öne1")["AuthenticationResult"]["AccessToken"]
    assert srp(app, pool, mail, "Chosen-öne1").authenticate_user()["AuthenticationResult"]["AccessToken"]


def test_high_level_class(server, idp, pool):
    """pycognito verifies issuer, keys and `token_use` of both tokens while it signs in."""
    name = make_user(idp, pool)
    user = Cognito(pool.id, pool.client_id, user_pool_region=REGION, username=name, access_key="test", secret_key="test",
                   boto3_client_kwargs={"endpoint_url": server.http.replace("127.0.0.1", "localhost")})
    user.authenticate(password=PASSWORD)
    assert user.id_claims["email"] == name and user.access_claims["token_use"] == "access"
    before = user.access_token
    user.renew_access_token()
    assert user.access_token != before
    token = user.refresh_token
    user.logout()
    # The class forgets its tokens; whoever kept one gets nothing for it.
    user.refresh_token = token
    with refused("NotAuthorizedException"):
        user.renew_access_token()
