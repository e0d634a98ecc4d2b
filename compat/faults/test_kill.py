"""`kill -9` at a random moment under load, again and again: what was acknowledged is there, nothing is half there."""

import os
import random
import threading
import time
import uuid

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from harness.pools import attributes, idp_client, make_pool
from harness.postgres import Postgres
from harness.serve import Deployment
from harness.server import Server
from harness.smtp import MailSink

KILLS = int(os.environ.get("POOLHOUSE_KILLS", "50"))
WORKERS = 4


class Life:
    """What is known of one user. A field is the acknowledged value; `unsure` names the step that was cut off."""

    def __init__(self):
        self.mail = f"{uuid.uuid4().hex[:12]}@example.com"
        self.password = f"Pw-{uuid.uuid4().hex[:10]}A1"
        self.created = self.confirmed = self.grouped = self.deleted = False
        self.name = None
        self.tokens = []
        self.unsure = None

    def live(self, idp, pool, halt):
        """Does one step after the other until `halt` or the end of the server. Each acknowledged step is noted."""
        at = {"UserPoolId": pool.id, "Username": self.mail}
        steps = [("created", lambda: idp.admin_create_user(**at, MessageAction="SUPPRESS", UserAttributes=[{"Name": "email", "Value": self.mail}, {"Name": "email_verified", "Value": "true"}])),
                 ("confirmed", lambda: idp.admin_set_user_password(**at, Password=self.password, Permanent=True)),
                 ("grouped", lambda: idp.admin_add_user_to_group(**at, GroupName="staff")),
                 ("named", lambda: idp.admin_update_user_attributes(**at, UserAttributes=[{"Name": "name", "Value": self.password}])),
                 ("signed in", lambda: idp.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": self.mail, "PASSWORD": self.password})),
                 ("rotated", lambda: idp.get_tokens_from_refresh_token(ClientId=pool.client_id, RefreshToken=self.tokens[-1])),
                 ("rotated", lambda: idp.get_tokens_from_refresh_token(ClientId=pool.client_id, RefreshToken=self.tokens[-1]))]
        if random.random() < 0.3:
            steps.append(("deleted", lambda: idp.admin_delete_user(**at)))
        for name, step in steps:
            if halt.is_set():
                return
            self.unsure = name
            reply = step()
            self.unsure = None
            if name == "named":
                self.name = self.password
            elif name in ("signed in", "rotated"):
                self.tokens.append(reply["AuthenticationResult"]["RefreshToken"])
            else:
                setattr(self, name, True)

    def check(self, idp, pool):
        """Compares with what the restarted server says."""
        at = {"UserPoolId": pool.id, "Username": self.mail}
        listed = idp.list_users(UserPoolId=pool.id, Filter=f'email = "{self.mail}"')["Users"]
        try:
            user = idp.admin_get_user(**at)
        except idp.exceptions.UserNotFoundException:
            assert not self.created or self.deleted or self.unsure == "deleted", f"{self.mail}: acknowledged, now gone"
            assert listed == [], f"{self.mail}: half deleted"
            return
        assert not self.deleted, f"{self.mail}: its deletion was acknowledged"
        assert self.created or self.unsure == "created", f"{self.mail}: exists but was never asked for"
        whole = attributes(user)
        assert {"sub", "email", "email_verified"} <= set(whole) and whole["email"] == self.mail and len(listed) == 1, f"{self.mail}: half there"
        sure = {True: {"CONFIRMED"}, False: {"FORCE_CHANGE_PASSWORD"}}[self.confirmed] | ({"CONFIRMED"} if self.unsure == "confirmed" else set())
        assert user["UserStatus"] in sure, f"{self.mail}: {user['UserStatus']}"
        assert whole.get("name") == self.name or self.unsure == "named", f"{self.mail}: attribute lost"
        groups = [group["GroupName"] for group in idp.admin_list_groups_for_user(**at)["Groups"]]
        assert (groups == ["staff"]) == self.grouped or self.unsure == "grouped", f"{self.mail}: {groups}"
        self.check_tokens(idp, pool)

    def check_tokens(self, idp, pool):
        if not self.tokens or self.unsure == "deleted":
            return
        try:
            fresh = idp.get_tokens_from_refresh_token(ClientId=pool.client_id, RefreshToken=self.tokens[-1])["AuthenticationResult"]
            assert fresh["RefreshToken"] not in self.tokens
        except ClientError as error:
            # The rotation that was cut off may have happened: then the answer is lost, and the token used.
            assert self.unsure == "rotated", f"{self.mail}: acknowledged token refused: {error}"
        for old in self.tokens[:-1]:
            with pytest.raises(ClientError):
                idp.get_tokens_from_refresh_token(ClientId=pool.client_id, RefreshToken=old)


def load(idp, pool, lives, halt):
    """One worker: new users until the server is gone."""
    while not halt.is_set():
        life = Life()
        lives.append(life)
        try:
            life.live(idp, pool, halt)
        except (BotoCoreError, ClientError, OSError) as error:
            # Only a broken connection, or the server's own word that it is ending, may stop a step.
            if isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                life.unsure = f"refused: {error}"
            return


def torment(server, connect):
    """`server` has kill() and start(); `connect()` is a client for where it listens now."""
    idp = connect()
    pool = make_pool(idp, flows=["ALLOW_USER_PASSWORD_AUTH"], client={"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}})
    idp.create_group(UserPoolId=pool.id, GroupName="staff")
    acknowledged = 0
    for number in range(KILLS):
        lives, halt, idp = [], threading.Event(), connect()
        workers = [threading.Thread(target=load, args=(connect(), pool, lives, halt)) for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
        time.sleep(random.uniform(0.05, 0.6))
        server.kill()
        halt.set()
        for worker in workers:
            worker.join()
        server.start()
        idp = connect()
        for life in lives:
            assert not (life.unsure or "").startswith("refused"), f"kill {number}: {life.mail} {life.unsure}"
            life.check(idp, pool)
            acknowledged += life.created
    assert acknowledged > KILLS, f"only {acknowledged} users were acknowledged: there was no load"
    print(f"{acknowledged} users acknowledged over {KILLS} kills")


@pytest.mark.timeout(1800)
def test_sqlite():
    with Server() as server:
        torment(server, lambda: idp_client(server.http))


@pytest.mark.timeout(1800)
def test_postgres(tmp_path):
    with Postgres() as postgres, MailSink() as mail, Deployment(tmp_path, postgres.url, mail.port) as deployment:
        key, secret = deployment.access_key()
        process = deployment.start()
        torment(process, lambda: idp_client(process.http, key=key, secret=secret))
