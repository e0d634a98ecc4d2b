"""OAuth without AWS's names: on localhost the client names the pool; `.localhost` and custom domains by Host."""

import subprocess
from urllib.parse import urlsplit

import pytest

from harness.cli import V1
from harness.oauth import Pages, callback_query
from harness.pools import CALLBACK, PASSWORD, make_pool, make_user
from harness.server import binary
from harness.tokens import verified


@pytest.fixture(scope="module")
def pool(idp):
    return make_pool(idp, secret=True, domain="compat-oidc")


@pytest.fixture(scope="module")
def bases(server, idp, pool):
    """Every base address under which this pool's endpoints are served."""
    idp.create_user_pool_domain(UserPoolId=pool.id, Domain="auth.example.com",
                                CustomDomainConfig={"CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"})
    port = urlsplit(server.https).port
    return [f"https://localhost:{port}", f"https://localhost:{port}/_domain/compat-oidc/", f"https://compat-oidc.auth.eu-central-1.localhost:{port}", f"https://auth.example.com:{port}"]


@pytest.mark.parametrize("index", range(4), ids=["localhost", "path", "localhost-domain", "custom-domain"])
def test_code_flow(server, idp, pool, bases, index):
    name = make_user(idp, pool)
    base = bases[index].rstrip("/")
    pages = Pages(base, server.ca)
    reply = pages.http.get(f"{base}/oauth2/authorize", params={"response_type": "code", "client_id": pool.client_id, "redirect_uri": CALLBACK}, allow_redirects=False)
    back = pages.follow(pages.submit(pages.follow(reply), username=name, password=PASSWORD))
    code = callback_query(back, CALLBACK)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    assert pages.http.post(f"{base}/oauth2/token", data=form, auth=(pool.client_id, "wrong" * 10)).json()["error"] == "invalid_client"
    tokens = pages.http.post(f"{base}/oauth2/token", data=form, auth=(pool.client_id, pool.secret)).json()
    issuer = pages.http.get(f"{server.http}/{pool.id}/.well-known/openid-configuration").json()["issuer"]
    assert verified(tokens["access_token"], issuer, server.ca)["client_id"] == pool.client_id
    assert pages.http.get(f"{base}/oauth2/userInfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}).json()["email"] == name


def test_domains_do_not_serve_other_pools(server, idp, bases):
    stranger = make_pool(idp, domain="other-pool")
    reply = Pages(bases[2], server.ca).get("/oauth2/authorize", response_type="code", client_id=stranger.client_id, redirect_uri=CALLBACK)
    assert reply.status_code == 302 and "/error?" in reply.headers["Location"]


@pytest.mark.parametrize("target", ["cli", "boto3", "js", "amplify", "postman"])
def test_env_prints_what_to_paste(server, target, tmp_path):
    done = subprocess.run([binary(), "env", "--for", target, "--data", str(server.data), "--out", str(tmp_path)],
                          capture_output=True, text=True, timeout=20)
    text = done.stdout + "".join(file.read_text() for file in tmp_path.iterdir())
    assert done.returncode == 0 and server.http in text, done.stderr
    assert target == "cli" or server.demo["client_id"] in text


def test_env_cli_is_a_shell_script(server):
    """What `env --for cli` prints makes the AWS CLI find the server, unchanged."""
    script = subprocess.run([binary(), "env", "--for", "cli", "--data", str(server.data)], capture_output=True, text=True, timeout=20).stdout
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(server.data)}
    done = subprocess.run(["bash", "-euc", f"{script}\n{V1} cognito-idp list-user-pools --max-results 5 --output text"], env=clean, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and server.demo["user_pool_id"] in done.stdout, done.stderr
