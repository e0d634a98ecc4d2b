"""Runs each JavaScript client's file in `node/` by Node's own test runner, against a fresh server."""

import json
import subprocess

import pytest

from harness.server import COMPAT, REAL_NAMES, REGION, Server

# File and the server's flags: some clients work only with AWS's own host names.
FILES = {
    "sdk-v3": (),
    "identity-js": (),
    "amplify": (),
    "jwt-verify": REAL_NAMES,
    "openid-client": REAL_NAMES,
}


@pytest.mark.parametrize("name", FILES)
def test_node(name):
    with Server(*FILES[name]) as server:
        about = {"http": server.http, "https": server.https, "ca": server.ca, "region": REGION, "demo": server.demo}
        done = subprocess.run(["node", "--test", "--test-reporter=tap", f"node/{name}.test.js"], cwd=COMPAT, text=True, timeout=240, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=server.environment(POOLHOUSE=json.dumps(about)))
        print(done.stdout[-12000:])
        assert done.returncode == 0 and "# fail 0" in done.stdout and "# pass 0" not in done.stdout, f"node/{name}.test.js failed"
