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


def children(pid: int) -> list[int]:
    """The processes whose parent is `pid`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = entry.read_text()
        except OSError:
            continue
        if int(text.rpartition(")")[2].split()[1]) == pid:
            found.append(int(entry.parent.name))
    return found


class Postgres:
    """Use as a context manager; `url` connects to an empty database `poolhouse`."""

    def __init__(self):
        self.bin = programs()
        self.directory = Path(tempfile.mkdtemp(prefix="poolhouse-pg-"))
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/poolhouse"
        self.process = None

    def as_owner(self, *command: object) -> list[str]:
        """`command` by the user that owns the cluster: the server refuses to run as root."""
        own = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        return [*own, *map(str, command)]

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def pid(self) -> int:
        """Of the server itself; `process` may be runuser."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def own(self) -> "Postgres":
        """Gives the directory to the cluster's owner."""
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres", "postgres")
        return self

    def __enter__(self) -> "Postgres":
        initdb = [self.bin / "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions"]
        subprocess.run(self.own().as_owner(*initdb), check=True, capture_output=True, cwd="/")
        self.start()
        self.sql("CREATE DATABASE poolhouse", database="postgres")
        return self

    def start(self) -> None:
        """Starts the server on what is in `data`; returns when it answers."""
        settings = ["-h", "127.0.0.1", "-p", self.port, "-k", self.directory, "-c", "max_connections=200"]
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(self.as_owner(self.bin / "postgres", "-D", self.data, *settings), stdout=log, stderr=log, cwd="/")
        until = time.monotonic() + 30
        while subprocess.run([self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode != 0:
            assert time.monotonic() < until and self.process.poll() is None, (self.directory / "log").read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL to every process of the server, stopped ones too."""
        server = self.pid
        for pid in [server, *children(server)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        # Its number may be another process's by and by.
        (self.data / "postmaster.pid").unlink()

    def sql(self, text: str, database: str = "poolhouse") -> str:
        """What psql prints, unaligned."""
        command = [self.bin / "psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database, "-c", text]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def dump(self) -> bytes:
        """Everything in the database, as pg_dump writes it."""
        command = [self.bin / "pg_dump", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "poolhouse"]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def __exit__(self, *_: object) -> None:
        if self.process and self.process.poll() is None:
            # PostgreSQL's fast shutdown; to the server itself, which runuser may stand before.
            os.kill(self.pid, signal.SIGINT)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
