"""The console as a script sees it: its pages found by their links, their forms as drawn, and the calls they print.

`something_in_it` makes a pool whose pages are not empty; `find_pages` walks; `flaws` and `took` judge; `calls`, `run` and `Runner` are for what is printed.
"""

import html
import json
import os
import re
import subprocess
import sys
import time
from html.parser import HTMLParser
from statistics import median
from urllib.parse import urljoin, urlsplit

import requests

from harness.pools import Pool, make_pool, make_user
from harness.server import COMPAT

EQUIVALENT = re.compile(r'<code data-equivalent="(\w+)" data-operation="(\w+)" data-changes="(yes|no)">(.*?)</code>', re.S)
LINK = re.compile(r'<a [^>]*href="([^"]+)"')
MOST = 300
AXE = COMPAT / "node_modules/axe-core/axe.min.js"
# WCAG 2.2 AA, and what axe counts as good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What a page may weigh, bytes, and take, milliseconds.
WEIGHT = 50_000
MILLISECONDS = 100
KINDS = ["cli", "boto3", "js", "curl"]
# Nothing but what the call itself says: no profile, no region, no key of this machine.
ENVIRONMENT = {"PATH": f"{COMPAT.parent}/.venv/bin:{os.environ['PATH']}", "HOME": "/nonexistent"}


def something_in_it(idp, domain: str) -> Pool:
    """A pool with a client, a domain, a user, a group that has the user, and a resource server."""
    pool = make_pool(idp, secret=True, domain=domain)
    make_user(idp, pool, email="ada@example.com")
    idp.create_group(UserPoolId=pool.id, GroupName="editors", Description="Who may write")
    idp.admin_add_user_to_group(UserPoolId=pool.id, Username="ada@example.com", GroupName="editors")
    idp.create_resource_server(UserPoolId=pool.id, Identifier="orders", Name="Orders",
                               Scopes=[{"ScopeName": "write", "ScopeDescription": "Write orders"}])
    return pool


def find_pages(base: str, *start: str, without: str = "DemoPool", cookies: dict[str, str] | None = None) -> dict[str, str]:
    """Address -> HTML of every page that `start`, and the pages it leads to, link to, in the order found.

    base: address of the server (`http://127.0.0.1:9229`). Downloads are no pages. Addresses with `without` in them are left out:
    the demo pool has the same pages as any other. `cookies`: of somebody who is signed in.
    """
    found, ahead = {}, list(start or ["/console"])
    while ahead:
        path = ahead.pop(0)
        if path in found:
            continue
        # Who is signed in and is led elsewhere may have been led to the door.
        reply = requests.get(base + path, headers={"Accept": "text/html"}, cookies=cookies, timeout=10, allow_redirects=cookies is None)
        assert reply.status_code == 200, f"{path}: {reply.status_code}"
        if "attachment" in reply.headers.get("Content-Disposition", ""):
            continue
        # A mail's own HTML is an administrator's, not a page of ours.
        if reply.headers.get("Content-Security-Policy", "").startswith("sandbox"):
            continue
        found[path] = reply.text
        for link in LINK.findall(reply.text):
            target = urlsplit(urljoin(base + path, html.unescape(link)))
            if target.path.startswith("/console") and without not in target.path + target.query:
                ahead.append(target.path + (f"?{target.query}" if target.query else ""))
        assert len(found) < MOST, "the console's links do not end"
    return found


def flaws(page) -> list[str]:
    """What is wrong with the page that is open: found by axe, or wider than the window."""
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    page.evaluate(AXE.read_text())
    found = page.evaluate("(rules) => axe.run({runOnly: rules}).then((r) => r.violations.map("
                          "(v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(', ')))", RULES)
    return found + ([f"scrolls sideways by {wide} px"] if wide > 0 else [])


def took(address: str, cookies: dict[str, str] | None = None) -> float:
    """Milliseconds that a page takes, the median of five times."""
    times = []
    for _ in range(5):
        since = time.monotonic()
        requests.get(address, cookies=cookies, timeout=10)
        times.append((time.monotonic() - since) * 1000)
    return median(times)


def calls(text: str, changes: str) -> list[tuple[str, str, str]]:
    """What a page prints that changes something ("yes") or not ("no"), in its order: kind, operation, text to paste."""
    found = EQUIVALENT.findall(text)
    return [(kind, operation, html.unescape(code)) for kind, operation, changing, code in found if changing == changes]


def run(kind: str, text: str) -> subprocess.CompletedProcess:
    """Runs a printed call as it stands, in a process of its own."""
    commands = {
        "cli": ["bash", "-c", text],
        "curl": ["bash", "-c", text.replace("curl ", "curl --fail-with-body ", 1)],
        "boto3": [sys.executable, "-c", text],
        "js": ["node", "--input-type=module", "--eval", text],
    }
    return subprocess.run(commands[kind], env=ENVIRONMENT, cwd=COMPAT, text=True, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)


PYTHON = """
import json, os, sys, traceback
answers, sys.stdout = os.fdopen(os.dup(1), "w"), open(os.devnull, "w")
for line in sys.stdin:
    wrong = ""
    try:
        exec(json.loads(line), {"__name__": "__main__"})
    except Exception:
        wrong = traceback.format_exc()
    print(json.dumps(wrong), file=answers, flush=True)
"""
# A module finds what it imports by where it lies: in a folder beside the packages.
NODE = """
import { createInterface } from "node:readline";
import { writeFileSync } from "node:fs";
console.log = () => {};
let count = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const file = `${process.argv[1]}/${count++}.mjs`;
  writeFileSync(file, JSON.parse(line));
  const wrong = await import(file).then(() => "", (error) => String(error.stack));
  process.stdout.write(JSON.stringify(wrong) + "\\n");
}
"""


class Runner:
    """Runs printed calls: the commands each in a shell of its own, Python's and JavaScript's in one interpreter each, where
    every text is a module of its own: starting an interpreter takes longer than a call."""

    def __init__(self, folder):
        (folder / "node_modules").symlink_to((COMPAT / "node_modules").resolve())
        commands = {"boto3": [sys.executable, "-c", PYTHON], "js": ["node", "--input-type=module", "--eval", NODE, str(folder)]}
        self.warm = {kind: subprocess.Popen(command, env=ENVIRONMENT, cwd=COMPAT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                     for kind, command in commands.items()}

    def __call__(self, kind: str, text: str) -> str:
        """What went wrong; empty where nothing did."""
        if kind not in self.warm:
            done = run(kind, text)
            return f"exit {done.returncode}: {done.stderr[-500:]}{done.stdout[-300:]}" if done.returncode else ""
        process = self.warm[kind]
        print(json.dumps(text), file=process.stdin, flush=True)
        return json.loads(process.stdout.readline())

    def close(self) -> None:
        for process in self.warm.values():
            process.stdin.close()
            process.wait(timeout=10)


class Field:
    """A control of a form. `value` is what a browser would send as it is drawn; None where it would send nothing."""

    def __init__(self, attributes: dict):
        self.id, self.name = attributes.get("id", ""), attributes.get("name") or ""
        self.kind = attributes.get("type") or "text"
        self.required = "required" in attributes
        self.fixed = "disabled" in attributes or "readonly" in attributes
        self.value = attributes.get("value") or ""
        if "disabled" in attributes or self.kind in ("checkbox", "radio") and "checked" not in attributes:
            self.value = None

    @property
    def typed(self) -> bool:
        """Whether it is filled with the keyboard."""
        return not self.fixed and self.kind in ("text", "number", "password", "email", "tel", "url", "lines")


class Form:
    def __init__(self, attributes: dict):
        self.id, self.action = attributes.get("id", ""), attributes.get("action", "")
        self.posts = attributes.get("method") == "post"
        self.fields: list[Field] = []
        self.labels: dict[str, str] = {}

    def pairs(self, typed: dict | None = None) -> list[tuple[str, str]]:
        """What is sent. `typed` says other values, a list for boxes."""
        typed = typed or {}
        kept = [(field.name, field.value) for field in self.fields if field.name and field.value is not None and field.name not in typed]
        values = [(name, value if isinstance(value, list) else [value]) for name, value in typed.items()]
        return kept + [(name, value) for name, several in values for value in several]


class _Forms(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms: list[Form] = []
        self.inside = None
        self.collects = None
        self.first = True

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form":
            self.inside = Form(attributes)
            self.forms.append(self.inside)
        form = self.inside
        if form is None:
            return
        if tag == "input":
            form.fields.append(Field(attributes))
        elif tag in ("textarea", "select"):
            form.fields.append(Field(attributes | {"type": "lines" if tag == "textarea" else "select", "value": ""}))
            self.collects, self.first = form.fields[-1] if tag == "textarea" else None, True
        elif tag == "option":
            # The first one, unless another is selected.
            if "selected" in attributes or self.first:
                form.fields[-1].value = attributes.get("value", "")
            self.first = False
        elif tag == "label":
            self.collects = attributes.get("for", "")

    def handle_data(self, data):
        if isinstance(self.collects, Field):
            self.collects.value += data
        elif self.collects is not None and self.inside is not None:
            self.inside.labels[self.collects] = self.inside.labels.get(self.collects, "") + data

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = None
        elif tag == "textarea":
            # The line that HTML allows after the tag is none of the text.
            self.collects.value = self.collects.value.removeprefix("\n")
        if tag in ("textarea", "label"):
            self.collects = None


def forms(text: str) -> list[Form]:
    """The forms of a page that post."""
    parser = _Forms()
    parser.feed(text)
    return [form for form in parser.forms if form.posts]
