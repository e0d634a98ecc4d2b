"""Sends many HTTP requests in the same instant over connections that are already open."""

import asyncio
from urllib.parse import urlencode


class Line:
    """One open connection to a plain HTTP server."""

    @classmethod
    async def open(cls, port: int) -> "Line":
        line = cls()
        line.reader, line.writer = await asyncio.open_connection("127.0.0.1", port)
        return line

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the reply."""
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])}
        if fields.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while size := int(await self.reader.readline(), 16):
                body += (await self.reader.readexactly(size + 2))[:size]
            await self.reader.readline()
            return int(head.split(" ")[1]), body
        return int(head.split(" ")[1]), await self.reader.readexactly(int(fields.get("content-length", 0)))


def form_post(host: str, path: str, form: dict[str, str], headers: str = "") -> bytes:
    """A form's request, ready to be written."""
    body = urlencode(form)
    return (f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n{headers}"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


async def together(lines: list[Line], request: bytes) -> list[tuple[int, bytes]]:
    """The same request on every line at once."""
    return await asyncio.wait_for(asyncio.gather(*(line.send(request) for line in lines)), timeout=60)
