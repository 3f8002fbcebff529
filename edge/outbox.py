"""What goes out on one socket, in which order, and what happens when the reader is slow.

Three queues (design §9): answers and media control first; then events, strictly in seq order; then
ephemera, of which the oldest are dropped. As long as the line takes everything the queues stay empty,
and a frame is one write of bytes that all receivers share. Nothing here waits: when the line is full
the frames stay queued until the line says ``on_writable``.
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from edge.metrics import SIGNALS_DROPPED
from schemas.limits import (
    ANSWERS_QUEUED_MAX,
    EVENTS_QUEUED_MAX,
    SIGNALS_QUEUED_MAX,
    WRITE_BUFFER_CLOSE_BYTES,
    WRITE_BUFFER_DROP_BYTES,
)

_FIN_TEXT = 0x81  # RFC 6455 §5.2: one unfragmented text frame; a server's frames are not masked.


class Frame:
    """A text message with its WebSocket header: encoded once, written to any number of sockets."""

    __slots__ = ("payload", "wire")

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self.wire = _header(len(payload)) + payload


def _header(size: int) -> bytes:
    if size < 126:
        return bytes((_FIN_TEXT, size))
    if size < 1 << 16:
        return bytes((_FIN_TEXT, 126)) + size.to_bytes(2, "big")
    return bytes((_FIN_TEXT, 127)) + size.to_bytes(8, "big")


class Wire(Protocol):
    """The line below: takes a frame or says that it is full."""

    on_writable: Callable[[], None]

    def write(self, frame: Frame) -> bool:
        """Takes a frame; False when the line is full, and ``on_writable`` is called later."""

    def close(self, last: Frame, code: int, reason: str) -> None:
        """Writes a last frame past all that waits, and closes, whether or not the peer reads."""


class Outbox:
    """The three queues of one socket."""

    __slots__ = ("_answers", "_bytes", "_events", "_events_held", "_signals", "_wire")

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._answers: deque[Frame] = deque()
        self._events: deque[tuple[Frame, int]] = deque()
        self._signals: deque[Frame] = deque()
        self._events_held = 0
        self._bytes = 0
        wire.on_writable = self.flush

    def answer(self, frame: Frame) -> bool:
        """Queues an answer; False when the reader is too slow for us to keep more."""
        if len(self._answers) >= ANSWERS_QUEUED_MAX or self._bytes > WRITE_BUFFER_CLOSE_BYTES:
            return False
        self._answers.append(frame)
        self._bytes += len(frame.wire)
        self.flush()
        return True

    def events(self, frame: Frame, count: int) -> bool:
        """Queues events or a view; False when the reader is too slow for us to keep more."""
        if self._events_held > EVENTS_QUEUED_MAX or self._bytes > WRITE_BUFFER_CLOSE_BYTES:
            return False
        self._events.append((frame, count))
        self._events_held += count
        self._bytes += len(frame.wire)
        self.flush()
        return True

    def signal(self, frame: Frame) -> None:
        """Queues something that may be lost."""
        if self._bytes > WRITE_BUFFER_DROP_BYTES:
            SIGNALS_DROPPED.inc()
            return
        if len(self._signals) >= SIGNALS_QUEUED_MAX:
            self._bytes -= len(self._signals.popleft().wire)
            SIGNALS_DROPPED.inc()
        self._signals.append(frame)
        self._bytes += len(frame.wire)
        self.flush()

    def flush(self) -> None:
        """Writes as much as the line takes, the important first."""
        write = self._wire.write
        while self._answers and write(self._answers[0]):
            self._bytes -= len(self._answers.popleft().wire)
        while not self._answers and self._events and write(self._events[0][0]):
            frame, count = self._events.popleft()
            self._events_held -= count
            self._bytes -= len(frame.wire)
        while not self._answers and not self._events and self._signals and write(self._signals[0]):
            self._bytes -= len(self._signals.popleft().wire)
