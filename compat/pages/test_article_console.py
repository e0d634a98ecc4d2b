"""The article's nine steps in the console: Chromium at 320 px, script off, by keyboard alone, in both themes; from the console's home to
tokens that the flow runner has verified. Then what it made is looked at through the API, and the tokens by a JOSE library.
"""

import json
import re

import pytest
from playwright.sync_api import expect

from harness.browser import chromium
from harness.pools import attributes, idp_client
from harness.server import REGION, Server
from harness.tokens import verified

MAIL, TEMPORARY, PERMANENT = "user@example.com", "Temp0rary!", "Permanent1!"
POSTMAN = "https://oauth.pstmn.io/v1/callback"
SCOPES = {"openid", "email", "phone", "profile", "aws.cognito.signin.user.admin", "your-resource-server/order.write"}
# The most that any page has to be tabbed through, twice over.
TABS = 150

# What has the focus, and whether it shows: an outline that is drawn, or a shadow.
FOCUSED = """() => {
  const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
  return {
    tag: e.tagName, name: e.getAttribute('name'), text: e.textContent.trim(), value: e.value ?? null,
    shows: (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== 'none',
    seen: box.bottom > 0 && box.top < innerHeight && box.width > 0,
  };
}"""


class Keyboard:
    """Somebody who has nothing else."""

    def __init__(self, page):
        self.page = page

    def focused(self) -> dict:
        return self.page.evaluate(FOCUSED)

    def reach(self, what: str, wanted) -> dict:
        """Tabs until the element is reached; each stop on the way must show that it has the focus."""
        passed = []
        for _ in range(TABS):
            self.page.keyboard.press("Tab")
            at = self.focused()
            if at["tag"] == "BODY":
                continue
            assert at["shows"], f"{self.page.url}: the focus is not to be seen on {at}"
            assert at["seen"], f"{self.page.url}: the focus is outside of the window on {at}"
            if wanted(at):
                return at
            passed.append(at["text"] or at["name"])
        raise AssertionError(f"{self.page.url}: no way by Tab to {what}; passed {passed}")

    def enter(self) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def follow(self, text: str, heading: str) -> None:
        self.reach(f"the link {text}", lambda at: at["tag"] == "A" and at["text"] == text)
        self.enter()
        self.look(heading)

    def press(self, text: str, heading: str) -> None:
        self.reach(f"the button {text}", lambda at: at["tag"] == "BUTTON" and at["text"] == text)
        self.enter()
        self.look(heading)

    def type(self, name: str, text: str) -> None:
        """Replaces what stands in a field."""
        self.reach(f"the field {name}", lambda at: at["tag"] in ("INPUT", "TEXTAREA") and at["name"] == name)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def look(self, heading: str) -> None:
        expect(self.page.locator("h1")).to_have_text(re.compile(heading, re.I))
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{self.page.url} scrolls sideways by {wide} px"

    def says(self, text: str) -> None:
        expect(self.page.locator("main")).to_contain_text(text)


@pytest.fixture(params=["light", "dark"])
def keyboard(request):
    """On a server of its own: the article's prefix can be had once."""
    with Server("--region", REGION) as server, chromium(server.ca) as browser:
        context = browser.new_context(java_script_enabled=False, color_scheme=request.param, viewport={"width": 320, "height": 640})
        page = context.new_page()
        page.goto(server.http + "/console")
        yield server, Keyboard(page)
        context.close()


def set_up(keys: Keyboard) -> None:
    """C1 to C7."""
    keys.follow("Quick create", "Quick create")
    keys.press("Continue to user pool", "User pool")
    keys.type("PoolName", "emails")
    keys.press("Continue to domain", "Domain")
    # The article writes underscores, which no prefix has ever had.
    keys.type("Domain", "your_domain_url")
    keys.press("Continue to resource server", "Domain")
    keys.says("failed to satisfy constraint")
    keys.type("Domain", "your-domain-url")
    keys.press("Continue to resource server", "Resource server")
    keys.press("Continue to app client", "App client")
    keys.press("Continue to sign-in page", "Sign-in page")
    keys.press("Continue to sample user", "Sample user")
    keys.type("name", MAIL)
    keys.type("password", TEMPORARY)
    keys.press("Continue to check and create", "Check and create")
    keys.says("your-resource-server/order.write")


def run_flow(keys: Keyboard) -> dict[str, str]:
    """C9, then the flow runner to its verdict on the tokens; the tokens that it shows."""
    keys.follow("Start flow runner", "Test a flow")
    keys.says("This app client has all that the flow needs.")
    keys.press("Start the flow", "Build the authorization request")
    keys.follow("Open the sign-in page", "Sign in")
    keys.type("username", MAIL)
    keys.type("password", PERMANENT)
    keys.enter()
    keys.look("Read the callback")
    keys.follow("Next: exchange the code for tokens", "Exchange the code")
    keys.press("Exchange the code", "Exchange the code")
    keys.says("The code was exchanged")
    keys.press("Reveal the tokens", "Exchange the code")
    answer = next(text for text in keys.page.locator("pre code").all_text_contents() if '"access_token"' in text)
    keys.follow("Next: read the tokens", "Read the tokens")
    keys.says("Made with a key of this user pool")
    words = keys.page.locator("main").inner_text()
    assert words.count("Made with a key of this user pool") == 2 and "refuse it" not in words, words
    return json.loads(answer[answer.index("{"):])


def test_the_article_by_keyboard(keyboard):
    server, keys = keyboard
    idp = idp_client(server.http)
    before = {pool["Id"] for pool in idp.list_user_pools(MaxResults=60)["UserPools"]}
    set_up(keys)
    assert {pool["Id"] for pool in idp.list_user_pools(MaxResults=60)["UserPools"]} == before, "nothing is made before the last page"
    keys.press("Create all of it", "Confirm user")
    (pool,) = {pool["Id"] for pool in idp.list_user_pools(MaxResults=60)["UserPools"]} - before

    user = idp.admin_get_user(UserPoolId=pool, Username=MAIL)
    assert (user["UserStatus"], user["Enabled"]) == ("FORCE_CHANGE_PASSWORD", True)
    assert set(attributes(user)) == {"sub", "email", "email_verified"}
    keys.says("FORCE_CHANGE_PASSWORD")
    keys.type("password", PERMANENT)
    keys.press("Set permanent password", "Confirm user")
    keys.says("CONFIRMED and can sign in")
    assert idp.admin_get_user(UserPoolId=pool, Username=MAIL)["UserStatus"] == "CONFIRMED"
    keys.follow("Continue to test", "Test")
    keys.says("Access Token URL")

    described = idp.describe_user_pool(UserPoolId=pool)["UserPool"]
    assert (described["Name"], described["UsernameAttributes"], described["AutoVerifiedAttributes"]) == ("emails", ["email"], ["email"])
    assert idp.describe_user_pool_domain(Domain="your-domain-url")["DomainDescription"]["UserPoolId"] == pool
    scopes = idp.describe_resource_server(UserPoolId=pool, Identifier="your-resource-server")["ResourceServer"]["Scopes"]
    assert [scope["ScopeName"] for scope in scopes] == ["order.write"]
    (listed,) = idp.list_user_pool_clients(UserPoolId=pool, MaxResults=10)["UserPoolClients"]
    client = idp.describe_user_pool_client(UserPoolId=pool, ClientId=listed["ClientId"])["UserPoolClient"]
    assert client["ClientSecret"] and client["AllowedOAuthFlows"] == ["code"] and client["AllowedOAuthFlowsUserPoolClient"] is True
    assert POSTMAN in client["CallbackURLs"] and set(client["AllowedOAuthScopes"]) == SCOPES
    assert client["SupportedIdentityProviders"] == ["COGNITO"]

    tokens = run_flow(keys)
    issuer = f"{server.http}/{pool}"
    access, identity = verified(tokens["access_token"], issuer), verified(tokens["id_token"], issuer)
    assert set(access) == {"sub", "iss", "version", "client_id", "origin_jti", "token_use", "scope", "auth_time", "exp", "iat", "jti", "username"}
    assert access["version"] == 2 and access["exp"] - access["iat"] == 3600 and access["auth_time"] <= access["iat"]
    assert access["client_id"] == client["ClientId"] and access["token_use"] == "access" and set(access["scope"].split(" ")) == SCOPES
    assert access["sub"] == access["username"] == identity["sub"] == attributes(user)["sub"]
    assert identity["aud"] == client["ClientId"] and identity["email"] == MAIL and identity["email_verified"] is True
    assert tokens["token_type"] == "Bearer" and tokens["expires_in"] == 3600 and tokens["refresh_token"].startswith("eyJjdHki")
