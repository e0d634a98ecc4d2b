"""Every sign-in page in Chromium: script on and off, light and dark, at the width of a small phone."""

import re
import uuid

import pytest
import requests
from playwright.sync_api import Page, expect

from harness.browser import chromium, visit_callback
from harness.oauth import Pages
from harness.pools import CALLBACK, PASSWORD, make_pool, make_user
from harness.server import REAL_NAMES

SERVER_FLAGS = REAL_NAMES
BASE = "https://compat-pages.auth.eu-central-1.amazoncognito.com"

# What must hold on every page; run inside the page. Returns a list of complaints.
INSPECT = """(dark) => {
  const bad = [], root = document.documentElement;
  if (root.scrollWidth > innerWidth) bad.push(`scrolls sideways: ${root.scrollWidth} > ${innerWidth}`);
  if (!root.lang) bad.push('no language');
  if (!document.title.trim()) bad.push('no title');
  if (document.querySelectorAll('h1').length !== 1) bad.push('not one h1');
  const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
  const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
  if (twice.length) bad.push(`ids twice: ${twice}`);
  for (const input of document.querySelectorAll('input:not([type=hidden]):not([type=submit])')) {
    if (!input.labels.length && !input.getAttribute('aria-label')) bad.push(`no label: ${input.name}`);
  }
  for (const control of document.querySelectorAll('button, input[type=submit], a.button')) {
    if (control.getBoundingClientRect().height < 24) bad.push(`too small to touch: ${control.outerHTML}`);
  }
  for (const e of document.querySelectorAll('[src], link[href], form[action]')) {
    const url = new URL(e.getAttribute('src') ?? e.getAttribute('href') ?? e.getAttribute('action'), location.href);
    if (url.protocol !== 'data:' && url.origin !== location.origin) bad.push(`leads elsewhere: ${url}`);
  }
  const canvas = getComputedStyle(document.body).backgroundColor, below = getComputedStyle(root).backgroundColor;
  const [r, g, b] = (/rgba\\(.*, 0\\)|transparent/.test(canvas) ? below : canvas).match(/[\\d.]+/g).map(Number);
  const bright = (0.299 * r + 0.587 * g + 0.114 * b) / 255;
  if (dark !== bright < 0.5) bad.push(`background ${canvas} in ${dark ? 'dark' : 'light'}`);
  return bad;
}"""


@pytest.fixture(scope="module")
def pool(idp):
    return make_pool(idp, secret=True, domain="compat-pages", client={"LogoutURLs": ["https://oauth.pstmn.io/out"]})


@pytest.fixture(scope="module")
def browser(server):
    with chromium(server.ca) as running:
        yield running


class Visit:
    """One person's browser window: looks at every page it comes to."""

    def __init__(self, browser, script: bool, scheme: str):
        self.context = browser.new_context(java_script_enabled=script, color_scheme=scheme, viewport={"width": 320, "height": 640})
        self.dark = scheme == "dark"
        self.tab()

    def tab(self) -> None:
        """A fresh tab with the same cookies."""
        self.page: Page = self.context.new_page()
        self.complaints = []
        self.page.on("console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def look(self, heading: str) -> Page:
        """The page must have this heading and nothing wrong."""
        expect(self.page.locator("h1")).to_have_text(re.compile(heading, re.I))
        bad = self.page.evaluate(INSPECT, self.dark) + self.complaints
        assert not bad, f"{self.page.url}: {bad}"
        return self.page

    def open(self, path: str, heading: str, pool, **params: str) -> Page:
        query = requests.compat.urlencode({"client_id": pool.client_id, "response_type": "code", "redirect_uri": CALLBACK} | params)
        self.page.goto(f"{BASE}{path}?{query}")
        return self.look(heading)

    def submit(self) -> None:
        self.page.get_by_test_id("submit").click()

    def arrives(self) -> str:
        """Submits the form, which must end at the application's callback with a code."""
        url = visit_callback(self.page, self.submit, CALLBACK)
        assert re.search(r"[?&]code=[0-9a-f-]{36}(&|$)", url), url
        # The address nobody answers at leaves its own complaint.
        self.complaints.clear()
        return url

    def leave(self) -> None:
        """Goes on in a new tab: in the old one the browser's own error page may still be on its way."""
        self.page.close()
        self.tab()

    def sign_in(self, name: str, password: str) -> None:
        self.page.fill("#signInFormUsername", name)
        self.page.fill("#signInFormPassword", password)


@pytest.fixture(params=[(True, "light"), (True, "dark"), (False, "light"), (False, "dark")], ids=["script-light", "script-dark", "plain-light", "plain-dark"])
def visit(request, browser):
    window = Visit(browser, *request.param)
    yield window
    window.context.close()


def test_sign_in(visit, idp, pool):
    name = make_user(idp, pool)
    visit.open("/oauth2/authorize", "sign in", pool, state="s1", login_hint=name)
    assert visit.page.url.startswith(f"{BASE}/login?") and visit.page.input_value("#signInFormUsername") == name
    visit.sign_in(name, "Wrong-pass1!")
    visit.submit()
    expect(visit.page.locator("#loginErrorMessage")).to_contain_text("Incorrect username or password.")
    visit.look("sign in")
    visit.sign_in(name, PASSWORD)
    assert "state=s1" in visit.arrives()


def test_sign_up_confirm_and_resend(visit, pool, inbox):
    mail = f"{uuid.uuid4().hex[:10]}@example.com"
    page = visit.open("/signup", "sign up", pool)
    page.fill("#username", mail)
    page.fill("#password", "short")
    visit.submit()
    expect(page.locator("#loginErrorMessage")).to_be_visible()
    visit.look("sign up")
    page.fill("#username", mail)
    page.fill("#password", PASSWORD)
    visit.submit()
    visit.look("confirm account")
    assert page.url.startswith(f"{BASE}/confirm")
    first = inbox.code(mail)
    page.get_by_test_id("resend").click()
    visit.look("confirm account")
    code = inbox.code(mail)
    page.fill("#verification_code", f"{(int(code) + 1) % 1000000:06}")
    visit.submit()
    expect(page.locator("#loginErrorMessage")).to_contain_text("Invalid verification code provided, please try again.")
    visit.look("confirm account")
    if first != code:
        page.fill("#verification_code", first)
        visit.submit()
        expect(page.locator("#loginErrorMessage")).to_be_visible()
    page.fill("#verification_code", code)
    url = page.url
    with page.expect_request(lambda r: r.is_navigation_request() and r.method == "GET" and r.url != url):
        visit.submit()
    # Confirmed: either signed in at once, or led back to the sign-in page.
    if page.url.startswith(f"{BASE}/login"):
        visit.look("sign in")
        visit.sign_in(mail, PASSWORD)
        visit.arrives()


def test_forgotten_password(visit, idp, pool, inbox):
    name = make_user(idp, pool)
    page = visit.open("/login", "sign in", pool)
    page.get_by_text("Forgot your password?").click()
    visit.look("forgot")
    page.fill("#username", name)
    visit.submit()
    visit.look("reset password")
    code = inbox.code(name)
    for given, first, second in [(f"{(int(code) + 1) % 1000000:06}", "Changed-2!", "Changed-2!"), (code, "Changed-2!", "Different-2!"), (code, "weak", "weak")]:
        page.fill("#forgot_password_code", given)
        page.fill("#new_password", first)
        page.fill("#confirm_password", second)
        visit.submit()
        expect(page.locator("#loginErrorMessage, .field-error").first).to_be_visible()
        visit.look("reset password")
    page.fill("#forgot_password_code", code)
    page.fill("#new_password", "Changed-2!")
    page.fill("#confirm_password", "Changed-2!")
    visit.submit()
    visit.look("sign in")
    visit.sign_in(name, "Changed-2!")
    visit.arrives()


def test_temporary_password(visit, idp, pool):
    mail = f"{uuid.uuid4().hex[:10]}@example.com"
    idp.admin_create_user(UserPoolId=pool.id, Username=mail, UserAttributes=[{"Name": "email", "Value": mail}], TemporaryPassword="Temp0rary!", MessageAction="SUPPRESS")
    page = visit.open("/login", "sign in", pool)
    visit.sign_in(mail, "Temp0rary!")
    visit.submit()
    visit.look("change password")
    for first, second in [("Chosen-3!", "Different-3!"), ("weak", "weak")]:
        page.fill("#new_password", first)
        page.fill("#confirm_password", second)
        visit.submit()
        expect(page.locator("#loginErrorMessage, .field-error").first).to_be_visible()
        visit.look("change password")
    page.fill("#new_password", "Chosen-3!")
    page.fill("#confirm_password", "Chosen-3!")
    visit.arrives()


def test_session_and_signing_out(visit, idp, pool):
    visit.open("/login", "sign in", pool)
    name = make_user(idp, pool)
    visit.sign_in(name, PASSWORD)
    visit.arrives()
    visit.leave()
    authorize = f"{BASE}/oauth2/authorize?client_id={pool.client_id}&response_type=code&redirect_uri={CALLBACK}"

    def go(url):
        # The callback has no server: the navigation itself fails after the request was seen.
        try:
            visit.page.goto(url)
        except Exception as error:
            assert "ERR_" in str(error)

    assert "code=" in visit_callback(visit.page, lambda: go(authorize), CALLBACK)
    visit.leave()
    assert visit_callback(visit.page, lambda: go(f"{BASE}/logout?client_id={pool.client_id}&logout_uri=https://oauth.pstmn.io/out"), "https://oauth.pstmn.io/out")
    visit.leave()
    visit.open("/oauth2/authorize", "sign in", pool)
    visit.sign_in(name, PASSWORD)
    visit.arrives()
    visit.leave()
    # A link that anybody could have made: the visitor is asked.
    visit.page.goto(f"{BASE}/logout?post_logout_redirect_uri=https://evil.example/")
    visit.look("sign out")
    visit.submit()
    visit.look("signed out")
    visit.open("/oauth2/authorize", "sign in", pool)


@pytest.mark.parametrize("change", [{"redirect_uri": CALLBACK + "/"}, {"client_id": "a" * 26}, {"redirect_uri": "https://evil.example/"}], ids=["slash", "client", "elsewhere"])
def test_error_page(visit, pool, change):
    params = {"client_id": pool.client_id, "response_type": "code", "redirect_uri": CALLBACK} | change
    response = visit.page.goto(f"{BASE}/oauth2/authorize?{requests.compat.urlencode(params)}")
    assert response.status == 400 and visit.page.url.startswith(f"{BASE}/error")
    # Chromium itself reports the page's status.
    visit.complaints = [text for text in visit.complaints if "status of 400" not in text]
    visit.look(".")
    expect(visit.page.locator("#errorMessage")).to_be_visible()
    if "redirect_uri" in change:
        # The cause names both strings; development only.
        expect(visit.page.locator(".compare")).to_contain_text(change["redirect_uri"].removesuffix("/"))


def test_front_page_and_inbox(visit, server, idp, pool, inbox):
    mail = f"{uuid.uuid4().hex[:10]}@example.com"
    idp.sign_up(ClientId=pool.client_id, SecretHash=pool.secret_hash(mail), Username=mail, Password=PASSWORD, UserAttributes=[{"Name": "email", "Value": mail}])
    code = inbox.code(mail)
    visit.page.goto("https://localhost/")
    visit.look(".")
    visit.page.goto("https://localhost/_poolhouse/inbox")
    messages = visit.page.get_by_role("table").first
    expect(messages).to_contain_text(mail)
    visit.look(".")
    messages.get_by_role("row").filter(has_text=mail).get_by_role("link").first.click()
    visit.look(".")
    expect(visit.page.locator("body")).to_contain_text(code)


def test_headers_and_cookies(server, pool):
    pages = Pages(BASE, server.ca)
    page = pages.login_page(client_id=pool.client_id, redirect_uri=CALLBACK)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy and "unsafe-inline" not in policy and "unsafe-eval" not in policy
    assert page.headers["X-Frame-Options"] == "DENY" and page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer" and "no-store" in page.headers["Cache-Control"]
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "Access-Control-Allow-Origin" not in page.headers
    cookie = next(line for line in page.raw.headers.getlist("Set-Cookie") if line.startswith("XSRF-TOKEN=")) if "Set-Cookie" in page.headers else ""
    assert {"secure", "httponly", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}, cookie


def test_forged_posts_are_refused(server, idp, pool):
    """Sign-in by a foreign page: without the cookie, or with a token that is not the cookie's."""
    name = make_user(idp, pool)
    query = {"client_id": pool.client_id, "redirect_uri": CALLBACK}
    good = Pages(BASE, server.ca)
    page = good.login_page(**query)
    bare = Pages(BASE, server.ca)
    assert "code=" not in bare.follow(bare.submit(page, username=name, password=PASSWORD)).headers.get("Location", "")
    reply = good.http.post(page.url, data={"_csrf": str(uuid.uuid4()), "username": name, "password": PASSWORD}, allow_redirects=False)
    assert "code=" not in good.follow(reply).headers.get("Location", "")
    assert good.http.post(page.url, data={"username": name, "password": PASSWORD}, allow_redirects=False).status_code in (302, 400, 403)
    for path in ("/oauth2/authorize", "/logout"):
        assert good.http.post(BASE + path, data=query, allow_redirects=False).status_code == 405
