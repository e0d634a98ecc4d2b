"""Postman's runner (newman) on the collection and environment that `poolhouse env --for postman` writes."""

import json
import subprocess

import pytest

from harness.server import COMPAT, binary


@pytest.fixture(scope="module")
def bundle(server, tmp_path_factory):
    """{"collection": …, "environment": …} with the running server's real values."""
    out = tmp_path_factory.mktemp("postman")
    done = subprocess.run([binary(), "env", "--for", "postman", "--data", str(server.data), "--out", str(out)], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    return {name: json.loads((out / f"poolhouse.postman_{name}.json").read_text()) for name in ("collection", "environment")}


def run(server, tmp_path, bundle):
    """newman's report: {"run": {"stats", "failures", "executions"}}."""
    for name, part in bundle.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(part))
    report = tmp_path / "report.json"
    command = ["node", "node_modules/newman/bin/newman.js", "run", str(tmp_path / "collection.json"), "--environment", str(tmp_path / "environment.json"),
               "--ssl-extra-ca-certs", server.ca, "--reporters", "cli,json", "--reporter-json-export", str(report), "--timeout-request", "10000"]
    done = subprocess.run(command, cwd=COMPAT, env=server.environment(), capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    print(done.stdout[-6000:], done.stderr[-2000:])
    return done.returncode, json.loads(report.read_text())["run"]


def test_collection(server, bundle, tmp_path):
    code, result = run(server, tmp_path, bundle)
    assert code == 0 and result["failures"] == []
    assert result["stats"]["requests"]["total"] >= 5 and result["stats"]["assertions"]["total"] >= 5


def test_collection_notices_a_wrong_secret(server, bundle, tmp_path):
    changed = json.loads(json.dumps(bundle))
    secret = next(value for value in changed["environment"]["values"] if value["key"] == "client_secret")
    secret["value"] = "wrong" * 10
    code, result = run(server, tmp_path, changed)
    assert code != 0 and result["failures"]
