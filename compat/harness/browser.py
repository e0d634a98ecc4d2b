"""Debian's Chromium, driven through Playwright, trusting only the server's own authority."""

import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"


def trust(home: str, ca: str) -> None:
    """Puts `ca` into the certificate database that Chromium reads under `home`."""
    database = Path(home, ".pki/nssdb")
    database.mkdir(parents=True)
    certutil = ["/usr/bin/certutil", "-d", f"sql:{database}"]
    subprocess.run([*certutil, "-N", "--empty-password"], check=True)
    subprocess.run([*certutil, "-A", "-t", "C,,", "-n", "poolhouse", "-i", ca], check=True)


@contextmanager
def chromium(ca: str):
    """A running browser with a profile directory of its own."""
    with tempfile.TemporaryDirectory(prefix="poolhouse-home-") as home:
        trust(home, ca)
        env = {name: value for name, value in os.environ.items() if name != "SSLKEYLOGFILE"} | {"HOME": home, "XDG_CONFIG_HOME": home}
        with sync_playwright() as playwright:
            # The process sandbox needs privileges that a test machine's root session lacks.
            flags = ["--no-sandbox", "--disable-gpu", "--no-proxy-server", "--disable-background-networking", "--disable-component-update"]
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags, env=env)
            try:
                yield browser
            finally:
                browser.close()


def visit_callback(page: Page, act, prefix: str) -> str:
    """Does `act` and returns the first address under `prefix` that the browser is sent to (nothing answers there)."""
    with page.expect_request(lambda request: request.url.startswith(prefix), timeout=15000) as found:
        act()
    return found.value.url
