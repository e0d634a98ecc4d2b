"""Reads the mail and text messages that `poolhouse dev` kept instead of sending.

Contract: `GET /_poolhouse/messages?address=A&wait=SECONDS` → {"messages": [{id, pool_id, address, medium, kind,
subject, body, code, link, created_at}]}; `GET /_poolhouse/messages/latest?…` → the newest message itself, 404 if none.
"""

import time

import requests


class Inbox:
    """Remembers what was read, so that `next` never returns an old code."""

    def __init__(self, base: str):
        self.base = base
        self.seen = set()

    def all(self, address: str, wait: int = 0) -> list[dict]:
        """Every message to `address`, waiting up to `wait` seconds for the first."""
        reply = requests.get(f"{self.base}/_poolhouse/messages", params={"address": address, "wait": wait}, timeout=wait + 10)
        reply.raise_for_status()
        return reply.json()["messages"]

    def next(self, address: str, seconds: float = 5) -> dict:
        """The oldest message to `address` that was not returned before."""
        until = time.monotonic() + seconds
        while True:
            fresh = [m for m in self.all(address, wait=1) if m["id"] not in self.seen]
            if fresh:
                message = min(fresh, key=lambda m: m["created_at"])
                self.seen.add(message["id"])
                return message
            assert time.monotonic() < until, f"no new message to {address}"
            time.sleep(0.05)

    def code(self, address: str) -> str:
        """The code in the next unread message to `address`."""
        return self.next(address)["code"]

    def latest(self, address: str, wait: int = 5) -> dict:
        """The newest message to `address`."""
        reply = requests.get(f"{self.base}/_poolhouse/messages/latest", params={"address": address, "wait": wait}, timeout=wait + 10)
        reply.raise_for_status()
        return reply.json()
