"""Authlib: code flow with PKCE by a confidential client; the ID token verified with its own JOSE library."""

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

from harness.oauth import Pages, callback_query
from harness.pools import CALLBACK, PASSWORD, make_pool, make_user
from harness.server import REAL_NAMES

SERVER_FLAGS = REAL_NAMES
BASE = "https://compat-oidc.auth.eu-central-1.amazoncognito.com"


@pytest.fixture(scope="module")
def pool(idp):
    return make_pool(idp, secret=True, domain="compat-oidc")


@pytest.fixture(scope="module")
def metadata(server, pool):
    issuer = f"https://cognito-idp.eu-central-1.amazonaws.com/{pool.id}"
    found = requests.get(f"{issuer}/.well-known/openid-configuration", verify=server.ca, timeout=10).json()
    assert found["issuer"] == issuer and found["authorization_endpoint"] == f"{BASE}/oauth2/authorize"
    return found


def client(server, pool, secret=None, method="client_secret_basic"):
    session = OAuth2Session(pool.client_id, secret or pool.secret, scope="openid email", redirect_uri=CALLBACK,
                            code_challenge_method="S256", token_endpoint_auth_method=method)
    session.trust_env = False
    session.verify = server.ca
    return session


def redirected(server, metadata, session, name, verifier, **more):
    """Signs in by the pages; the callback's full address and the state."""
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier, **more)
    pages = Pages(BASE, server.ca)
    page = pages.follow(pages.http.get(url, allow_redirects=False))
    reply = pages.follow(pages.submit(page, username=name, password=PASSWORD))
    callback_query(reply, CALLBACK)
    return reply.headers["Location"], state


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_code_flow(server, idp, pool, metadata, method):
    name = make_user(idp, pool)
    session = client(server, pool, method=method)
    back, state = redirected(server, metadata, session, name, "v" * 48, nonce="n-0S6_WzA2Mj")
    token = session.fetch_token(metadata["token_endpoint"], authorization_response=back, state=state, code_verifier="v" * 48)
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], verify=server.ca, timeout=10).json())
    claims = jwt.decode(token["id_token"], keys, algorithms=["RS256"]).claims
    assert claims["nonce"] == "n-0S6_WzA2Mj" and claims["aud"] == pool.client_id and claims["iss"] == metadata["issuer"] and claims["email"] == name
    info = session.get(metadata["userinfo_endpoint"]).json()
    assert info["sub"] == claims["sub"] and info["email"] == name and info["email_verified"] == "true"
    fresh = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
    assert fresh["access_token"] != token["access_token"]
    # Authlib sends the granted scopes along; fewer give fewer, others nothing.
    bare = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"], scope="openid")
    assert jwt.decode(bare["access_token"], keys, algorithms=["RS256"]).claims["scope"] == "openid"
    with pytest.raises(Exception, match="invalid_scope"):
        session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"], scope="openid phone")
    assert session.revoke_token(metadata["revocation_endpoint"], token=token["refresh_token"]).status_code == 200
    with pytest.raises(Exception, match="invalid_grant"):
        session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])


def test_refusals(server, idp, pool, metadata):
    name = make_user(idp, pool)
    session = client(server, pool)
    back, state = redirected(server, metadata, session, name, "v" * 48)
    with pytest.raises(Exception, match="mismatching_state|state"):
        session.fetch_token(metadata["token_endpoint"], authorization_response=back, state="other", code_verifier="v" * 48)
    with pytest.raises(Exception, match="invalid_grant"):
        client(server, pool).fetch_token(metadata["token_endpoint"], authorization_response=back, state=state, code_verifier="w" * 48)
    back, state = redirected(server, metadata, session, name, "v" * 48)
    with pytest.raises(Exception, match="invalid_client"):
        client(server, pool, secret="wrong" * 10).fetch_token(metadata["token_endpoint"], authorization_response=back, state=state, code_verifier="v" * 48)
    back, state = redirected(server, metadata, session, name, "v" * 48)
    session.fetch_token(metadata["token_endpoint"], authorization_response=back, state=state, code_verifier="v" * 48)
    with pytest.raises(Exception, match="invalid_grant"):
        client(server, pool).fetch_token(metadata["token_endpoint"], authorization_response=back, state=state, code_verifier="v" * 48)
