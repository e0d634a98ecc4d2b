"""Pictures of every page: the console's, found by their links, and the samples of the sign-in pages; light, dark and narrow.

    cargo xtask screenshots [--only TEXT]

builds what it needs and calls this. What differs from run to run (times, ids that are drawn) is written over before a picture is
taken, so that only what looks different changes. `POOLHOUSE_BIN` is the server, `POOLHOUSE_PAGES` the example that draws samples.
"""

import argparse
import base64
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import requests

from harness.browser import chromium
from harness.console import find_pages
from harness.operators import enrol
from harness.serve import Deployment
from harness.server import COMPAT, Server

OUT = COMPAT.parent / "docs/screenshots"
USUAL = 9229
# Width in CSS pixels, colours.
KINDS = {"light": (1280, "light"), "dark": (1280, "dark"), "narrow": (360, "light")}
TALLEST = 1500
QUALITY = 45
SCALE = 0.6
# Times, and identifiers that are drawn at random.
STEADY = """() => {
  const steady = [
    [/\\d{4}-\\d\\d-\\d\\d([ T])\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?/g, '2026-01-01$109:00:00'],
    [/\\d{4}-\\d\\d-\\d\\d/g, '2026-01-01'],
    [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '0b7c2f1e-8d5a-4f3b-9c6d-1e2f3a4b5c6d'],
    [/\\/console\\/welcome\\/[\\w-]+/g, '/console/welcome/q3Zb7mE0cXv1tR5kWn8uYs2dLh6fGj4aPo9iTxKrBzM'],
    [/\\b[A-Z2-7]{32}\\b/g, 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'],
    [/\\b\\d+ (second|minute|hour)s? ago/g, '2 minutes ago'],
  ];
  const over = (text) => steady.reduce((now, [from, to]) => now.replace(from, to), text);
  const before = [];
  const write = (what, member) => { before.push([what, member, what[member]]); what[member] = over(what[member]); };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) write(walk.currentNode, 'data');
  for (const field of document.querySelectorAll('input[value]')) write(field, 'value');
  window.asItWas = () => { for (const [what, member, value] of before) what[member] = value; };
}"""


def seed() -> str:
    """The seed of the documentation: fixed ids, every kind of thing once."""
    return (COMPAT.parent / "docs/SEED.md").read_text().split("```yaml\n", 1)[1].split("```", 1)[0]


def name_of(path: str) -> str:
    """A stable name of a page: its address without what differs between pools, clients and users."""
    address = urlsplit(path)
    words = []
    for word in unquote(address.path).removeprefix("/console").strip("/").split("/"):
        # Ids have a digit, an underscore or an @; the words of our own addresses have none.
        if re.search(r"[\d_@]", word):
            continue
        words.append(re.sub(r"[^a-z]+", "-", word.lower()))
    # `pools/ID` is not the list `pools`.
    if words and re.search(r"[\d_@]", unquote(address.path).rsplit("/", 1)[-1]):
        words.append("one")
    words += [re.sub(r"[^a-z]+", "-", key.lower()) for key, _ in parse_qsl(address.query) if key != "pool"]
    return "console-" + ("-".join(word for word in words if word) or "home")


def addresses(server: Server, samples: Path) -> dict[str, str]:
    """Name -> address; of several pages of one kind the first."""
    found = {}
    for path in find_pages(server.http):
        found.setdefault(name_of(path), server.http + path)
    for page in sorted(samples.glob("*.html")):
        # The samples of the console's blocks are for tests; its pages are there as they are.
        if not page.name.startswith("console"):
            found[f"page-{page.stem.replace('_', '-')}"] = page.as_uri()
    return found


def quick_create(page):
    """The article in the console, a page at a time, as the seed's server has room for it; then the flow runner to the end."""
    press = lambda text: page.get_by_role("button", name=text, exact=True).click()
    follow = lambda text: page.get_by_role("link", name=text, exact=True).first.click()
    page.goto("/console/quick-create")
    for number, (step, following) in enumerate(QUICK_CREATE, 2):
        press(f"Continue to {step}")
        for name, text in following.items():
            page.locator(f"[name={name}]").fill(text)
        yield f"console-quick-create-{number}-{step.replace(' ', '-')}"
    press("Create all of it")
    yield "console-quick-create-9-confirm-user"
    page.locator("[name=password]").fill("Permanent1!")
    press("Set permanent password")
    yield "console-quick-create-9-confirmed"
    follow("Continue to test")
    yield "console-quick-create-10-test"
    follow("Start flow runner")
    press("Start the flow")
    yield "console-flow-1-authorization-request"
    follow("Open the sign-in page")
    page.locator("[name=username]").fill("user@example.com")
    page.locator("[name=password]").fill("Permanent1!")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Read the callback").wait_for()
    yield "console-flow-3-callback"
    follow("Next: exchange the code for tokens")
    yield "console-flow-4-exchange"
    press("Exchange the code")
    yield "console-flow-4-exchanged"
    follow("Next: read the tokens")
    yield "console-flow-5-tokens"


def refusals(page):
    """What a person meets who typed something wrong, or changes two things at once."""
    page.goto("/console/pools/new")
    page.locator("[name=PoolName]").fill("a/b")
    page.get_by_role("button", name="Create user pool").click()
    yield "console-refused-form"
    page.goto("/console/pools/eu-central-1_Shop00001/settings/passwords")
    page.locator("[name='Policies.PasswordPolicy.MinimumLength']").fill("12")
    page.locator("[name='Policies.PasswordPolicy.TemporaryPasswordValidityDays']").fill("3")
    page.get_by_role("button", name="Save password policy").click()
    yield "console-changes"
    page.goto("/console/pools/eu-central-1_Nothing00")
    yield "console-refused-no-such-pool"
    page.goto("/console/search?q=example.com")
    yield "console-search-results"


STORIES = [quick_create, refusals]


def operators(page, console: str, log: Path):
    """From the link that `serve` prints to a console with an operator in it."""
    link = re.search(r"/console/welcome/\S+", log.read_text())[0]
    page.goto(console + link)
    yield "operators-welcome"
    enrol(page, "ada")
    yield "operators-home"
    page.goto(console + "/console/health")
    yield "operators-health"
    page.goto(console + "/console/operators")
    page.get_by_role("button", name="Make one-time link").click()
    page.get_by_role("heading", name="The one-time link").wait_for()
    yield "operators-list"
    page.get_by_role("main").get_by_role("link", name="ada", exact=True).click()
    yield "operators-one"
    page.get_by_role("link", name="Remove operator").click()
    yield "operators-remove"
    page.goto(console + "/console/account")
    yield "operators-account"
    page.get_by_role("button", name="Show a new key").click()
    page.get_by_role("heading", name="Renew the key").wait_for()
    yield "operators-key"
    page.context.clear_cookies()
    page.goto(console + "/console/sign-in")
    yield "operators-sign-in"


def of_operators(page):
    """On a server of its own, in production, whose operators are not there yet."""
    with tempfile.TemporaryDirectory(prefix="poolhouse-pictures-") as place:
        with Deployment(Path(place), f"sqlite:{place}/poolhouse.db", 25) as deployment:
            deployment.access_key()
            process = deployment.start()
            yield from operators(page, process.console, process.log)


# Each page of quick create after its first, and what is typed there.
QUICK_CREATE = [
    ("user pool", {"PoolName": "emails"}), ("domain", {"Domain": "your-domain-url"}), ("resource server", {}), ("app client", {}),
    ("sign-in page", {}), ("sample user", {"name": "user@example.com", "password": "Temp0rary!"}), ("check and create", {}),
]


def picture(page, width: int) -> bytes:
    page.evaluate(STEADY)
    height = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": SCALE if width > 400 else 0.8}
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY, "clip": clip, "captureBeyondViewport": True})
    session.detach()
    # The page may be gone on from: its forms send what they were given.
    page.evaluate("asItWas()")
    return base64.b64decode(taken["data"])


def visited(server: Server, page, pages: dict[str, str], only: str | None):
    """Brings the browser to one page after the other, and gives each one's name."""
    for name, url in pages.items():
        if not only or only in name:
            page.goto(url)
            yield name
    snapshots = server.http + "/_poolhouse/snapshots"
    requests.post(snapshots, json={"name": "before"}, timeout=60).raise_for_status()
    for story in STORIES:
        yield from story(page)
        requests.post(snapshots + "/before/restore", json={}, timeout=60).raise_for_status()
    yield from of_operators(page)


def take(server: Server, pages: dict[str, str], only: str | None) -> None:
    with chromium(server.ca) as browser:
        for kind, (width, scheme) in KINDS.items():
            folder = OUT / kind
            folder.mkdir(parents=True, exist_ok=True)
            context = browser.new_context(base_url=server.http, color_scheme=scheme, viewport={"width": width, "height": 800},
                                          reduced_motion="reduce")
            page = context.new_page()
            taken = set()
            for name in visited(server, page, pages, only):
                if not only or only in name:
                    taken.add(name)
                    (folder / f"{name}.webp").write_bytes(picture(page, width))
                    print(f"{kind} {len(taken)} {name}", flush=True)
            context.close()
            if not only:
                for old in folder.glob("*.webp"):
                    if old.stem not in taken:
                        old.unlink()


def index() -> str:
    """The table of what is there."""
    lines = ["# Every page", "", "Made by `cargo xtask screenshots`; do not edit. Long pages are cut.", "",
             "| page | light | dark | narrow |", "|---|---|---|---|"]
    for file in sorted((OUT / "light").glob("*.webp")):
        cells = " | ".join(f'<img src="{kind}/{file.name}" width="{200 if kind == "narrow" else 360}" alt="{file.stem}, {kind}">'
                           for kind in KINDS)
        lines.append(f"| {file.stem} | {cells} |")
    return "\n".join(lines) + "\n"


def port() -> int:
    """The usual one where it is free: addresses are in the pictures."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", USUAL))
            return USUAL
        except OSError:
            print(f"port {USUAL} is taken: addresses in the pictures will differ", file=sys.stderr)
            return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="TEXT", help="only pages whose name has this in it")
    only = parser.parse_args().only
    with tempfile.TemporaryDirectory(prefix="poolhouse-pictures-") as place:
        file, samples = Path(place, "poolhouse.yaml"), Path(place, "pages")
        file.write_text(seed())
        subprocess.run([os.environ["POOLHOUSE_PAGES"], str(samples)], check=True)
        for sample in samples.glob("**/*.html"):
            # A page that leads on by itself would be gone before its picture is taken.
            sample.write_text(re.sub(r'<meta http-equiv="refresh"[^>]*>', "", sample.read_text()))
        with Server("--seed", str(file), "--http", f"127.0.0.1:{port()}") as server:
            take(server, addresses(server, samples), only)
    (OUT / "README.md").write_text(index())
    pictures = list(OUT.glob("*/*.webp"))
    print(f"{len(pictures)} pictures, {sum(one.stat().st_size for one in pictures) / 1e6:.1f} MB, in {OUT}")


if __name__ == "__main__":
    main()
