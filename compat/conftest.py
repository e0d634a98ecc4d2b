"""Fixtures of every suite: one fresh server for each test file, a boto3 client and the inbox for it.

A file sets `SERVER_FLAGS` to start its server otherwise.
"""

import os
from pathlib import Path

import pytest

from harness.inbox import Inbox
from harness.pools import idp_client
from harness.server import Server, binary


def pytest_configure(config):
    if config.option.collectonly:
        return
    routes = Path("/proc/net/route").read_text().splitlines()[1:]
    if os.environ.get("POOLHOUSE_SEALED") != "1" or routes:
        pytest.exit("start the suite by compat/run: it must not be able to reach a real service", returncode=2)
    if not Path(binary()).exists():
        pytest.exit(f"no binary at {binary()}: cargo build --release", returncode=2)


@pytest.fixture(scope="module")
def server(request):
    flags = getattr(request.module, "SERVER_FLAGS", ())
    failed = request.session.testsfailed
    with Server(*flags) as running:
        yield running
        if request.session.testsfailed > failed:
            print(f"\n--- server log of {request.module.__name__}\n{running.log.read_text()[-4000:]}")


@pytest.fixture(scope="module")
def idp(server):
    return idp_client(server.http)


@pytest.fixture(scope="module")
def inbox(server):
    return Inbox(server.http)
