"""The article "Authorization Code Flow On AWS Cognito", step by step: AWS CLI and Chromium, both unchanged, on AWS's
own host names over verified TLS, in a namespace without a route out. Then its negatives and what it leaves open.
"""

import base64
import hashlib
import re
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from harness.browser import chromium, visit_callback
from harness.cli import V2, Cli
from harness.oauth import Pages, callback_query
from harness.pools import idp_client
from harness.server import REAL_NAMES
from harness.tokens import verified

SERVER_FLAGS = REAL_NAMES
DOMAIN = "your-domain-url"
BASE = f"https://{DOMAIN}.auth.eu-central-1.amazoncognito.com"
CALLBACK = "https://oauth.pstmn.io/v1/callback"
SCOPES = ["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin", "your-resource-server/order.write"]
MAIL, PASSWORD = "user@example.com", "Permanent1!"


class Article:
    """What the author has at hand after step 10."""

    pool = client = secret = None

    @property
    def basic(self):
        return self.client, self.secret

    @property
    def issuer(self):
        return f"https://cognito-idp.eu-central-1.amazonaws.com/{self.pool}"

    def query(self, **more):
        return {"client_id": self.client, "redirect_uri": CALLBACK} | more


@pytest.fixture(scope="module")
def aws(server):
    return Cli(V2, server, endpoint=False)


@pytest.fixture(scope="module")
def article(aws):
    """Steps 0 to 9, each checked as the article does."""
    made = Article()
    made.pool = pool = aws("create-user-pool", "--pool-name", "emails", "--username-attributes", "email", "--auto-verified-attributes", "email")["UserPool"]["Id"]
    assert re.fullmatch(r"eu-central-1_[0-9A-Za-z]{9}", pool)
    at = ("--user-pool-id", pool)
    # The article writes underscores; the API's pattern has never allowed them.
    aws.refused("InvalidParameterException", "create-user-pool-domain", *at, "--domain", "your_domain_url", text="failed to satisfy constraint")
    aws("create-user-pool-domain", *at, "--domain", DOMAIN)
    assert aws("describe-user-pool-domain", "--domain", DOMAIN)["DomainDescription"]["Status"] == "ACTIVE"
    server = aws("create-resource-server", *at, "--identifier", "your-resource-server", "--name", "Your resource server",
                 "--scopes", "ScopeName=order.write,ScopeDescription=write orders")["ResourceServer"]
    assert [scope["ScopeName"] for scope in server["Scopes"]] == ["order.write"]
    client = aws("create-user-pool-client", *at, "--client-name", "postman", "--generate-secret", "--allowed-o-auth-flows-user-pool-client",
                 "--allowed-o-auth-flows", "code", "--supported-identity-providers", "COGNITO", "--callback-urls", CALLBACK,
                 "--allowed-o-auth-scopes", *SCOPES)["UserPoolClient"]
    made.client, made.secret = client["ClientId"], client["ClientSecret"]
    echoed = aws("describe-user-pool-client", *at, "--client-id", made.client)["UserPoolClient"]
    assert echoed["CallbackURLs"] == [CALLBACK] and echoed["AllowedOAuthFlows"] == ["code"] and echoed["AllowedOAuthFlowsUserPoolClient"] is True
    assert sorted(echoed["AllowedOAuthScopes"]) == sorted(SCOPES) and echoed["SupportedIdentityProviders"] == ["COGNITO"]
    user = (*at, "--username", MAIL)
    aws("admin-create-user", *user, "--user-attributes", f"Name=email,Value={MAIL}", "Name=email_verified,Value=true",
        "--temporary-password", "Temp0rary!", "--message-action", "SUPPRESS")
    seen = aws("admin-get-user", *user)
    assert seen["UserStatus"] == "FORCE_CHANGE_PASSWORD" and seen["Enabled"] is True
    assert {a["Name"] for a in seen["UserAttributes"]} == {"sub", "email", "email_verified"}
    # The obvious command is the wrong one: this user is not unconfirmed.
    aws.refused("NotAuthorizedException", "admin-confirm-sign-up", *user, text="User cannot be confirmed. Current status is FORCE_CHANGE_PASSWORD")
    assert not aws("admin-set-user-password", *user, "--password", PASSWORD, "--permanent")
    assert aws("admin-get-user", *user)["UserStatus"] == "CONFIRMED"
    return made


@pytest.fixture(scope="module")
def browser(server):
    with chromium(server.ca) as running:
        yield running


def browse(browser, url, password=PASSWORD, **context):
    """Signs in by hand in a fresh window; the callback's query."""
    window = browser.new_context(**context)
    page = window.new_page()
    page.goto(url)
    assert urlsplit(page.url).path == "/login" and urlsplit(page.url).query == urlsplit(url).query
    page.fill("input[name=username]", MAIL)
    page.fill("input[name=password]", password)
    landed = visit_callback(page, lambda: page.press("input[name=password]", "Enter"), CALLBACK)
    window.close()
    return {name: values[0] for name, values in parse_qs(urlsplit(landed).query).items()}


def redeem(pages, article, code, **more):
    return pages.token(auth=article.basic, grant_type="authorization_code", code=code, redirect_uri=CALLBACK, **more)


def check_tokens(server, article, reply):
    """Steps 12 and 13: Postman's result, and the decoded access token's exact claims."""
    assert reply.status_code == 200, reply.text
    assert reply.headers["Content-Type"].replace(" ", "").lower() == "application/json;charset=utf-8"
    got = reply.json()
    assert set(got) == {"id_token", "access_token", "refresh_token", "expires_in", "token_type"}
    assert got["expires_in"] == 3600 and got["token_type"] == "Bearer"
    assert got["access_token"].startswith("eyJraWQiO") and got["id_token"].startswith("eyJraWQiO") and got["refresh_token"].startswith("eyJjdHki")
    access = verified(got["access_token"], article.issuer, server.ca)
    assert set(access) == {"sub", "iss", "version", "client_id", "origin_jti", "token_use", "scope", "auth_time", "exp", "iat", "jti", "username"}
    assert access["username"] == access["sub"] and access["client_id"] == article.client and access["token_use"] == "access"
    assert access["version"] == 2 and type(access["version"]) is int and access["iss"] == article.issuer
    # The article's tokens came in the second of the sign-in; a slower visitor's come later than `auth_time`.
    assert access["exp"] - access["iat"] == 3600 and 0 <= access["iat"] - access["auth_time"] <= 10
    assert sorted(access["scope"].split(" ")) == sorted(SCOPES)
    identity = verified(got["id_token"], article.issuer, server.ca)
    assert identity["aud"] == article.client and identity["token_use"] == "id" and identity["email"] == MAIL
    assert identity["email_verified"] is True and identity["cognito:username"] == identity["sub"] == access["sub"]
    assert identity["origin_jti"] == access["origin_jti"]
    return got, access, identity


def test_sealed():
    """Nothing here can reach a real service: there is no route at all."""
    assert Path("/proc/net/route").read_text().splitlines()[1:] == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_the_article(server, article, browser, script):
    """Steps 10 to 13 with the scope field left empty, as the author did."""
    url = f"{BASE}/oauth2/authorize?response_type=code&client_id={article.client}&redirect_uri={quote(CALLBACK, safe='')}"
    back = browse(browser, url, java_script_enabled=script)
    # Beside the code only the issuer (RFC 9207), which no client of Cognito's looks at.
    assert set(back) == {"code", "iss"} and back["iss"] == article.issuer and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", back["code"])
    pages = Pages(BASE, server.ca)
    check_tokens(server, article, redeem(pages, article, back["code"]))
    again = redeem(pages, article, back["code"])
    assert again.status_code == 400 and again.json()["error"] == "invalid_grant"


def test_scope_given(server, article, browser):
    back = browse(browser, f"{BASE}/oauth2/authorize?response_type=code&client_id={article.client}&redirect_uri={quote(CALLBACK, safe='')}&scope={quote(' '.join(SCOPES))}")
    check_tokens(server, article, redeem(Pages(BASE, server.ca), article, back["code"]))


def test_credentials_in_the_body(server, article):
    pages = Pages(BASE, server.ca)
    code = pages.sign_in(MAIL, PASSWORD, **article.query())["code"]
    reply = pages.token(grant_type="authorization_code", code=code, redirect_uri=CALLBACK, client_id=article.client, client_secret=article.secret)
    check_tokens(server, article, reply)


def test_the_articles_own_spelling_of_the_paths(server, article):
    """The article's list says /oauth/authorize and /oauth/token."""
    pages = Pages(BASE, server.ca)
    page = pages.follow(pages.get("/oauth/authorize", response_type="code", **article.query()))
    code = callback_query(pages.follow(pages.submit(page, username=MAIL, password=PASSWORD)), CALLBACK)["code"]
    reply = pages.token(path="/oauth/token", auth=article.basic, grant_type="authorization_code", code=code, redirect_uri=CALLBACK)
    check_tokens(server, article, reply)


def test_state_nonce_and_pkce(server, article):
    pages = Pages(BASE, server.ca)
    verifier = "abcdefghijklmnopqrstuvwxyz-0123456789._~ABCDEF"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
    back = pages.sign_in(MAIL, PASSWORD, **article.query(state="a b&c=d/+%", nonce="n1", **pkce))
    assert back["state"] == "a b&c=d/+%"
    _, _, identity = check_tokens(server, article, redeem(pages, article, back["code"], code_verifier=verifier))
    assert identity["nonce"] == "n1"
    for given in ({"code_verifier": verifier[:-1] + "X"}, {}):
        code = Pages(BASE, server.ca).sign_in(MAIL, PASSWORD, **article.query(**pkce))["code"]
        reply = redeem(pages, article, code, **given)
        assert reply.status_code == 400 and reply.json()["error"] in ("invalid_grant", "invalid_request")
    for bad in ({"code_challenge": challenge}, {"code_challenge": challenge, "code_challenge_method": "plain"}):
        reply = pages.follow(pages.get("/oauth2/authorize", response_type="code", **article.query(**bad)))
        assert callback_query(reply, CALLBACK)["error"] == "invalid_request"


def test_refresh_and_user_info(server, article):
    pages = Pages(BASE, server.ca)
    first, access, _ = check_tokens(server, article, redeem(pages, article, pages.sign_in(MAIL, PASSWORD, **article.query())["code"]))
    info = pages.http.get(f"{BASE}/oauth2/userInfo", headers={"Authorization": f"Bearer {first['access_token']}"})
    assert info.status_code == 200 and info.json() == {"sub": access["sub"], "email": MAIL, "email_verified": "true", "username": access["sub"]}
    reply = pages.token(auth=article.basic, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert reply.status_code == 200 and set(reply.json()) == {"id_token", "access_token", "expires_in", "token_type"}
    again = verified(reply.json()["access_token"], article.issuer, server.ca)
    assert again["auth_time"] == access["auth_time"] and again["origin_jti"] == access["origin_jti"] and again["jti"] != access["jti"]
    assert pages.http.post(f"{BASE}/oauth2/revoke", data={"token": first["refresh_token"]}, auth=article.basic).status_code == 200
    assert pages.token(auth=article.basic, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()["error"] == "invalid_grant"
    assert pages.http.get(f"{BASE}/oauth2/userInfo", headers={"Authorization": f"Bearer {first['access_token']}"}).status_code == 401


def test_wrong_password(server, article):
    pages = Pages(BASE, server.ca)
    reply = pages.follow(pages.submit(pages.login_page(**article.query()), username=MAIL, password="Wrong-pass1!"))
    assert reply.status_code == 200 and "Incorrect username or password." in reply.text and 'id="loginErrorMessage"' in reply.text
    # The same page still works.
    back = pages.follow(pages.submit(reply, username=MAIL, password=PASSWORD))
    assert callback_query(back, CALLBACK)["code"]


@pytest.mark.parametrize("callback", [CALLBACK + "/", CALLBACK.upper(), CALLBACK + "?x=1", "https://oauth.pstmn.io/v1/callback/../evil", "http://oauth.pstmn.io/v1/callback"])
def test_wrong_callback(server, article, callback):
    pages = Pages(BASE, server.ca)
    reply = pages.get("/oauth2/authorize", response_type="code", client_id=article.client, redirect_uri=callback)
    assert reply.status_code == 302 and "/error?" in reply.headers["Location"] and "redirect_mismatch" in reply.headers["Location"]
    shown = pages.follow(reply)
    assert shown.status_code == 400 and "errorMessage" in shown.text


def test_wrong_clients(server, article):
    pages = Pages(BASE, server.ca)
    code = pages.sign_in(MAIL, PASSWORD, **article.query())["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    for auth, more in [(None, {}), (None, {"client_id": article.client}), ((article.client, "wrong" * 10), {}),
                       (None, {"client_id": article.client, "client_secret": "wrong" * 10}), (("a" * 26, article.secret), {})]:
        reply = pages.token(auth=auth, **form, **more)
        assert reply.status_code == 400 and reply.json()["error"] in ("invalid_client", "invalid_request"), reply.text
    reply = pages.token(auth=article.basic, **form | {"redirect_uri": CALLBACK + "/"})
    assert reply.status_code == 400 and reply.json()["error"] in ("unauthorized_client", "invalid_grant")


def test_what_the_client_may_not_do(server, article):
    pages = Pages(BASE, server.ca)
    for params, error in [({"response_type": "token"}, "unauthorized_client"), ({"response_type": "bogus"}, "invalid_request"),
                          ({"scope": "openid other/read"}, "invalid_scope"), ({"prompt": "none"}, "login_required")]:
        reply = pages.follow(pages.get("/oauth2/authorize", **{"response_type": "code", "state": "s"} | article.query() | params))
        location = reply.headers.get("Location", "")
        assert location.startswith(CALLBACK) and f"error={error}" in location and "state=s" in location, f"{params}: {location}"
    assert pages.token(auth=article.basic, grant_type="client_credentials").json()["error"] == "unauthorized_client"
    assert pages.token(auth=article.basic, grant_type="password", username=MAIL, password=PASSWORD).json()["error"] == "unsupported_grant_type"
    assert pages.token(auth=article.basic, grant_type="authorization_code", redirect_uri=CALLBACK).json()["error"] == "invalid_request"
    assert pages.http.get(f"{BASE}/oauth2/token").status_code == 405


def test_temporary_password_left_in_place(server, aws, article):
    """Had the author skipped the CLI, the page would have asked for a new password and gone on."""
    mail = "hasty@example.com"
    aws("admin-create-user", "--user-pool-id", article.pool, "--username", mail, "--user-attributes", f"Name=email,Value={mail}",
        "--temporary-password", "Temp0rary!", "--message-action", "SUPPRESS")
    pages = Pages(BASE, server.ca)
    page = pages.follow(pages.submit(pages.login_page(**article.query()), username=mail, password="Temp0rary!"))
    assert "Change password" in page.text
    code = callback_query(pages.follow(pages.submit(page, new_password="Chosen-one1", confirm_password="Chosen-one1")), CALLBACK)["code"]
    assert redeem(pages, article, code).status_code == 200
    assert aws("admin-get-user", "--user-pool-id", article.pool, "--username", mail)["UserStatus"] == "CONFIRMED"


@pytest.mark.parametrize("version", ["1", "2"])
def test_either_managed_login_version(server, aws, article, version):
    """The API leaves a version 2 domain without branding; the page must still be there."""
    pool = aws("create-user-pool", "--pool-name", f"version {version}", "--username-attributes", "email")["UserPool"]["Id"]
    # Debian's CLI predates the parameter; boto3 has it.
    idp = idp_client(server.http)
    idp.create_user_pool_domain(UserPoolId=pool, Domain="compat-pages", ManagedLoginVersion=int(version))
    client = idp.create_user_pool_client(UserPoolId=pool, ClientName="c", AllowedOAuthFlowsUserPoolClient=True, AllowedOAuthFlows=["code"], AllowedOAuthScopes=["openid"],
                                         CallbackURLs=[CALLBACK], SupportedIdentityProviders=["COGNITO"])["UserPoolClient"]["ClientId"]
    pages = Pages("https://compat-pages.auth.eu-central-1.amazoncognito.com", server.ca)
    assert 'name="username"' in pages.login_page(client_id=client, redirect_uri=CALLBACK).text
    aws("delete-user-pool-domain", "--user-pool-id", pool, "--domain", "compat-pages")


def test_every_other_name_speaks_too(server, article):
    """Discovery, keys and token issuer agree on the API's host name; the second issuer name serves the keys as well."""
    pages = Pages(BASE, server.ca)
    document = pages.http.get(f"{article.issuer}/.well-known/openid-configuration").json()
    assert document["issuer"] == article.issuer and document["jwks_uri"] == f"{article.issuer}/.well-known/jwks.json"
    assert document["authorization_endpoint"] == f"{BASE}/oauth2/authorize" and document["token_endpoint"] == f"{BASE}/oauth2/token"
    other = f"https://issuer-cognito-idp.eu-central-1.amazonaws.com/{article.pool}/.well-known/jwks.json"
    assert pages.http.get(other).json() == pages.http.get(document["jwks_uri"]).json()
