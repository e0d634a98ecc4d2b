"""Runs the AWS CLI as a person would, version 1 (PyPI) or 2 (Debian), and reads what it prints."""

import json
import re
import subprocess

from harness.server import COMPAT, Server

V1 = str(COMPAT.parent / ".venv/bin/aws")
V2 = "/usr/bin/aws"


class Cli:
    """`aws cognito-idp …` against one server; without `endpoint` the CLI looks up AWS's own host name."""

    def __init__(self, program: str, server: Server, *, endpoint: bool = True):
        self.command = [program, "cognito-idp"]
        self.endpoint = ["--endpoint-url", server.http] if endpoint else []
        self.env = server.environment()
        if endpoint:
            # Plain HTTP here; version 2 of 2022 would otherwise look for the bundle in vain.
            self.env.pop("AWS_CA_BUNDLE", None)

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([*self.command, *arguments, *self.endpoint, "--output", "json"], env=self.env, text=True,
                              capture_output=True, timeout=60, stdin=subprocess.DEVNULL)

    def __call__(self, *arguments: str):
        """The command's reply, parsed; None when it prints nothing. A failure raises with what it said."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"aws {' '.join(arguments)}: exit {done.returncode}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def refused(self, code: str, *arguments: str, text: str = "") -> str:
        """The command must fail with this error; returns the message."""
        done = self.run(*arguments)
        found = re.search(r"An error occurred \((\w+)\) when calling the \w+ operation(?: \(reached max retries: \d\))?: ?(.*)", done.stderr, re.S)
        assert done.returncode != 0 and found, f"aws {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        assert found[1] == code, f"expected {code}, got {done.stderr}"
        assert text in found[2], f"expected {text!r} in {found[2]!r}"
        return found[2].strip()
