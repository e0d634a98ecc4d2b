"""`poolhouse serve`: refuses until it is safe, checks signatures and policies, keeps no secret in the clear."""

import base64
import hashlib
import os
import re
import sqlite3
import subprocess
from pathlib import Path

import boto3
import pytest
import requests
from botocore import UNSIGNED
from botocore.config import Config
from pycognito.aws_srp import AWSSRP, N_HEX, hex_to_long

from harness.oauth import Pages
from harness.pools import CALLBACK, idp_client, make_pool, refused
from harness.postgres import Postgres
from harness.serve import Deployment
from harness.server import REGION, binary
from harness.smtp import MailSink


def serve(config):
    """A `serve` that must end by itself: exit code and everything it said."""
    done = subprocess.run([binary(), "serve", "--config", str(config)], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr


def test_sec_190_the_binary_tells_nothing_of_where_it_was_built():
    # The recipe of `cargo xtask release` is lost when panic messages or C's __FILE__ hold the builder's paths again.
    built = Path(binary()).read_bytes()
    cargo = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    for place in (Path(__file__).resolve().parents[2], cargo, Path(binary()).resolve().parents[1]):
        assert str(place).encode() not in built, place
    assert b"/cargo/registry/src/" in built


def test_empty_configuration_is_refused_with_a_numbered_list(tmp_path):
    (tmp_path / "empty.toml").write_text("")
    code, said = serve(tmp_path / "empty.toml")
    assert code not in (0, 101)
    numbers = [int(number) for number in re.findall(r"(?m)^ *(\d+)\. ", said)]
    assert len(numbers) >= 5 and numbers == list(range(1, len(numbers) + 1)), said
    for what in ("public_url", "store", "master key", "smtp", "listen"):
        assert what in said, f"{what} is not named in: {said}"


def test_unknown_and_development_settings_are_refused(tmp_path):
    for line in ('demo = true', 'code = "123456"', 'no_such_setting = 1'):
        (tmp_path / "x.toml").write_text(line + "\n")
        code, said = serve(tmp_path / "x.toml")
        assert code not in (0, 101) and line.split(" ")[0] in said


@pytest.fixture(params=["sqlite", "postgres"], scope="module")
def place(request, tmp_path_factory):
    """A deployment on each store, its mail sink, and what a dump of its database is."""
    directory = tmp_path_factory.mktemp(request.param)
    with MailSink() as mail:
        if request.param == "sqlite":
            file = directory / "poolhouse.db"
            with Deployment(directory, f"sqlite:{file}", mail.port) as deployment:
                yield deployment, mail, lambda: sqlite_dump(file)
        else:
            with Postgres() as postgres, Deployment(directory, postgres.url, mail.port) as deployment:
                yield deployment, mail, postgres.dump


def sqlite_dump(file):
    """The files' bytes, and the text of every row."""
    raw = b"".join(path.read_bytes() for path in sorted(file.parent.glob(file.name + "*")))
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        return raw + "\n".join(db.iterdump()).encode()


@pytest.fixture(scope="module")
def running(place):
    deployment, mail, dump = place
    code, said = serve(deployment.config)
    assert code not in (0, 101) and "access key" in said, "without an access key nobody could administer it"
    key, secret = deployment.access_key()
    process = deployment.start()
    return process, (key, secret), mail, dump


def test_signatures_are_checked_in_aws_words(running):
    process, (key, secret), _, _ = running
    assert idp_client(process.http, key=key, secret=secret).list_user_pools(MaxResults=5)["UserPools"] == []
    with refused("InvalidSignatureException", "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method."):
        idp_client(process.http, key=key, secret=secret[:-1] + ("A" if secret[-1] != "A" else "B")).list_user_pools(MaxResults=5)
    with refused("UnrecognizedClientException", "The security token included in the request is invalid."):
        idp_client(process.http, key="AKIAUNKNOWN000000000", secret=secret).list_user_pools(MaxResults=5)
    unsigned = boto3.session.Session().client("cognito-idp", region_name=REGION, endpoint_url=process.http, config=Config(signature_version=UNSIGNED))
    with refused("MissingAuthenticationTokenException"):
        unsigned.list_user_pools(MaxResults=5)


def test_policies_are_checked(running):
    process = running[0]
    key, secret = process.deployment.access_key("reader", "cognito-idp:ListUserPools")
    reader = idp_client(process.http, key=key, secret=secret)
    assert reader.list_user_pools(MaxResults=5)["UserPools"] is not None
    with refused("AccessDeniedException", "is not authorized to perform: cognito-idp:CreateUserPool"):
        reader.create_user_pool(PoolName="not mine")


def test_development_routes_are_absent(running):
    process = running[0]
    for path in ("/_poolhouse/messages", "/_poolhouse/messages/latest", "/_poolhouse/inbox", "/_poolhouse/reset"):
        assert requests.get(process.http + path, timeout=5).status_code == 404, path
    assert requests.get(process.http + "/_poolhouse/health", timeout=5).status_code == 200


def verifier(app, pool, name, password):
    """The SRP verifier g^x that the server must hold for this user, computed from the salt it sends."""
    srp = AWSSRP(username=name, password=password, pool_id=pool.id, client_id=pool.client_id, client_secret=pool.secret, client=app)
    asked = app.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_SRP_AUTH", AuthParameters=srp.get_auth_params())["ChallengeParameters"]
    pad = lambda text: bytes.fromhex(("0" if len(text) % 2 else "") + text) if text[0] not in "89abcdefABCDEF" or len(text) % 2 else b"\0" + bytes.fromhex(text)
    inner = hashlib.sha256(f"{pool.id.split('_')[1]}{asked['USER_ID_FOR_SRP']}:{password}".encode()).digest()
    x = int.from_bytes(hashlib.sha256(pad(asked["SALT"]) + inner).digest())
    return pow(2, x, hex_to_long(N_HEX))


def in_the_clear(dump: bytes, secret: bytes) -> list[str]:
    """The forms in which `secret` lies in the dump."""
    forms = {"as it is": secret, "hex": secret.hex().encode(), "HEX": secret.hex().upper().encode()}
    for shift in range(3):
        # Base64 of the secret inside longer data: the letters that do not depend on its neighbours.
        coded = base64.b64encode(b"\0" * shift + secret)
        start = {0: 0, 1: 2, 2: 3}[shift]
        forms[f"base64+{shift}"] = coded[start:-4]
        forms[f"base64url+{shift}"] = coded[start:-4].replace(b"+", b"-").replace(b"/", b"_")
    return [form for form, text in forms.items() if text in dump]


def test_no_secret_lies_in_the_database_in_the_clear(running):
    """Each canary is first seen to work, then searched for in a dump."""
    process, (key, secret), mail, dump = running
    idp = idp_client(process.http, key=key, secret=secret)
    app = boto3.session.Session().client("cognito-idp", region_name=REGION, endpoint_url=process.http, config=Config(signature_version=UNSIGNED))
    pool = make_pool(idp, secret=True, domain="compat-oidc")
    name, password = "canary@example.com", "Canary-Pässw0rd-7f3a9c"
    hashed = {"SecretHash": pool.secret_hash(name)}
    app.sign_up(ClientId=pool.client_id, Username=name, Password=password, UserAttributes=[{"Name": "email", "Value": name}], **hashed)
    code = mail.code(name)
    lying = dump()
    assert name.encode() in lying, "the dump must hold the pool's users, or the search would prove nothing"
    digits = code.encode()
    assert not re.search(rb"(?<![0-9A-Za-z])" + digits + rb"(?![0-9A-Za-z])", lying), "the confirmation code"
    app.confirm_sign_up(ClientId=pool.client_id, Username=name, ConfirmationCode=code, **hashed)
    tokens = app.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": name, "PASSWORD": password, "SECRET_HASH": pool.secret_hash(name)})["AuthenticationResult"]
    pages = Pages(f"https://compat-oidc.auth.{REGION}.amazoncognito.com:{process.https_port}", process.deployment.ca)
    authorization = pages.sign_in(name, password, client_id=pool.client_id, redirect_uri=CALLBACK)["code"]
    v = verifier(app, pool, name, password)
    temporary = "Temporary-Canary-1!"
    idp.admin_create_user(UserPoolId=pool.id, Username="temp@example.com", TemporaryPassword=temporary, MessageAction="SUPPRESS")

    canaries = {"password": password, "temporary password": temporary, "client secret": pool.secret, "access key": secret, "authorization code": authorization,
                "refresh token": tokens["RefreshToken"], "access token": tokens["AccessToken"], "ID token": tokens["IdToken"],
                "access token's signature": tokens["AccessToken"].split(".")[2], "master key": re.search(r"(?m)^\w+ (\S{40,}) active$", (process.deployment.directory / "master.key").read_text())[1]}
    canaries |= {f"cookie {cookie.name}": cookie.value for cookie in pages.http.cookies if len(cookie.value) > 15}
    secrets = {what: text.encode() for what, text in canaries.items()} | {"SRP verifier": v.to_bytes(384)}
    # A stored pool must sign after a restart: its private keys are somewhere, but not readable.
    secrets["PEM"] = b"-----BEGIN PRIVATE KEY-----"
    # PKCS #8: rsaEncryption, then the octet string that holds the key. A public key has a bit string there.
    secrets["PKCS #8"] = bytes.fromhex("300d06092a864886f70d01010105000482")
    lying = dump()
    found = {what: forms for what, text in secrets.items() if (forms := in_the_clear(lying, text))}
    assert not found, found
    # The authorization code was real.
    reply = pages.token(auth=(pool.client_id, pool.secret), grant_type="authorization_code", code=authorization, redirect_uri=CALLBACK)
    assert reply.status_code == 200


def test_wrong_or_missing_master_key_is_refused(running):
    """Last: it stops the process. A key made anew over old data would lose every secret."""
    process = running[0]
    process.kill()
    file = process.deployment.directory / "master.key"
    right = file.read_bytes()
    file.unlink()
    code, said = serve(process.config)
    assert code not in (0, 101) and "master" in said and not file.exists()
    process.deployment.command("master-key", "create", str(file))
    code, said = serve(process.config)
    assert code not in (0, 101) and "key" in said.lower(), said
    file.write_bytes(right)
    file.chmod(0o644)
    code, said = serve(process.config)
    assert code not in (0, 101) and "0644" in said
    file.chmod(0o600)
    process.start()
