"""The flow runner of `serve` in Chromium at 360 px: an operator signs in and goes through the flow with a real user, the console on a
listener of its own and the sign-in page at another site. With script and without.
"""

import json
import re
import uuid

import jwt
import pytest
from playwright.sync_api import expect

from harness.browser import chromium
from harness.operators import enrol, one_time_code, sign_in
from harness.pools import CALLBACK, PASSWORD, idp_client, make_pool, make_user
from harness.serve import Deployment
from harness.smtp import MailSink

MAIL = "ada@example.com"
COOKIE = "poolhouse-operator"
WHOLE = re.compile(r"eyJ[\w-]{30,}\.")


class WithPort(Deployment):
    """Its public address names the port that its TLS is at: a browser goes there."""

    def write_config(self, name, http, https, console):
        path = super().write_config(name, http, https, console)
        path.write_text(path.read_text().replace('"https://login.poolhouse.test"', f'"https://login.poolhouse.test:{https}"'))
        return path


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    directory = tmp_path_factory.mktemp("serve")
    with MailSink() as mail, WithPort(directory, f"sqlite:{directory}/poolhouse.db", mail.port) as deployment:
        key, secret = deployment.access_key()
        process = deployment.start()
        with chromium(deployment.ca) as browser:
            yield process, idp_client(process.http, key=key, secret=secret), browser


class Operator:
    """A signed-in operator's window: looks at every page it comes to."""

    def __init__(self, process, browser, name: str, scripted: bool):
        config = str(process.config)
        link = re.search(r"/console/welcome/\S+", process.deployment.command("operator", "link", "--config", config, "--role", "admin"))[0]
        self.context = browser.new_context(java_script_enabled=scripted, viewport={"width": 360, "height": 740}, ignore_https_errors=True)
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.sent, self.bad = [], []
        self.page.on("request", lambda request: self.sent.append(request))
        self.page.on("console", lambda message: self.bad.append(message.text) if message.type in ("error", "warning") else None)
        self.page.goto(process.console + link)
        key = enrol(self.page, name)
        self.press("Sign out", "Sign in to the console")
        sign_in(self.page, name, one_time_code(key, ahead=1))

    def look(self, heading: str) -> None:
        expect(self.page.locator("h1")).to_have_text(re.compile(heading, re.I))
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{self.page.url} scrolls sideways by {wide} px"
        assert not self.bad, self.bad

    def press(self, text: str, heading: str) -> None:
        self.page.get_by_role("button", name=text, exact=True).click()
        self.look(heading)

    def follow(self, text: str, heading: str) -> None:
        self.page.get_by_role("link", name=text, exact=True).first.click()
        self.look(heading)

    def says(self, *texts: str) -> None:
        for text in texts:
            expect(self.page.locator("main")).to_contain_text(text)

    def veiled(self) -> None:
        assert not WHOLE.search(self.page.content()), f"{self.page.url} shows a whole token"

    def carried(self, path: str) -> list[bool]:
        """Whether each request for this path had the operator's cookie."""
        requests = [request for request in self.sent if path in request.url]
        return [COOKIE in request.all_headers().get("cookie", "") for request in requests]


@pytest.fixture(params=["script", "plain"])
def operator(request, place):
    process, idp, browser = place
    operator = Operator(process, browser, f"ada-{uuid.uuid4().hex[:8]}", request.param == "script")
    yield process, idp, operator
    operator.context.close()


def test_an_operator_goes_through_the_flow(operator):
    process, idp, ada = operator
    pool = make_pool(idp, secret=True, client={
        "AllowedOAuthFlowsUserPoolClient": True, "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid", "email"],
        "SupportedIdentityProviders": ["COGNITO"], "CallbackURLs": [CALLBACK]})
    make_user(idp, pool, email=MAIL)
    described = lambda: idp.describe_user_pool_client(UserPoolId=pool.id, ClientId=pool.client_id)["UserPoolClient"]
    before = described()
    ada.page.goto(f"{process.console}/console/flow?pool={pool.id}&client={pool.client_id}")
    ada.look("Test a flow")
    ada.says("Missing settings", f"{process.console}/console/flow/callback")
    ada.press("Save app client", "Test a flow")
    ada.press("Start the flow", "Build the authorization request")
    ada.says("This request is in order")
    ada.follow("Open the sign-in page", "Sign in")
    assert ada.page.url.startswith("https://login.poolhouse.test:"), "the pools are at another site"
    ada.page.locator("[name=username]").first.fill(MAIL)
    ada.page.locator("[name=password]").first.fill(PASSWORD)
    ada.page.keyboard.press("Enter")
    ada.look("Read the callback")
    ada.says("The callback is in order")
    assert ada.carried("/console/flow/callback?") == [False], "another site began it: no strict cookie came along"
    assert ada.carried("/console/flow/receive?") == [True], "our own page began it"
    assert "code=" not in ada.page.url

    ada.follow("Next: exchange the code for tokens", "Exchange the code")
    assert pool.secret not in ada.page.content()
    ada.press("Exchange the code", "Exchange the code")
    ada.says("The code was exchanged", "HTTP/1.1 200 OK")
    ada.veiled()
    ada.press("Reveal the tokens", "Exchange the code")
    answer = next(text for text in ada.page.locator("pre code").all_text_contents() if '"access_token"' in text)
    tokens = json.loads(answer[answer.index("{"):])
    access, identity = (jwt.decode(tokens[name], options={"verify_signature": False}) for name in ("access_token", "id_token"))
    assert access["client_id"] == identity["aud"] == pool.client_id and identity["email"] == MAIL
    ada.follow("Next: read the tokens", "Read the tokens")
    ada.says("Made with a key of this user pool")
    assert "refuse it" not in ada.page.locator("main").inner_text()
    ada.veiled()
    ada.follow("Next: ask who the user is", "Ask who the user is")
    ada.press("Call userInfo", "Ask who the user is")
    ada.says(MAIL)
    ada.follow("Next: refresh the tokens", "Refresh the tokens")
    ada.press("Refresh the tokens", "Refresh the tokens")
    ada.says("The endpoint gave new tokens")
    ada.follow("Next: revoke and sign out", "Revoke and sign out")
    ada.press("Revoke the refresh token", "Revoke and sign out")
    ada.says("The session is revoked")
    ada.veiled()

    ada.follow("Start a new run", "Test a flow")
    ada.press("Remove callback URL", "Test a flow")
    ada.says("Missing settings")
    after = described()
    assert after.pop("LastModifiedDate") >= before.pop("LastModifiedDate") and after == before


def test_a_machine_asks_for_itself(operator):
    process, idp, ada = operator
    pool = make_pool(idp)
    idp.create_resource_server(UserPoolId=pool.id, Identifier="orders", Name="Orders", Scopes=[{"ScopeName": "read", "ScopeDescription": "Read"}])
    made = idp.create_user_pool_client(UserPoolId=pool.id, ClientName="machine", GenerateSecret=True, AllowedOAuthFlowsUserPoolClient=True,
                                       AllowedOAuthFlows=["client_credentials"], AllowedOAuthScopes=["orders/read"])["UserPoolClient"]
    ada.page.goto(f"{process.console}/console/pools/{pool.id}/clients/{made['ClientId']}/test")
    ada.look("Test")
    ada.follow("Start flow runner", "Test a flow")
    ada.press("Start the flow", "Build the token request")
    assert made["ClientSecret"] not in ada.page.content()
    ada.press("Reveal the client secret", "Build the token request")
    ada.says(made["ClientSecret"])
    ada.press("Ask for a token", "Read the answer")
    ada.says("The app has its token.")
    ada.veiled()
    ada.follow("Next: read the token", "Read the token")
    ada.says("Made with a key of this user pool", "orders/read")
    ada.veiled()


def test_a_link_on_another_site_signs_nobody_out(operator):
    process, _, ada = operator
    # What any page of another site can do: lead here.
    ada.page.route("https://elsewhere.example.com/", lambda route: route.fulfill(
        content_type="text/html", body=f'<h1>Elsewhere</h1><a href="{process.console}/console/pools">Look</a>'))
    ada.page.goto("https://elsewhere.example.com/")
    ada.page.get_by_role("link", name="Look").click()
    ada.look("Sign in to the console")
    assert [cookie["name"] for cookie in ada.context.cookies() if cookie["name"] == COOKIE], "it is still there"
    ada.page.goto(f"{process.console}/console/pools")
    ada.look("User pools")
