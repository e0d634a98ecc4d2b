"""What the console's script adds, in Chromium: copying, following, shortcuts. And that without it nothing is missing."""

import pytest

from harness.browser import chromium
from harness.pools import make_pool, make_user
from harness.server import COMPAT

AXE = COMPAT / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Pages of each kind that the script adds something to.
PAGES = ["/console", "/console/events", "/console/pools/{pool}", "/console/inbox"]


@pytest.fixture(scope="module")
def pool(idp):
    pool = make_pool(idp, domain="compat-script")
    make_user(idp, pool, email="ada@example.com")
    return pool


@pytest.fixture(scope="module")
def browser(server):
    with chromium(server.ca) as running:
        yield running


@pytest.fixture
def page(browser, server):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert not wrong, wrong


def test_copy_buttons_say_what_they_copy_and_copy_it(page, server, pool):
    page.goto(f"{server.http}/console/pools/{pool.id}")
    page.get_by_role("button", name="Copy user pool ID", exact=True).click()
    page.get_by_text("Copied user pool ID.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == pool.id
    page.locator("#equivalent summary").first.click()
    page.get_by_role("button", name="Copy DescribeUserPool for AWS CLI").click()
    page.get_by_text("Copied DescribeUserPool for AWS CLI.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("[data-equivalent=cli]").first.text_content()


def test_following_shows_what_happens_and_stops_when_told(page, server, idp):
    page.goto(server.http + "/console/events?action=CreateGroup")
    pool = make_pool(idp)
    follow = page.get_by_role("button", name="Follow", exact=True)
    assert follow.get_attribute("aria-pressed") == "false"
    follow.click()
    idp.create_group(UserPoolId=pool.id, GroupName="seen")
    page.locator("tr.new", has_text="seen").first.wait_for(timeout=10000)
    assert "new: CreateGroup" in page.locator("p[role=status].unseen").text_content()
    follow.click()
    page.get_by_text("No longer following.").first.wait_for()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(3000)
    assert not asked


def test_following_stops_with_a_sentence_when_the_page_cannot_be_read(page, server):
    page.goto(server.http + "/console/events")
    page.route("**/console/events", lambda route: route.fulfill(status=204))
    page.get_by_role("button", name="Follow", exact=True).click()
    page.get_by_text("Following has stopped").first.wait_for()
    assert page.get_by_role("button", name="Follow", exact=True).get_attribute("aria-pressed") == "false"


def test_shortcuts_lead_on_but_never_while_typing_and_can_be_off(page, server, pool):
    users = f"{server.http}/console/pools/{pool.id}/users"
    page.goto(f"{server.http}/console/pools/{pool.id}")
    page.keyboard.press("g")
    page.keyboard.press("u")
    page.wait_for_url(users)
    page.keyboard.press("/")
    field = page.get_by_role("searchbox", name="Pools, app clients, users, groups, domains")
    assert field.evaluate("field => field === document.activeElement")
    field.press_sequentially("ge/?g")
    assert (field.input_value(), page.url, page.locator("dialog[open]").count()) == ("ge/?g", users, 0)
    field.evaluate("field => field.blur()")
    for keys in ("Control+g", "e"):
        page.keyboard.press(keys)
    page.keyboard.press("?")
    page.get_by_label("Shortcuts are on").uncheck()
    page.get_by_role("button", name="Close").click()
    for key in ("g", "e", "?"):
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    assert page.url == users and page.locator("dialog[open]").count() == 0
    page.get_by_role("button", name="Keyboard shortcuts").click()
    assert page.get_by_label("Shortcuts are on").is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_what_the_script_adds_passes_axe(browser, server, pool, theme, width):
    context = browser.new_context(color_scheme="dark" if theme == "light" else "light", viewport={"width": width, "height": 800})
    page, bad = context.new_page(), []
    page.goto(server.http + "/console")
    page.get_by_label("Theme").select_option(theme)
    page.get_by_role("button", name="Set theme").click()
    for path in PAGES:
        page.goto(server.http + path.format(pool=pool.id))
        if path.startswith("/console"):
            assert page.evaluate("document.documentElement.dataset.theme") == theme
        for summary in page.locator("#equivalent summary").all():
            summary.click()
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        bad += [f"{path} scrolls sideways by {wide} px"] if wide > 0 else []
        page.evaluate(AXE.read_text())
        bad += page.evaluate("([path, rules]) => axe.run({runOnly: rules}).then((r) => r.violations.map("
                             "(v) => path + ' ' + v.id + ': ' + v.nodes.map((n) => n.target.join(' ')).slice(0, 3).join(', ')))", [path, RULES])
    context.close()
    assert not bad, "\n".join(bad)


def test_without_script_everything_is_there_and_nothing_dead(browser, server, pool):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.http}/console/pools/{pool.id}")
    assert page.get_by_text(pool.id).first.is_visible()
    assert page.locator("button:not([type=submit])").count() == 0
    page.get_by_label("Theme").select_option("dark")
    page.get_by_role("button", name="Set theme").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.url == f"{server.http}/console/pools/{pool.id}"
    context.close()
