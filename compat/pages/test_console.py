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
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from harness.browser import chromium
from harness.pools import make_pool, make_user
from harness.server import COMPAT

AXE = COMPAT / "node_modules/axe-core/axe.min.js"
# WCAG 2.2 AA, and what axe counts as good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WEIGHT = 50_000
MILLISECONDS = 100
EQUIVALENT = re.compile(r'<code data-equivalent="(\w+)" data-operation="(\w+)" data-changes="(yes|no)">(.*?)</code>', re.S)


@pytest.fixture(scope="module")
def pages(server, idp):
    """Addresses of all pages: those that the home page and the pages it leads to link to, of a pool with something in it."""
    pool = make_pool(idp, secret=True, domain="compat-console")
    make_user(idp, pool, email="ada@example.com")
    idp.create_group(UserPoolId=pool.id, GroupName="editors", Description="Who may write")
    idp.admin_add_user_to_group(UserPoolId=pool.id, Username="ada@example.com", GroupName="editors")
    idp.create_resource_server(UserPoolId=pool.id, Identifier="orders", Name="Orders",
                               Scopes=[{"ScopeName": "write", "ScopeDescription": "Write orders"}])
    found, ahead = {}, ["/console"]
    while ahead:
        path = ahead.pop(0)
        if path in found:
            continue
        reply = requests.get(server.http + path, headers={"Accept": "text/html"}, timeout=10)
        assert reply.status_code == 200, f"{path}: {reply.status_code}"
        if "attachment" in reply.headers.get("Content-Disposition", ""):
            continue
        # A mail's own HTML is an administrator's, not a page of ours.
        if reply.headers.get("Content-Security-Policy", "").startswith("sandbox"):
            continue
        found[path] = reply.text
        for link in re.findall(r'<a [^>]*href="([^"]+)"', reply.text):
            target = urlsplit(urljoin(server.http + path, html.unescape(link)))
            # The demo pool has the same pages as ours.
            if target.path.startswith("/console") and "DemoPool" not in target.path + target.query:
                ahead.append(target.path + (f"?{target.query}" if target.query else ""))
        assert len(found) < 300, "the console's links do not end"
    return found


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
