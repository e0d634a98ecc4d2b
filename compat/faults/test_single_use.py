"""Two hundred redemptions of one authorization code at once: exactly one gets tokens, every round, on either store."""

import asyncio
import base64
import json
import os
from urllib.parse import urlsplit

import pytest

from harness.oauth import Pages, callback_query
from harness.pools import CALLBACK, PASSWORD, idp_client, make_pool, make_user
from harness.postgres import Postgres
from harness.race import Line, form_post, together
from harness.serve import Deployment
from harness.server import Server
from harness.smtp import MailSink

ROUNDS = int(os.environ.get("POOLHOUSE_ROUNDS", "100"))
PARALLEL = 200
HOST = "compat-oidc.auth.eu-central-1.amazoncognito.com"


async def rounds(pages, pool, ports):
    """Plays every round; `ports` are the plain HTTP ports of the processes that share the store."""
    lines = [await Line.open(ports[i % len(ports)]) for i in range(PARALLEL)]
    basic = base64.b64encode(f"{pool.client_id}:{pool.secret}".encode()).decode()
    for number in range(ROUNDS):
        reply = pages.follow(pages.get("/oauth2/authorize", response_type="code", client_id=pool.client_id, redirect_uri=CALLBACK))
        code = callback_query(reply, CALLBACK)["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        replies = await together(lines, form_post(HOST, "/oauth2/token", form, f"Authorization: Basic {basic}\r\n"))
        good = [body for status, body in replies if status == 200]
        bad = {(status, json.loads(body)["error"]) for status, body in replies if status != 200}
        assert len(good) == 1, f"round {number}: {len(good)} succeeded, the others {bad}"
        assert bad == {(400, "invalid_grant")}, f"round {number}: {bad}"


def play(idp, ca, https_port, ports):
    pool = make_pool(idp, secret=True, domain="compat-oidc")
    pages = Pages(f"https://{HOST}:{https_port}", ca)
    # The session cookie of this sign-in gets every round's code.
    pages.sign_in(make_user(idp, pool), PASSWORD, client_id=pool.client_id, redirect_uri=CALLBACK)
    asyncio.run(rounds(pages, pool, ports))


@pytest.mark.timeout(1200)
def test_sqlite():
    with Server() as server:
        play(idp_client(server.http), server.ca, urlsplit(server.https).port, [urlsplit(server.http).port])


@pytest.mark.timeout(1200)
def test_two_processes_on_one_postgres(tmp_path):
    with Postgres() as postgres, MailSink() as mail, Deployment(tmp_path, postgres.url, mail.port) as deployment:
        key, secret = deployment.access_key()
        first, second = deployment.start(), deployment.start()
        play(idp_client(first.http, key=key, secret=secret), deployment.ca, first.https_port, [first.http_port, second.http_port])


async def refresh_rounds(idp, pool, port, count):
    lines = [await Line.open(port) for _ in range(PARALLEL)]
    name = make_user(idp, pool)
    for number in range(count):
        token = idp.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD})
        form = {"grant_type": "refresh_token", "client_id": pool.client_id, "refresh_token": token["AuthenticationResult"]["RefreshToken"]}
        replies = await together(lines, form_post(HOST, "/oauth2/token", form))
        assert [status for status, _ in replies].count(200) == 1, f"round {number}"


@pytest.mark.timeout(600)
def test_a_rotating_refresh_token_is_used_once():
    with Server() as server:
        idp = idp_client(server.http)
        pool = make_pool(idp, domain="compat-oidc", flows=["ALLOW_USER_PASSWORD_AUTH"],
                         client={"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}})
        asyncio.run(refresh_rounds(idp, pool, urlsplit(server.http).port, max(ROUNDS // 10, 1)))
