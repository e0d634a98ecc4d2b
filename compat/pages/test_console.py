"""Every page of the console, found by its own links, in Chromium: axe-core, weight, time, 320 px, both themes, no script needed.
And every call that a page prints as equivalent and that changes nothing, run as it stands.
"""

import html
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import pytest
import requests

from harness.browser import chromium
from harness.console_pages import find_pages, something_in_it
from harness.server import COMPAT

AXE = COMPAT / "node_modules/axe-core/axe.min.js"
# WCAG 2.2 AA, and what axe counts as good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WEIGHT = 50_000
MILLISECONDS = 100
EQUIVALENT = re.compile(r'<code data-equivalent="(\w+)" data-operation="(\w+)" data-changes="(yes|no)">(.*?)</code>', re.S)


def begin_draft(server) -> None:
    """Answers the wizard's first question; then its first page leads to all others of this draft."""
    session = requests.Session()
    start = f"{server.http}/console/quick-create"
    token = re.search(r'name="_csrf" value="([^"]+)"', session.get(start, timeout=10).text)[1]
    assert session.post(start, data={"_csrf": token, "goal": "article"}, timeout=10).url.endswith("/pool")


@pytest.fixture(scope="module")
def pages(server, idp):
    """Addresses of all pages, of a pool with something in it."""
    pool = something_in_it(idp, "compat-console")
    begin_draft(server)
    # Nothing leads to a user's confirmation but the wizard's last post.
    return find_pages(server.http, "/console", f"/console/pools/{pool.id}/clients/{pool.client_id}/confirm/ada@example.com")


def test_pages_are_light_and_quick(server, pages):
    for path, text in pages.items():
        assert len(text.encode()) < WEIGHT, f"{path}: {len(text.encode())} bytes"
        took = []
        for _ in range(5):
            since = time.monotonic()
            requests.get(server.http + path, timeout=10)
            took.append((time.monotonic() - since) * 1000)
        assert median(took) < MILLISECONDS, f"{path}: {took} ms"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_pass_axe_at_both_ends_of_width(server, pages, scheme):
    source, bad = AXE.read_text(), []
    with chromium(server.ca) as browser:
        for width in (320, 1280):
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
            page = context.new_page()
            page.on("console", lambda message: bad.append(message.text) if message.type in ("error", "warning") else None)
            page.on("request", lambda request: None if request.url.startswith(server.http) else bad.append(f"leads elsewhere: {request.url}"))
            for path in pages:
                page.goto(server.http + path)
                wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                if wide > 0:
                    bad.append(f"{path} at {width} px scrolls sideways by {wide} px")
                page.evaluate(source)
                found = page.evaluate("(rules) => axe.run({runOnly: rules}).then((r) => r.violations.map("
                                      "(v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(', ')))", RULES)
                bad += [f"{path} at {width} px, {scheme}: {one}" for one in found]
            context.close()
    assert not bad, "\n".join(sorted(set(bad)))


def run(kind: str, text: str, env: dict[str, str]) -> subprocess.CompletedProcess:
    commands = {
        "cli": ["bash", "-c", text],
        "curl": ["bash", "-c", text.replace("curl ", "curl --fail-with-body ", 1)],
        "boto3": [sys.executable, "-c", text],
        "js": ["node", "--input-type=module", "--eval", text],
    }
    return subprocess.run(commands[kind], env=env, cwd=COMPAT, text=True, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)


def calls(pages, changes: str) -> set[tuple[str, str, str]]:
    found = set()
    for text in pages.values():
        for kind, operation, changing, code in EQUIVALENT.findall(text):
            if changing == changes:
                found.add((kind, operation, html.unescape(code)))
    return found


def test_printed_calls_that_read_run_as_they_stand(server, pages):
    found = sorted(calls(pages, "no"))
    assert {kind for kind, _, _ in found} == {"cli", "boto3", "js", "curl"}
    # Nothing but what the call itself says: no profile, no region, no key of this machine.
    env = {"PATH": f"{COMPAT.parent}/.venv/bin:{os.environ['PATH']}", "HOME": "/nonexistent"}
    with ThreadPoolExecutor(2) as workers:
        done = workers.map(lambda one: (one, run(one[0], one[2], env)), found)
        bad = [f"{one[0]} {one[1]}: {end.stderr[-500:]}{end.stdout[-300:]}" for one, end in done if end.returncode]
    assert not bad, "\n".join(bad)
