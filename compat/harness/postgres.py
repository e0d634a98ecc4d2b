"""A private PostgreSQL cluster: Debian's binaries, an unprivileged user, a free port, a temporary directory."""

import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def programs() -> Path:
    """The newest installed server's bin directory, version 15 or later."""
    found = [Path(path) for path in glob.glob("/usr/lib/postgresql/*/bin") if Path(path, "initdb").exists()]
    newest = max(found, key=lambda path: int(path.parent.name), default=None)
    assert newest and int(newest.parent.name) >= 15, "PostgreSQL 15 or later is needed: cargo xtask test --only install"
    return newest


class Postgres:
    """Use as a context manager; `url` connects to an empty database `poolhouse`."""

    def __init__(self):
        self.bin = programs()
        self.directory = Path(tempfile.mkdtemp(prefix="poolhouse-pg-"))
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/poolhouse"
        self.process = None

    def _as_owner(self, *command: str) -> list[str]:
        # The server refuses to run as root.
        own = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        return [*own, *map(str, command)]

    def __enter__(self) -> "Postgres":
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        data = self.directory / "data"
        subprocess.run(self._as_owner(self.bin / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions"),
                       check=True, capture_output=True, cwd="/")
        settings = ["-h", "127.0.0.1", "-p", self.port, "-k", self.directory, "-c", "max_connections=200"]
        log = open(self.directory / "log", "wb")
        self.process = subprocess.Popen(self._as_owner(self.bin / "postgres", "-D", data, *settings), stdout=log, stderr=log, cwd="/")
        until = time.monotonic() + 30
        while subprocess.run([self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode != 0:
            assert time.monotonic() < until and self.process.poll() is None, (self.directory / "log").read_text()
            time.sleep(0.05)
        self.sql("CREATE DATABASE poolhouse", database="postgres")
        return self

    def sql(self, text: str, database: str = "poolhouse") -> str:
        """What psql prints, unaligned."""
        command = [self.bin / "psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database, "-c", text]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def dump(self) -> bytes:
        """Everything in the database, as pg_dump writes it."""
        command = [self.bin / "pg_dump", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "poolhouse"]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def __exit__(self, *_: object) -> None:
        # SIGINT is PostgreSQL's fast shutdown. The pid file names the server itself, not runuser.
        try:
            os.kill(int((self.directory / "data/postmaster.pid").read_text().split()[0]), signal.SIGINT)
        except (FileNotFoundError, ProcessLookupError):
            pass
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
