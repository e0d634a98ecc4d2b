"""A PostgreSQL primary with a synchronous standby: the primary dies, the standby takes over, a new one is attached."""

import os
import shutil
import signal
import subprocess
import time

from harness.postgres import Postgres


class Pair:
    """Two clusters of which one is written to. Use as a context manager; `url` names both."""

    def __init__(self):
        self.primary, self.standby = Postgres(), Postgres()
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in (self.primary, self.standby))
        self.url = f"postgres://postgres@{hosts}/poolhouse?target_session_attrs=read-write"

    def __enter__(self) -> "Pair":
        self.primary.__enter__()
        self.attach()
        return self

    def __exit__(self, *_: object) -> None:
        # A shutdown in order would wait for the standby, which a test may have stopped.
        for one in (self.standby, self.primary):
            if one.process and one.process.poll() is None:
                one.kill()
            one.__exit__()

    def attach(self) -> None:
        """Copies the primary to `standby`; from here on no commit is acknowledged before it is on both."""
        backup = [self.primary.bin / "pg_basebackup", "-D", self.standby.data, "-R", "-X", "stream", "-c", "fast", "--no-sync",
                  "-d", f"host=127.0.0.1 port={self.primary.port} user=postgres application_name=standby"]
        subprocess.run(self.standby.own().as_owner(*backup), check=True, capture_output=True, cwd="/")
        self.standby.start()
        # Only now, so that the copy does not have it: promoted, it has no standby to wait for.
        self.primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        self.primary.sql("SELECT pg_reload_conf()")
        until = time.monotonic() + 30
        while self.primary.sql("SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'").strip() != "sync":
            assert time.monotonic() < until, "the standby does not stream"
            time.sleep(0.02)

    def hold_back(self) -> None:
        """Stops the process that sends the log: what is committed from now on is on the primary alone."""
        os.kill(int(self.primary.sql("SELECT pid FROM pg_stat_replication")), signal.SIGSTOP)

    def fail_over(self) -> None:
        """The primary's machine dies, the standby is promoted."""
        self.primary.kill()
        shutil.rmtree(self.primary.data)
        self.primary, self.standby = self.standby, self.primary
        assert self.primary.sql("SELECT pg_promote(true, 30)", database="postgres").strip() == "t"
