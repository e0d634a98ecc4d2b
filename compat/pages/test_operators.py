"""The operators' pages of `serve` in Chromium, as an owner: every page of the console that an owner reaches, by axe-core, weight, time,
320 px and both themes; and the way of an invitation, from the page that makes the link to the operator who is removed. With script and
without.
"""

import re
import uuid

import pytest
from playwright.sync_api import expect

from harness.browser import chromium
from harness.console import MILLISECONDS, WEIGHT, find_pages, flaws, took
from harness.operators import WORDS, enrol, one_time_code
from harness.serve import Deployment

COOKIE = "poolhouse-operator"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    directory = tmp_path_factory.mktemp("serve")
    with Deployment(directory, f"sqlite:{directory}/poolhouse.db", 25) as deployment:
        deployment.access_key()
        process = deployment.start()
        with chromium(deployment.ca) as browser:
            yield process, browser


class Window:
    """An operator's window; whatever the browser complains of is kept."""

    def __init__(self, browser, scripted: bool = True, scheme: str = "light", width: int = 360):
        self.context = browser.new_context(java_script_enabled=scripted, color_scheme=scheme, viewport={"width": width, "height": 740})
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.bad = []
        self.page.on("console", lambda message: self.bad.append(message.text) if message.type in ("error", "warning") else None)

    def look(self, heading: str) -> None:
        expect(self.page.locator("h1")).to_have_text(re.compile(heading))
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{self.page.url} scrolls sideways by {wide} px"
        expect(self.page.locator(".badge")).to_have_text("Production")
        assert not self.bad, self.bad

    def press(self, text: str, heading: str) -> None:
        self.page.get_by_role("main").get_by_role("button", name=text, exact=True).click()
        self.look(heading)

    def follow(self, text: str, heading: str) -> None:
        self.page.get_by_role("main").get_by_role("link", name=text, exact=True).click()
        self.look(heading)

    def says(self, text: str) -> None:
        expect(self.page.locator("main")).to_contain_text(text)

    def cookies(self) -> dict[str, str]:
        return {one["name"]: one["value"] for one in self.context.cookies()}


def become(process, window: Window, role: str, name: str) -> str:
    """A new operator by a link of the command line; the key of the authenticator app."""
    said = process.deployment.command("operator", "link", "--config", str(process.config), "--role", role)
    window.page.goto(process.console + re.search(r"/console/welcome/\S+", said)[0])
    return enrol(window.page, name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_owners_pages_are_light_and_pass_axe(place, scheme):
    process, browser = place
    owner = Window(browser, scheme=scheme)
    said = process.deployment.command("operator", "link", "--config", str(process.config), "--role", "owner")
    owner.page.goto(process.console + re.search(r"/console/welcome/\S+", said)[0])
    bad = [f"welcome: {one}" for one in flaws(owner.page)]
    picture = owner.page.locator("svg.qr")
    expect(picture).to_have_attribute("aria-label", "QR code of the key")
    colours = picture.evaluate("svg => [...svg.querySelectorAll('path')].map((path) => getComputedStyle(path).fill)")
    assert colours == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"], "dark on white in every theme"
    enrol(owner.page, f"ada-{scheme}")
    # One that is open, so that its page is found.
    process.deployment.command("operator", "link", "--config", str(process.config), "--role", "admin")
    cookies = owner.cookies()
    pages = find_pages(process.console, "/console", cookies=cookies)
    for wanted in ("/console/operators", "/console/account", "/remove", "/console/operators/links/"):
        assert [path for path in pages if wanted in path], f"nothing leads to {wanted}"
    for path, text in pages.items():
        assert len(text.encode()) < WEIGHT, f"{path}: {len(text.encode())} bytes"
        assert (time := took(process.console + path, cookies)) < MILLISECONDS, f"{path}: {time} ms"
    for width in (320, 1280):
        owner.page.set_viewport_size({"width": width, "height": 800})
        for path in pages:
            owner.page.goto(process.console + path)
            bad += [f"{path} at {width} px, {scheme}: {one}" for one in flaws(owner.page)]
        # What only a form leads to.
        owner.page.goto(process.console + "/console/account")
        owner.press("Show a new key", "Renew the key")
        bad += [f"a new key at {width} px, {scheme}: {one}" for one in flaws(owner.page)]
        owner.page.goto(process.console + "/console/operators")
        owner.press("Make one-time link", "Operators")
        bad += [f"a link at {width} px, {scheme}: {one}" for one in flaws(owner.page)]
    assert not bad + owner.bad, "\n".join(sorted(set(bad + owner.bad)))
    owner.context.close()


@pytest.mark.parametrize("scripted", [True, False], ids=["script", "plain"])
def test_an_operator_is_invited_changed_and_removed(place, scripted):
    process, browser = place
    tail = uuid.uuid4().hex[:6]
    ada, eve = Window(browser, scripted), Window(browser, scripted)
    become(process, ada, "owner", f"ada-{tail}")
    ada.page.goto(process.console + "/console/operators")
    ada.look("Operators")
    ada.page.get_by_label("admin", exact=True).check()
    ada.press("Make one-time link", "Operators")
    link = ada.page.locator("code.copy", has_text="/console/welcome/").inner_text()
    assert link.startswith(process.console + "/console/welcome/") and "welcome" not in ada.page.url

    eve.page.goto(link)
    eve.look("Become an operator")
    key = enrol(eve.page, f"eve-{tail}")
    expect(eve.page.locator("header.bar")).to_contain_text(f"eve-{tail} · admin")
    assert eve.page.request.get(process.console + "/console/operators").status == 403
    used = eve.page.request.get(link)
    assert used.status == 404 and "This link is not good any more" in used.text()

    eve.page.locator("header.bar").get_by_role("link", name=f"eve-{tail}").click()
    eve.look("Your account")
    eve.page.locator("#password [name=password]").fill(WORDS)
    eve.page.locator("#password [name=code]").fill(one_time_code(key, ahead=1))
    eve.page.locator("#password [name=new]").fill("ten lives of a dog")
    before = eve.cookies()[COOKIE]
    eve.press("Change password", "Your account")
    eve.says("Your password is changed.")
    assert eve.cookies()[COOKIE] != before

    ada.page.goto(process.console + "/console/operators")
    ada.follow(f"eve-{tail}", f"eve-{tail}")
    ada.page.get_by_label("read-only", exact=True).check()
    ada.press("Change role", f"eve-{tail}")
    ada.says(f"eve-{tail} has the role read-only now.")
    ada.press("End sessions", f"eve-{tail}")
    ada.says(f"1 session of eve-{tail} ended.")
    eve.page.reload()
    eve.look("Sign in to the console")
    ada.follow("Remove operator", "Remove operator")
    ada.page.get_by_label(f"Type eve-{tail} to confirm").fill(f"eve-{tail}")
    ada.press("Remove operator", "Operators")
    ada.says(f"eve-{tail} is removed and signed out.")
    ada.page.goto(process.console + "/console/events?action=operator")
    ada.look("Events")
    for action in ("RemoveOperator", "EndOperatorSessions", "SetOperatorRole", "ChangeOperatorPassword", "EnrolOperator", "MakeOperatorLink"):
        ada.says(action)
    assert link.rsplit("/", 1)[1] not in ada.page.content()
    for window in (ada, eve):
        window.context.close()
