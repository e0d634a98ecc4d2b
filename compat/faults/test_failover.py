"""The database's primary dies under load and its synchronous standby takes over: nothing acknowledged is lost, nothing
revoked comes back, and Poolhouse goes on by itself."""

import os
import random
import threading
import time
import uuid

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from harness.pools import PASSWORD, attributes, idp_client, make_pool
from harness.replica import Pair
from harness.serve import Deployment
from harness.smtp import MailSink

ROUNDS = int(os.environ.get("POOLHOUSE_FAILOVERS", "3"))
WORKERS = 4


class Life:
    """One user and the sessions it had. Only what was acknowledged is noted; `unsure` names the step that was cut off."""

    def __init__(self):
        self.name = f"{uuid.uuid4().hex[:12]}@example.com"
        self.created = False
        self.password = None
        self.passwords = []
        self.live, self.dead, self.rotated = [], [], []
        self.unsure = None

    def do(self, step, call, **arguments):
        self.unsure = step
        reply = call(**arguments)
        self.unsure = None
        return reply

    def sign_in(self, idp, pool):
        asked = {"USERNAME": self.name, "PASSWORD": self.password}
        reply = self.do("signed in", idp.initiate_auth, ClientId=pool.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=asked)
        self.live.append(reply["AuthenticationResult"])

    def run(self, idp, pool, halt):
        """Makes the user, then sign-ins, refreshes and the ways to end a session, until `halt`."""
        at = {"UserPoolId": pool.id, "Username": self.name}
        self.do("created", idp.admin_create_user, **at, MessageAction="SUPPRESS", UserAttributes=[{"Name": "email", "Value": self.name}])
        self.created = True
        while not halt.is_set():
            password = f"{PASSWORD}{uuid.uuid4().hex[:6]}"
            self.passwords.append(password)
            self.do("password", idp.admin_set_user_password, **at, Password=password, Permanent=True)
            self.password = password
            self.sign_in(idp, pool)
            self.sign_in(idp, pool)
            self.end(idp, pool, at, random.choice(["revoked", "rotated", "signed out"]))

    def end(self, idp, pool, at, how):
        last = self.live[-1]
        if how == "revoked":
            self.do(how, idp.revoke_token, ClientId=pool.client_id, Token=last["RefreshToken"])
            self.dead.append(self.live.pop())
        elif how == "rotated":
            fresh = self.do(how, idp.get_tokens_from_refresh_token, ClientId=pool.client_id, RefreshToken=last["RefreshToken"])["AuthenticationResult"]
            self.rotated.append(last["RefreshToken"])
            self.live[-1] = {"AccessToken": fresh["AccessToken"], "RefreshToken": fresh["RefreshToken"]}
        else:
            self.do(how, idp.admin_user_global_sign_out, **at)
            self.dead += self.live
            self.live = []

    def check_dead(self, idp, pool):
        """No token that was revoked works, whatever else was cut off."""
        for tokens in self.dead:
            for call in (lambda: idp.get_tokens_from_refresh_token(ClientId=pool.client_id, RefreshToken=tokens["RefreshToken"]), lambda: idp.get_user(AccessToken=tokens["AccessToken"])):
                with pytest.raises(ClientError) as refusal:
                    call()
                assert refusal.value.response["Error"]["Code"] in ("NotAuthorizedException", "RefreshTokenReuseException"), refusal.value

    def check(self, idp, pool):
        """Compares with what the service says now."""
        self.check_dead(idp, pool)
        if not self.created:
            return
        user = idp.admin_get_user(UserPoolId=pool.id, Username=self.name)
        assert attributes(user)["email"] == self.name
        right = {self.password} | ({self.passwords[-1]} if self.unsure == "password" else set())
        works = {password for password in {*self.passwords[-2:], self.password} - {None} if self.accepts(idp, pool, password)}
        assert works <= right and (works or right == {None} or None in right), f"{self.name}: {len(works)} of {len(right)} passwords work"
        if self.unsure != "signed out":
            # The session in which the last step was cut off may have ended.
            for tokens in self.live[:-1] if self.unsure in ("revoked", "rotated") else self.live:
                idp.get_user(AccessToken=tokens["AccessToken"])
                idp.get_tokens_from_refresh_token(ClientId=pool.client_id, RefreshToken=tokens["RefreshToken"])
        for token in self.rotated:
            with pytest.raises(ClientError):
                idp.get_tokens_from_refresh_token(ClientId=pool.client_id, RefreshToken=token)

    def accepts(self, idp, pool, password):
        try:
            idp.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": self.name, "PASSWORD": password})
        except idp.exceptions.NotAuthorizedException:
            return False
        return True


def load(idp, pool, life, halt, refused):
    """One worker, until `halt` or the first call that is not acknowledged."""
    try:
        life.run(idp, pool, halt)
    except (BotoCoreError, ClientError, OSError) as error:
        # Only a broken connection, or the server's own word that it cannot now, may stop a step.
        if isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] < 500 and error.response["Error"]["Code"] != "TooManyRequestsException":
            refused.append(f"{life.name} {life.unsure}: {error}")


def wait_for_service(idp, pool):
    """Seconds until a write is acknowledged again."""
    since = time.monotonic()
    while True:
        try:
            idp.create_group(UserPoolId=pool.id, GroupName=uuid.uuid4().hex)
            return time.monotonic() - since
        except (BotoCoreError, ClientError):
            assert time.monotonic() < since + 15, "no service on the promoted standby"
            time.sleep(0.05)


@pytest.mark.timeout(1800)
def test_sec_156_what_is_acknowledged_survives_a_failover(tmp_path):
    with Pair() as pair, MailSink() as mail, Deployment(tmp_path, pair.url, mail.port) as deployment:
        key, secret = deployment.access_key()
        process = deployment.start()
        connect = lambda: idp_client(process.http, key=key, secret=secret)
        idp = connect()
        pool = make_pool(idp, flows=["ALLOW_USER_PASSWORD_AUTH"], client={"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}})
        everyone = []
        for number in range(ROUNDS):
            lives, halt, refused = [Life() for _ in range(WORKERS)], threading.Event(), []
            workers = [threading.Thread(target=load, args=(connect(), pool, life, halt, refused)) for life in lives]
            for worker in workers:
                worker.start()
            time.sleep(random.uniform(1.0, 2.0))
            if number % 2 == 0:
                # Every other time the standby lacks the last moments: nothing of them may have been acknowledged.
                pair.hold_back()
                time.sleep(0.3)
            pair.fail_over()
            halt.set()
            for worker in workers:
                worker.join()
            assert not refused, refused
            took = wait_for_service(idp, pool)
            assert process.process.poll() is None, "Poolhouse ended"
            for life in lives:
                life.check(idp, pool)
            for life in everyone:
                life.check_dead(idp, pool)
            everyone += lives
            print(f"failover {number}: back after {took:.2f} s; {sum(len(life.dead) for life in lives)} sessions dead, {sum(len(life.live) for life in lives)} alive")
            pair.attach()
        assert sum(len(life.dead) for life in everyone) > ROUNDS and all(life.created for life in everyone), "there was no load"
