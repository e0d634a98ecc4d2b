"""Operators of `serve` in a browser: becoming one by a link, signing in, and the codes of an authenticator app."""

import base64
import hmac
import time

WORDS = "nine lives of a cat"


def one_time_code(key: str, ahead: int = 0) -> str:
    """RFC 6238 with the usual 30 seconds, six digits and SHA-1; `ahead` steps from now, since each code counts once."""
    counter = (int(time.time()) // 30 + ahead).to_bytes(8, "big")
    mac = hmac.new(base64.b32decode(key + "=" * (-len(key) % 8)), counter, "sha1").digest()
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at:at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def enrol(page, name: str) -> str:
    """Fills in the page of a one-time link, which is open; the key of the authenticator app."""
    key = page.get_by_role("main").inner_text().split("secret=")[1].split("&")[0]
    page.locator("[name=name]").fill(name)
    page.locator("[name=password]").fill(WORDS)
    page.locator("[name=code]").fill(one_time_code(key))
    page.get_by_role("button", name="Become an operator").click()
    page.get_by_role("heading", level=1).filter(has_text="Poolhouse").wait_for()
    return key


def sign_in(page, name: str, code: str) -> None:
    """Fills in the console's sign-in page, which is open."""
    page.locator("[name=name]").fill(name)
    page.locator("[name=password]").fill(WORDS)
    page.locator("[name=code]").fill(code)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", level=1).filter(has_text="Poolhouse").wait_for()
