"""Every page of the console, found as an operator finds it: by following its links from the home page.

`something_in_it` makes a pool whose pages are not empty; `find_pages` walks.
"""

import html
import re
from urllib.parse import urljoin, urlsplit

import requests

from harness.pools import Pool, make_pool, make_user

MOST = 300
LINK = re.compile(r'<a [^>]*href="([^"]+)"')


def something_in_it(idp, domain: str) -> Pool:
    """A pool with a client, a domain, a user, a group that has the user, and a resource server."""
    pool = make_pool(idp, secret=True, domain=domain)
    make_user(idp, pool, email="ada@example.com")
    idp.create_group(UserPoolId=pool.id, GroupName="editors", Description="Who may write")
    idp.admin_add_user_to_group(UserPoolId=pool.id, Username="ada@example.com", GroupName="editors")
    idp.create_resource_server(UserPoolId=pool.id, Identifier="orders", Name="Orders",
                               Scopes=[{"ScopeName": "write", "ScopeDescription": "Write orders"}])
    return pool


def find_pages(base: str, *start: str, without: str = "DemoPool") -> dict[str, str]:
    """Address -> HTML of every page that `start`, and the pages it leads to, link to, in the order found.

    base: address of the server (`http://127.0.0.1:9229`). Downloads are no pages. Addresses with `without` in them are left out:
    the demo pool has the same pages as any other.
    """
    found, ahead = {}, list(start or ["/console"])
    while ahead:
        path = ahead.pop(0)
        if path in found:
            continue
        reply = requests.get(base + path, headers={"Accept": "text/html"}, timeout=10)
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
