"""The disk reports errors: what was acknowledged is there after a restart, and until then nothing more is acknowledged."""

import sqlite3
import subprocess
import threading
import time

import pytest
import requests
from botocore.exceptions import ClientError

from harness.pools import idp_client, make_pool, make_user
from harness.server import Server

EIO = 5
# A page that was not written is marked clean all the same: trying again would acknowledge what is lost (fsyncgate).
POINTS = {"sync": ["posix/io/sync/fsync", "posix/io/sync/fdatasync"], "write": ["posix/io/rw/pwrite", "posix/io/rw/pwrite64"]}


class Disk:
    """A server whose calls to the disk fail while told so."""

    def __init__(self, server: Server, control):
        self.server, self.control = server, str(control)
        server.wrapper = ["fiu-run", "-x", "-f", self.control]

    def tell(self, *commands: str) -> None:
        options = [word for command in commands for word in ("-c", command)]
        said = subprocess.run(["fiu-ctrl", "-f", self.control, *options, str(self.server.process.pid)], check=True, capture_output=True, text=True)
        assert "Error" not in said.stdout, said.stdout

    def breaks(self, points: list[str]) -> None:
        self.tell(*(f"enable name={point},failinfo={EIO}" for point in points))

    def heals(self, points: list[str]) -> None:
        self.tell(*(f"disable name={point}" for point in points))


def load(idp, pool, made, refused, halt):
    """Makes users until told to stop; notes who was acknowledged, and what was said otherwise."""
    while not halt.is_set():
        try:
            made.append(make_user(idp, pool))
        except ClientError as error:
            refused.append((threading.get_ident(), error.response["ResponseMetadata"]["HTTPStatusCode"]))


def wait_for(what):
    until = time.monotonic() + 30
    while not what():
        assert time.monotonic() < until, "the load or the fault is not there"
        time.sleep(0.02)


@pytest.mark.parametrize("fault", POINTS)
def test_sec_161_after_an_error_of_the_disk_no_write_is_acknowledged(fault, tmp_path):
    server = Server()
    disk = Disk(server, tmp_path / "ctl")
    with server:
        idp = idp_client(server.http)
        pool = make_pool(idp)
        made, refused, halt = [], [], threading.Event()
        workers = [threading.Thread(target=load, args=(idp_client(server.http), pool, made, refused, halt)) for _ in range(4)]
        for worker in workers:
            worker.start()
        wait_for(lambda: len(made) > 10)
        disk.breaks(POINTS[fault])
        # Each worker has heard of it; whatever was acknowledged before has been noted.
        wait_for(lambda: len({worker for worker, _ in refused}) == len(workers))
        acknowledged = len(made)
        disk.heals(POINTS[fault])
        told = len(refused)
        wait_for(lambda: len(refused) > told + 8)
        halt.set()
        for worker in workers:
            worker.join()
        assert len(made) == acknowledged, "a write was acknowledged after the failure"
        assert {status for _, status in refused} == {500}
        assert requests.get(server.http + "/_poolhouse/ready", timeout=5).status_code == 503
        idp.admin_get_user(UserPoolId=pool.id, Username=made[0])

        server.kill()
        server.wrapper = []
        server.start()
        idp = idp_client(server.http)
        for name in made:
            assert idp.admin_get_user(UserPoolId=pool.id, Username=name)["UserStatus"] == "CONFIRMED", name
        make_user(idp, pool)
        assert server.stop() == 0
        with sqlite3.connect(next(server.data.glob("*.db"))) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
