"""Ephemeral signals from this node to browsers: levels, layers, closed transports.

They are lossy by contract. The queue is bounded and drops the oldest: a level that is a second old
is of no use, and a browser whose transport closed notices that by itself as well.
"""

import asyncio
from collections import deque

import msgspec
from msgspec import Raw, Struct

from bus.interface import BusError, Core
from schemas import subjects
from schemas.ids import ParticipantId, RoomKey
from schemas.limits import SIGNALS_WAITING_MAX
from schemas.signalling import Signal

_json = msgspec.json.Encoder()


class Signals:
    """The way out for signals: ``put`` never waits, ``run`` publishes."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=SIGNALS_WAITING_MAX)
        self._wake = asyncio.Event()

    def put(self, key: RoomKey, kind: str, data: Struct, *, to: tuple[ParticipantId, ...] = ()) -> None:
        """Sends to some participants of a room, or to all of them."""
        body = _json.encode(Signal(Raw(_json.encode(data)), to))
        self._waiting.append((subjects.signal(key, kind), body))
        self._wake.set()

    async def run(self) -> None:
        """Publishes for ever; what the bus does not take is lost."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                subject, body = self._waiting.popleft()
                try:
                    await self._core.publish(subject, body)
                except BusError:
                    self._waiting.clear()
