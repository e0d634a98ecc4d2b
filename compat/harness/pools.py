"""Makes pools, clients and users through boto3, and holds what a test must remember of them."""

import base64
import hashlib
import hmac
import uuid
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from harness.server import REGION

CALLBACK = "https://oauth.pstmn.io/v1/callback"
PASSWORD = "Permanent1!"
ALL_FLOWS = ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


@dataclass
class Pool:
    id: str
    client_id: str
    secret: str | None
    domain: str | None = None

    def secret_hash(self, username: str) -> str:
        """base64(HMAC-SHA256(client secret, username + client id))."""
        digest = hmac.new(self.secret.encode(), (username + self.client_id).encode(), hashlib.sha256).digest()
        return base64.b64encode(digest).decode()


def idp_client(endpoint: str | None, *, verify: str | bool = True, key: str = "test", secret: str = "test",
               pool_size: int = 10, region: str = REGION):
    """A boto3 client that never retries, so that a test sees each reply itself."""
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=pool_size, connect_timeout=5, read_timeout=20)
    return boto3.session.Session().client("cognito-idp", region_name=region, endpoint_url=endpoint, verify=verify, config=config,
                                          aws_access_key_id=key, aws_secret_access_key=secret)


def make_pool(idp, *, secret: bool = False, domain: str | None = None, callbacks: list[str] | None = None,
              scopes: tuple[str, ...] = ("openid", "email", "profile", "aws.cognito.signin.user.admin"),
              flows: list[str] | None = None, pool: dict | None = None, client: dict | None = None) -> Pool:
    """A pool for e-mail accounts with one client; with a domain, also set up for the code flow."""
    settings = {"UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"]} if pool is None else pool
    made = idp.create_user_pool(PoolName=f"compat {uuid.uuid4().hex[:8]}", **settings)["UserPool"]["Id"]
    wish = {"ExplicitAuthFlows": flows or ALL_FLOWS, "GenerateSecret": secret}
    if domain:
        idp.create_user_pool_domain(UserPoolId=made, Domain=domain)
        wish |= {"AllowedOAuthFlowsUserPoolClient": True, "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": list(scopes),
                 "SupportedIdentityProviders": ["COGNITO"], "CallbackURLs": callbacks or [CALLBACK]}
    reply = idp.create_user_pool_client(UserPoolId=made, **{"ClientName": "compat"} | wish | (client or {}))["UserPoolClient"]
    return Pool(made, reply["ClientId"], reply.get("ClientSecret"), domain)


def make_user(idp, pool: Pool, *, email: str | None = None, username: str | None = None, password: str = PASSWORD) -> str:
    """A confirmed user with a permanent password; the name to sign in with."""
    email = email or f"{uuid.uuid4().hex[:12]}@example.com"
    name = username or email
    attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
    idp.admin_create_user(UserPoolId=pool.id, Username=name, UserAttributes=attributes, MessageAction="SUPPRESS")
    idp.admin_set_user_password(UserPoolId=pool.id, Username=name, Password=password, Permanent=True)
    return name


def make_user_with_short_salt(idp, pool: Pool) -> str:
    """A user whose SRP salt begins with a zero byte, as one in 256 does: passwords are set until the draw is right."""
    name = make_user(idp, pool)
    for _ in range(6000):
        asked = idp.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": name, "SRP_A": "2"})
        # Hexadecimal without leading zeros: 32 digits are 16 bytes.
        if len(asked["ChallengeParameters"]["SALT"]) <= 30:
            return name
        idp.admin_set_user_password(UserPoolId=pool.id, Username=name, Password=PASSWORD, Permanent=True)
    raise AssertionError("no salt of 6000 begins with a zero byte")


@contextmanager
def refused(code: str, text: str | None = None):
    """The block must be refused with this error; `text` must be within its message."""
    try:
        yield
    except ClientError as error:
        got = error.response["Error"]
        assert got["Code"] == code, f"expected {code}, got {got}"
        assert text is None or text in got["Message"], f"expected {text!r} in {got['Message']!r}"
    else:
        raise AssertionError(f"accepted, expected {code}")


def attributes(user: dict) -> dict[str, str]:
    """Name → value of GetUser's or AdminGetUser's reply."""
    return {pair["Name"]: pair["Value"] for pair in user["UserAttributes"]}
