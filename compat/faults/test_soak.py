"""Mixed load, one stretch after another: memory, open files and threads come to a level and stay there, nothing is a 5xx."""

import asyncio
import json
import os
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.pools import PASSWORD, idp_client, make_pool
from harness.race import Line, form_post
from harness.server import Server

SECONDS = float(os.environ.get("POOLHOUSE_SOAK", "20"))
WORKERS = 8
# Page caches and the allocator's arenas fill up first, which takes the longer the slower the machine is: stretches until one
# ends where the one before it did. What is lost with each reply would never come to a level, 1 KiB being 10 MB and more a stretch.
STRETCHES = 8
LEVEL, LEVEL_KIB = 1.02, 1024
DOMAIN = "compat-oidc"
HOST = f"{DOMAIN}.auth.eu-central-1.amazoncognito.com"
KEY = "AWS4-HMAC-SHA256 Credential=test/20300101/eu-central-1/cognito-idp/aws4_request, SignedHeaders=host;x-amz-date, Signature=0"


class Worker:
    """One client on a connection of its own, which it now and then makes anew."""

    def __init__(self, port: int, pool, replies: dict[int, int]):
        self.port, self.pool, self.replies = port, pool, replies
        self.line = None

    async def send(self, request: bytes, expected: int) -> dict:
        status, body = await self.line.send(request)
        self.replies[status] = self.replies.get(status, 0) + 1
        assert status == expected, f"{status}: {request[:200]!r} {body[:300]!r}"
        return json.loads(body) if body[:1] == b"{" else {}

    async def call(self, operation: str, expected: int = 200, **arguments) -> dict:
        body = json.dumps(arguments)
        head = (f"POST / HTTP/1.1\r\nHost: localhost:{self.port}\r\nContent-Type: application/x-amz-json-1.1\r\nAuthorization: {KEY}\r\n"
                f"X-Amz-Target: AWSCognitoIdentityProviderService.{operation}\r\nContent-Length: {len(body)}\r\n\r\n")
        return await self.send((head + body).encode(), expected)

    async def life(self) -> None:
        """A user from the making to the end, with what users do and what goes wrong."""
        name, client = f"{uuid.uuid4().hex[:12]}@example.com", self.pool.client_id
        at = {"UserPoolId": self.pool.id, "Username": name}
        sign_in = lambda password: {"ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"USERNAME": name, "PASSWORD": password}}
        await self.call("AdminCreateUser", **at, MessageAction="SUPPRESS", UserAttributes=[{"Name": "email", "Value": name}, {"Name": "email_verified", "Value": "true"}])
        await self.call("AdminSetUserPassword", **at, Password=PASSWORD, Permanent=True)
        await self.call("InitiateAuth", 400, **sign_in("Wrong-Horse-1"))
        await self.call("ForgotPassword", ClientId=client, Username=name)
        tokens = (await self.call("InitiateAuth", **sign_in(PASSWORD)))["AuthenticationResult"]
        for _ in range(10):
            await self.call("GetUser", AccessToken=tokens["AccessToken"])
            form = {"grant_type": "refresh_token", "client_id": client, "refresh_token": tokens["RefreshToken"]}
            await self.send(form_post(HOST, "/oauth2/token", form), 200)
            await self.send(form_post(HOST, "/oauth2/token", form | {"refresh_token": "x"}), 400)
            await self.call("AdminUpdateUserAttributes", **at, UserAttributes=[{"Name": "name", "Value": uuid.uuid4().hex}])
            await self.send(f"GET /{self.pool.id}/.well-known/jwks.json HTTP/1.1\r\nHost: localhost:{self.port}\r\n\r\n".encode(), 200)
            await self.call("ListUsers", UserPoolId=self.pool.id, Limit=10)
        await self.call("RevokeToken", ClientId=client, Token=tokens["RefreshToken"])
        await self.call("GetUser", 400, AccessToken=tokens["AccessToken"])
        await self.call("AdminDeleteUser", **at)

    async def run(self, until: float) -> None:
        while time.monotonic() < until:
            self.line = await Line.open(self.port)
            await self.life()
            self.line.writer.close()
            await self.line.writer.wait_closed()


def figures(pid: int) -> dict[str, int]:
    """RSS in KiB, threads and open files of a process."""
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    return {"rss": int(status["VmRSS"].split()[0]), "threads": int(status["Threads"]), "files": len(os.listdir(f"/proc/{pid}/fd"))}


async def load(port: int, pool, pid: int, seconds: float) -> tuple[list[dict], dict[int, int]]:
    """Figures all along, and replies by status. Ends at rest: no connection is open."""
    replies, seen = {}, []
    until = time.monotonic() + seconds
    workers = asyncio.gather(*(Worker(port, pool, replies).run(until) for _ in range(WORKERS)))
    while not workers.done():
        seen.append(figures(pid))
        await asyncio.wait([workers], timeout=seconds / 60)
    await workers
    return seen, replies


def level(seen: list[dict], what: str) -> int:
    """Where the last third of a stretch stood. Its least: what a moment's work holds, as the memory of two more hashes, comes and goes."""
    return min(one[what] for one in seen[len(seen) * 2 // 3:])


@pytest.mark.timeout(2 * STRETCHES * int(SECONDS) + 120)
def test_sec_171_nothing_grows_under_load():
    with Server() as server:
        pool = make_pool(idp_client(server.http), domain=DOMAIN, flows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
        pid, port = server.process.pid, urlsplit(server.http).port
        levels = []
        while len(levels) < STRETCHES:
            seen, replies = asyncio.run(load(port, pool, pid, SECONDS))
            levels.append({what: level(seen, what) for what in ("rss", "threads", "files")})
            print(f"{sum(replies.values())} replies: {replies}; {levels[-1]}")
            assert set(replies) <= {200, 400} and sum(replies.values()) > 20 * SECONDS, "there was no load"
            if len(levels) > 1 and levels[-1]["rss"] <= levels[-2]["rss"] * LEVEL + LEVEL_KIB:
                break
        else:
            pytest.fail(f"memory grows: {[one['rss'] for one in levels]} KiB")
        # The runtime ends an idle thread and makes another one as it needs, for each request in hand at most.
        assert levels[-1]["threads"] <= levels[-2]["threads"] + WORKERS, f"threads: {levels}"
        assert levels[-1]["files"] <= levels[-2]["files"] + 2, f"files: {levels}"
