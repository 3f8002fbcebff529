"""The two lines below an ``Outbox``: straight to the transport, or by ASGI ``send``.

The first needs our protocol class (``edge.server``), which leaves itself in the scope; it costs half of
ASGI per delivered frame, because all receivers share the same bytes (limits-facts §3). The second works
under any ASGI server and is what the first falls back to when the class is not there.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from edge.outbox import Frame, Wire

if TYPE_CHECKING:
    from edge.server import SocketProtocol

PROTOCOL = "classwire.protocol"
"""Where the protocol object stands in the scope's extensions."""


def wire_of(socket: WebSocket[Any, Any, Any]) -> Wire:
    """The best line that this socket's server offers."""
    extensions: dict[str, Any] = socket.scope.get("extensions") or {}
    protocol: SocketProtocol | None = extensions.get(PROTOCOL)
    return AsgiWire(socket) if protocol is None else TransportWire(protocol)


class TransportWire:
    """Shared bytes, straight into the transport's buffer."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: "SocketProtocol") -> None:
        self._protocol = protocol

    @property
    def on_writable(self) -> Callable[[], None]:
        """Called when the line takes more."""
        return self._protocol.on_writable

    @on_writable.setter
    def on_writable(self, call: Callable[[], None]) -> None:
        self._protocol.on_writable = call

    def write(self, frame: Frame) -> bool:
        """Takes a frame unless the transport's buffer is full."""
        return self._protocol.write_shared(frame.wire)

    def close(self, last: Frame, code: int, reason: str) -> None:
        """Says why and goes, whether or not the peer reads."""
        self._protocol.close_now(last.wire, code, reason)


class AsgiWire:
    """One frame at a time through ASGI ``send``, which waits while the peer does not read."""

    def __init__(self, socket: WebSocket[Any, Any, Any]) -> None:
        self._socket = socket
        self._sending: asyncio.Task[None] | None = None
        self._is_closed = False
        self.on_writable: Callable[[], None] = lambda: None

    def write(self, frame: Frame) -> bool:
        """Takes a frame unless one is on its way."""
        if self._is_closed:
            return True  # Nobody is there to read it.
        if self._sending is not None:
            return False
        self._start(self._send(frame))
        return True

    def close(self, last: Frame, code: int, reason: str) -> None:
        """Says why and goes. What was on its way is given up: the peer may not be reading."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._sending is not None:
            self._sending.cancel()
        self._start(self._close(last, code, reason))

    def _start(self, work: Any) -> None:
        self._sending = asyncio.get_running_loop().create_task(work)
        self._sending.add_done_callback(self._sent)

    def _sent(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is not None:
            self._is_closed = True
        if self._sending is task:
            self._sending = None
            self.on_writable()

    async def _send(self, frame: Frame) -> None:
        try:
            await self._socket.send_data(frame.payload.decode(), mode="text")
        except (WebSocketDisconnect, OSError):
            self._is_closed = True

    async def _close(self, last: Frame, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._socket.send_data(last.payload.decode(), mode="text")
                await self._socket.close(code=code, reason=reason)
        except (WebSocketDisconnect, OSError, TimeoutError):
            return  # The server's own keep-alive ends what does not read.


CLOSE_S = 5.0
