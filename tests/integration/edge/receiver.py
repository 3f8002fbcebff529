"""A receiver of webhooks: a real HTTP server on loopback that remembers what it was sent."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[int]:
    """A server on loopback, and its port; every connection is closed when the context is left."""
    open_: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await answer(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
    if open_:
        await asyncio.wait(open_, timeout=5)


class Received:
    """One request."""

    def __init__(self, line: str, headers: dict[str, str], body: bytes) -> None:
        self.line = line
        self.headers = headers
        self.body = body

    @property
    def event(self) -> dict[str, Any]:
        """The CloudEvent."""
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded

    def is_signed_by(self, secret: str) -> bool:
        """Checks as the Standard Webhooks specification says, with nothing of ours."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        text = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        mac = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        return f"v1,{mac}" in self.headers["webhook-signature"].split(" ")


class Receiver:
    """Answers with ``statuses`` one after the other, the last one for ever."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.statuses = [204]
        self.location = ""
        self.url = ""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Receiver"]:
        """Listens while the context is open."""
        async with answering(self._answer) as port:
            self.url = f"http://127.0.0.1:{port}/hooks"
            yield self

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.received.append(Received(head[0], headers, body))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        location = f"Location: {self.location}\r\n" if self.location else ""
        writer.write(f"HTTP/1.1 {status} x\r\n{location}Content-Length: 0\r\n\r\n".encode())
        await writer.drain()
