"""One `poolhouse dev` process on a data directory of its own.

The contract with the server: it writes `DIR/endpoints.json` when it listens,
{"http", "https", "ca", "demo": {"user_pool_id", "client_id", "client_secret", "username", "password", "region"}},
and answers 200 on `/_poolhouse/health` when it is ready.
"""

import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import requests

COMPAT = Path(__file__).resolve().parent.parent
REGION = "eu-central-1"
# Flags under which unmodified clients find the server by AWS's own names (see harness/hosts).
REAL_NAMES = ("--https", "127.0.0.1:443", "--issuer", "aws")


def binary() -> str:
    """The release binary: POOLHOUSE_BIN, else the workspace's own target directory."""
    return os.environ.get("POOLHOUSE_BIN", str(COMPAT.parent / "target/release/poolhouse"))


def wait_healthy(url: str, ca: str | None, process: subprocess.Popen, log: Path, seconds: float = 20) -> None:
    """Returns when `url` is healthy; raises with the log's end when the process dies or time is up."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if requests.get(url + "/_poolhouse/health", timeout=2, verify=ca or True).status_code == 200:
                return
        except requests.RequestException:
            pass
        time.sleep(0.02)
    raise AssertionError(f"server not ready (exit {process.poll()}); its log ends:\n{log.read_text()[-3000:]}")


class Server:
    """`poolhouse dev` with free ports unless `flags` name them. Use as a context manager."""

    def __init__(self, *flags: str, data: str | None = None):
        self._own = tempfile.TemporaryDirectory(prefix="poolhouse-") if data is None else None
        self.data = Path(data or self._own.name)
        self.log = self.data / "server.log"
        self.flags = list(flags)
        for name in ("--http", "--https"):
            if name not in self.flags:
                self.flags += [name, "127.0.0.1:0"]
        # A program that runs the server, and becomes it.
        self.wrapper = []
        self.process = None
        self.endpoints = {}

    def start(self) -> "Server":
        """Starts it on the same data as before and waits until it is ready."""
        written = self.data / "endpoints.json"
        written.unlink(missing_ok=True)
        command = [*self.wrapper, binary(), "dev", "--data", str(self.data), *self.flags]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while time.monotonic() < until and self.process.poll() is None:
            try:
                self.endpoints = json.loads(written.read_text())
                break
            except (FileNotFoundError, json.JSONDecodeError):
                time.sleep(0.01)
        else:
            end = self.log.read_text()[-3000:]
            self.kill()
            raise AssertionError(f"no endpoints.json; the server's log ends:\n{end}")
        wait_healthy(self.http, None, self.process, self.log)
        return self

    def kill(self) -> None:
        """SIGKILL to this process alone: no chance to tidy up."""
        if self.process and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        if self.process:
            self.process.wait()

    def stop(self) -> int:
        """SIGTERM, as a service manager would; the exit code."""
        self.process.terminate()
        return self.process.wait(timeout=15)

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()
        if self._own:
            self._own.cleanup()

    @property
    def http(self) -> str:
        return self.endpoints["http"]

    @property
    def https(self) -> str:
        return self.endpoints["https"]

    @property
    def ca(self) -> str:
        return self.endpoints["ca"]

    @property
    def demo(self) -> dict:
        return self.endpoints["demo"]

    def environment(self, **extra: str) -> dict:
        """The surroundings of a client process: this server's authority trusted, any AWS key, nothing else of AWS."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        for name in ("AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"):
            env[name] = self.ca
        config = self.data / "aws.cfg"
        # Version 1 of the CLI would download a parameter that looks like an address (the callback URL).
        config.write_text("[default]\ncli_follow_urlparam = false\n")
        env.update(AWS_CONFIG_FILE=str(config), AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_EC2_METADATA_DISABLED="true",
                   AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_REGION=REGION, AWS_DEFAULT_REGION=REGION,
                   AWS_PAGER="", NO_PROXY="*", no_proxy="*")
        return env | extra
