"""uvicorn as the edge needs it: uvloop, sans-I/O WebSockets, one small protocol subclass.

The subclass touches private parts of uvicorn's class; the version is pinned, ``tests/unit/edge`` has the
contract test, and without it everything goes by ASGI ``send``.
"""

import asyncio
import contextlib
import logging
import signal
import socket as sockets
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from edge.wires import CLOSE_S, PROTOCOL
from schemas.limits import FRAME_BYTES_MAX

BACKLOG = 4_096
_PING_S = 20.0


def _nothing() -> None:
    """No outbox is waiting."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """Puts itself into the scope, so that the hub writes shared bytes and closes without waiting."""

    on_writable: Callable[[], None] = staticmethod(_nothing)

    async def run_asgi(self) -> None:
        """Runs the application with ourselves in the scope."""
        extensions: dict[str, Any] = self.scope["extensions"]
        extensions[PROTOCOL] = self
        await super().run_asgi()

    def resume_writing(self) -> None:
        """The transport's buffer is low again."""
        super().resume_writing()
        self.on_writable()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more: the outbox may go."""
        self.on_writable = _nothing
        super().connection_lost(exc)

    def write_shared(self, wire: bytes) -> bool:
        """Takes a complete WebSocket frame; False while the transport's buffer is high."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return True  # Nobody is there to read it.
        if not self.writable.is_set():
            return False
        self.transport.write(wire)
        return True

    def close_now(self, last: bytes, code: int, reason: str) -> None:
        """Sends a last frame and the close frame past all buffers, and aborts if the peer does not read.

        ASGI ``send`` would wait until the peer has read, which is what a slow one does not do.
        """
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.on_writable = _nothing
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(last + b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:  # The peer's close frame must be read.
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(CLOSE_S, self.transport.abort)


class _Server(uvicorn.Server):
    """Leaves the signals to us: sockets are told first, then the server stops."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(address: str, *, shared: bool = False) -> sockets.socket:
    """A bound socket for ``host:port``; port 0 picks a free one. A ``shared`` port is one of several edge
    processes', among which the kernel spreads those who come."""
    host, _, port = address.rpartition(":")
    family = sockets.AF_INET6 if ":" in host else sockets.AF_INET
    listener = sockets.socket(family, sockets.SOCK_STREAM)
    listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEPORT, 1)
    listener.bind((host.strip("[]"), int(port)))
    return listener


@contextlib.asynccontextmanager
async def serving(
    app: Any, *listeners: sockets.socket, protocol: type[asyncio.Protocol] = SocketProtocol
) -> AsyncIterator[None]:
    """Serves the application while the context is open; leaving it stops in order."""
    config = uvicorn.Config(
        app,
        ws=protocol,
        http="h11",
        loop="none",
        lifespan="off",
        ws_max_size=FRAME_BYTES_MAX,
        ws_per_message_deflate=False,
        ws_ping_interval=_PING_S,
        ws_ping_timeout=_PING_S,
        backlog=BACKLOG,
        access_log=False,
        log_config=None,
        log_level=logging.WARNING,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=["127.0.0.1", "::1"],  # Only a proxy on this host speaks for others.
        timeout_graceful_shutdown=5,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=list(listeners)))
    try:
        while not server.started:
            if running.done():
                running.result()
                raise RuntimeError("The HTTP server ended before it began.")
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await running


async def stop_signal() -> None:
    """Returns at SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
