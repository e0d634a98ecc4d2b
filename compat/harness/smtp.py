"""A mail server that keeps what it gets: the other end of `serve`'s SMTP."""

import re
import time
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller

from harness.postgres import free_port


class MailSink:
    """Use as a context manager; listens on 127.0.0.1:`port`, plain."""

    def __init__(self):
        self.port = free_port()
        self.mails = []
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.append((list(envelope.rcpt_tos), message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"

    def __enter__(self) -> "MailSink":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def code(self, address: str, seconds: float = 10) -> str:
        """The six digits in the newest mail to `address`."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for to, mail in reversed(self.mails):
                if address in to:
                    text = mail.get_body(("plain", "html")).get_content()
                    return re.search(r"(?<!\d)\d{6}(?!\d)", text)[0]
            time.sleep(0.05)
        raise AssertionError(f"no mail to {address}")
