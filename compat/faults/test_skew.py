"""Two `serve` processes on one PostgreSQL, on machines whose clocks are a minute apart."""

import json
import time

import jwt
import pytest

from harness.pools import PASSWORD, idp_client, make_pool, make_user, refused
from harness.postgres import Postgres
from harness.serve import Deployment
from harness.smtp import MailSink


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    """A client for the node that is half a minute slow, and one for the node that is as fast."""
    with Postgres() as postgres, MailSink() as mail, Deployment(tmp_path_factory.mktemp("skew"), postgres.url, mail.port) as deployment:
        key, secret = deployment.access_key()
        started = [deployment.process().clock_off(off).start() for off in (-30, 30)]
        yield [idp_client(process.http, key=key, secret=secret) for process in started]
        for process, off in zip(started, (-30, 30)):
            # So the clocks were wrong indeed, and the operator was told, once.
            # Among the log's lines is the greeting, which is for people.
            logged = map(json.loads, filter(lambda line: line.startswith("{"), process.log.read_text().splitlines()))
            told = [line["milliseconds"] for line in logged if "milliseconds" in line]
            assert len(told) == 1 and abs(told[0] / 1000 + off) < 3, process.log.read_text()


def sign_in(idp, pool, name):
    asked = {"USERNAME": name, "PASSWORD": PASSWORD}
    return idp.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=asked)["AuthenticationResult"]


@pytest.mark.parametrize("first", [0, 1])
def test_sec_163_nodes_whose_clocks_are_a_minute_apart_agree(nodes, first):
    here, there = nodes[first], nodes[1 - first]
    rotation = {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 20}}
    pool = make_pool(here, flows=["ALLOW_USER_PASSWORD_AUTH"], client=rotation)
    name = make_user(here, pool)
    tokens = sign_in(here, pool, name)
    issued = jwt.decode(tokens["AccessToken"], options={"verify_signature": False})["iat"]
    assert abs(issued - time.time()) < 5, "a token carries the database's time"
    there.get_user(AccessToken=tokens["AccessToken"])
    refresh = {"ClientId": pool.client_id, "RefreshToken": tokens["RefreshToken"]}
    here.get_tokens_from_refresh_token(**refresh)
    # The grace period is shorter than what the clocks are apart.
    there.get_tokens_from_refresh_token(**refresh)


@pytest.mark.parametrize("first", [0, 1])
def test_sec_163_a_sign_out_reaches_what_the_other_node_issued(nodes, first):
    here, there = nodes[first], nodes[1 - first]
    pool = make_pool(here, flows=["ALLOW_USER_PASSWORD_AUTH"], client={"EnableTokenRevocation": False})
    name = make_user(here, pool)
    before = sign_in(there, pool, name)["AccessToken"]
    here.get_user(AccessToken=before)
    here.admin_user_global_sign_out(UserPoolId=pool.id, Username=name)
    for node in nodes:
        with refused("NotAuthorizedException", "revoked"):
            node.get_user(AccessToken=before)
    # Such tokens are told apart by the second.
    time.sleep(1.1)
    after = sign_in(there, pool, name)["AccessToken"]
    for node in nodes:
        node.get_user(AccessToken=after)
