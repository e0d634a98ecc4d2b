"""A browser without script or rendering: follows the sign-in pages by their forms, as a person with HTTP would."""

from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import requests


class Form(HTMLParser):
    """The page's forms: action, method and field values, in order."""

    def __init__(self, html: str):
        super().__init__()
        self.forms = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append({"action": attrs.get("action", ""), "method": attrs.get("method", "get").lower(), "fields": {}})
        elif tag == "input" and self.forms and attrs.get("name") and attrs.get("type", "text").lower() not in ("submit", "button"):
            self.forms[-1]["fields"][attrs["name"]] = attrs.get("value", "")


class Pages:
    """Cookies of one visitor at one domain (`base`), trusting the server's own authority."""

    def __init__(self, base: str, ca: str):
        self.base = base
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.verify = ca

    def get(self, path: str, **params: str) -> requests.Response:
        """GET without following redirects."""
        query = "?" + urlencode(params) if params else ""
        return self.http.get(urljoin(self.base, path) + query, allow_redirects=False, timeout=20)

    def follow(self, reply: requests.Response) -> requests.Response:
        """Follows redirects inside the domain; stops at a page or at the first address outside."""
        for _ in range(6):
            if not reply.is_redirect:
                return reply
            target = urljoin(reply.url, reply.headers["Location"])
            if urlsplit(target).netloc != urlsplit(self.base).netloc:
                return reply
            reply = self.http.get(target, allow_redirects=False, timeout=20)
        raise AssertionError("redirects without end")

    def submit(self, page: requests.Response, **fields: str) -> requests.Response:
        """Fills the page's form that has all of `fields`, keeps its hidden values, sends it; the unfollowed reply."""
        assert page.status_code == 200, f"{page.status_code} {page.url}: {page.text[:500]}"
        forms = [f for f in Form(page.text).forms if set(fields) <= set(f["fields"])]
        assert forms, f"no form with {sorted(fields)} on {page.url}: {page.text[:1500]}"
        form = forms[0]
        assert form["method"] == "post" and form["fields"].get("_csrf"), "the form must be posted and carry _csrf"
        return self.http.post(urljoin(page.url, form["action"]), data=form["fields"] | fields, allow_redirects=False, timeout=20)

    def login_page(self, **params: str) -> requests.Response:
        """From /oauth2/authorize to the sign-in page."""
        reply = self.get("/oauth2/authorize", **{"response_type": "code"} | params)
        assert reply.status_code == 302, f"{reply.status_code}: {reply.text[:500]}"
        return self.follow(reply)

    def sign_in(self, username: str, password: str, **params: str) -> dict[str, str]:
        """Authorize, sign in, and the callback's query: code and, if sent, state."""
        reply = self.submit(self.login_page(**params), username=username, password=password)
        return callback_query(self.follow(reply), params["redirect_uri"])

    def token(self, *, auth: tuple[str, str] | None = None, path: str = "/oauth2/token", **form: str) -> requests.Response:
        """POST to the token endpoint, Basic credentials if given."""
        return self.http.post(urljoin(self.base, path), data=form, auth=auth, allow_redirects=False, timeout=20)


def callback_query(reply: requests.Response, redirect_uri: str) -> dict[str, str]:
    """The query of a redirect that must lead to `redirect_uri`."""
    location = reply.headers.get("Location", "")
    assert reply.status_code == 302 and location.startswith(redirect_uri + "?"), f"{reply.status_code} {location} {reply.text[:800]}"
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query, keep_blank_values=True).items()}
