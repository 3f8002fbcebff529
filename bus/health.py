"""Every role's ``/healthz``, ``/readyz`` and ``/metrics``, on loopback only.

A small HTTP/1.1 server of its own: a role without browsers should not need a web framework to say that
it is alive. It reads one bounded request per connection and closes; whatever it does not understand gets
400 and never disturbs the role.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from schemas.limits import HEALTH_CONNECTIONS_MAX, HEALTH_REQUEST_BYTES_MAX, HEALTH_REQUEST_S

log = logging.getLogger(__name__)

Ready = Callable[[], str | None]
"""Why the role is not ready, in words; None when it is."""

UNREAD_READS_MAX = 16
"""As many buffers of an oversized request are read away; whoever sends more is cut off."""

_TEXT = "text/plain; charset=utf-8"
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Unavailable"}


@asynccontextmanager
async def serve_health(port: int, ready: Ready) -> AsyncIterator[int]:
    """Serves while the block is open and gives the port (0: none is served, and 0 is given)."""
    if port == 0:
        yield 0
        return
    async with serve_health_on(port, ready) as bound:
        yield bound


@asynccontextmanager
async def serve_health_on(port: int, ready: Ready) -> AsyncIterator[int]:
    """The same, where 0 means any free port."""
    gate = asyncio.Semaphore(HEALTH_CONNECTIONS_MAX)
    open_tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_tasks.add(task)
        try:
            if gate.locked():
                return
            async with gate:
                with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                    async with asyncio.timeout(HEALTH_REQUEST_S):
                        await _serve(reader, writer, ready)
        finally:
            open_tasks.discard(task)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", port, limit=HEALTH_REQUEST_BYTES_MAX)
    async with server:
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            for task in tuple(open_tasks):
                task.cancel()
            if open_tasks:
                await asyncio.wait(open_tasks)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ready: Ready) -> None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        head = b""
    status, content_type, body = _answer(head, ready)
    only_head = head.startswith(b"HEAD ")
    writer.write(
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    )
    if not only_head:
        writer.write(body)
    await writer.drain()
    writer.write_eof()
    for _ in range(UNREAD_READS_MAX):  # Closing with unread bytes would reset the answer away.
        if not await reader.read(HEALTH_REQUEST_BYTES_MAX):
            break


def _answer(head: bytes, ready: Ready) -> tuple[int, str, bytes]:
    """Status, content type and body for a request's head."""
    words = head.partition(b"\r\n")[0].split(b" ")
    if len(words) != 3 or not words[2].startswith(b"HTTP/1."):
        return 400, _TEXT, b"Not an HTTP/1 request.\n"
    if words[0] not in (b"GET", b"HEAD"):
        return 405, _TEXT, b"Only GET and HEAD.\n"
    match words[1].partition(b"?")[0]:
        case b"/healthz":
            return 200, _TEXT, b"alive\n"
        case b"/readyz":
            reason = ready()
            return (200, _TEXT, b"ready\n") if reason is None else (503, _TEXT, f"{reason}\n".encode())
        case b"/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest()
        case _:
            return 404, _TEXT, b"Only /healthz, /readyz and /metrics are here.\n"
