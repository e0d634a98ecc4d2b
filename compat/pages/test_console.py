"""Every page of the console, found by its own links, in Chromium: axe-core, weight, time, 320 px, both themes, no script needed.
And every call that a page prints as equivalent and that changes nothing, run as it stands.
"""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from harness.browser import chromium
from harness.console import KINDS, MILLISECONDS, WEIGHT, calls, find_pages, flaws, run, something_in_it, took


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
        assert (time := took(server.http + path)) < MILLISECONDS, f"{path}: {time} ms"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_pass_axe_at_both_ends_of_width(server, pages, scheme):
    bad = []
    with chromium(server.ca) as browser:
        for width in (320, 1280):
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
            page = context.new_page()
            page.on("console", lambda message: bad.append(message.text) if message.type in ("error", "warning") else None)
            page.on("request", lambda request: None if request.url.startswith(server.http) else bad.append(f"leads elsewhere: {request.url}"))
            for path in pages:
                page.goto(server.http + path)
                bad += [f"{path} at {width} px, {scheme}: {one}" for one in flaws(page)]
            context.close()
    assert not bad, "\n".join(sorted(set(bad)))


def test_printed_calls_that_read_run_as_they_stand(pages):
    found = sorted({call for text in pages.values() for call in calls(text, "no")})
    assert {kind for kind, _, _ in found} == set(KINDS)
    with ThreadPoolExecutor(2) as workers:
        done = workers.map(lambda one: (one, run(one[0], one[2])), found)
        bad = [f"{one[0]} {one[1]}: {end.stderr[-500:]}{end.stdout[-300:]}" for one, end in done if end.returncode]
    assert not bad, "\n".join(bad)
