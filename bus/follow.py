"""Following the log: subscribe to ``live.``, read the tail, then apply in order, for ever.

``live.`` is what the server republishes after storing; a core subscriber on ``class.*.*.evt.`` would see
publishes that JetStream refused (bus-facts §0.1). Core messages may be lost, so that a live message is
only trusted when it continues where the follower stands. Whatever else happens (a hole, a full queue, a
reconnect, a long silence) has one answer: read from the log.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from enum import Enum, auto

from nats.aio.msg import Msg

from bus import metrics
from bus.connection import Connection
from bus.direct import Read, read_after, read_last
from bus.interface import Purged, Stored, Unavailable
from schemas import subjects
from schemas.envelope import decode_commit
from schemas.ids import RoomKey
from schemas.limits import FOLLOW_CHECK_S, FOLLOW_QUEUED_MAX, REPAIR_READS_MAX, RETRY_WAIT_S


class _Wake(Enum):
    """Why a follower must read."""

    MISSED = auto()  # A reconnect, or a full queue.
    SILENCE = auto()  # Nothing came for long; something may have been lost on the way.


class _Inflow:
    """Live commits waiting for one follower. When it is full it forgets them all: reading is cheaper."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Msg | _Wake] = asyncio.Queue(FOLLOW_QUEUED_MAX)

    def deliver(self, message: Msg) -> None:
        if self._queue.full():
            self.missed()
        else:
            self._queue.put_nowait(message)

    def missed(self) -> None:
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(_Wake.MISSED)

    async def next(self) -> Msg | _Wake:
        try:
            async with asyncio.timeout(FOLLOW_CHECK_S):
                return await self._queue.get()
        except TimeoutError:
            return _Wake.SILENCE

    def ready(self) -> Msg | _Wake | None:
        return None if self._queue.empty() else self._queue.get_nowait()


@asynccontextmanager
async def room(
    connection: Connection, key: RoomKey, *, after_seq: int, after_stream_seq: int
) -> AsyncIterator[AsyncIterator[Stored]]:
    """One room's commits in ``seq`` order, without hole or repeat."""
    inflow = _Inflow()
    async with (
        connection.subscription(subjects.live(key), inflow.deliver, reconnected=inflow.missed),
        aclosing(_room(connection, inflow, key, after_seq, after_stream_seq)) as commits,
    ):
        yield commits


async def _room(
    connection: Connection, inflow: _Inflow, key: RoomKey, seq: int, stream_seq: int
) -> AsyncGenerator[Stored, None]:
    reader = _Reader(connection, subjects.room_events(key), "room")
    found = reader.read(stream_seq)
    while True:
        async for stored in found:
            if stored.commit.seq > seq + 1:
                raise Purged(f"The log of {key} between {seq} and {stored.commit.seq} is archived.")
            stream_seq = stored.stream_seq
            if stored.commit.last_seq > seq:
                seq = stored.commit.last_seq
                yield stored
        woken = await inflow.next()
        while isinstance(woken, Msg):
            stored = live(woken)
            if stored.commit.seq > seq + 1:
                break
            if stored.commit.seq == seq + 1:
                seq, stream_seq = stored.commit.last_seq, stored.stream_seq
                yield stored
            woken = await inflow.next()
        found = reader.repair(stream_seq, woken)


@asynccontextmanager
async def everything(
    connection: Connection, *, after_stream_seq: int, batch: int
) -> AsyncIterator[AsyncIterator[tuple[Stored, ...]]]:
    """All rooms' commits in stream order, in batches as available."""
    inflow = _Inflow()
    async with (
        connection.subscription(subjects.LIVE_ALL, inflow.deliver, reconnected=inflow.missed),
        aclosing(_everything(connection, inflow, after_stream_seq, batch)) as batches,
    ):
        yield batches


async def _everything(
    connection: Connection, inflow: _Inflow, stream_seq: int, batch: int
) -> AsyncGenerator[tuple[Stored, ...], None]:
    reader = _Reader(connection, subjects.ALL_EVENTS, "everything")
    found = reader.read(stream_seq)
    ready: list[Stored] = []
    while True:
        async for stored in found:
            stream_seq = stored.stream_seq
            ready.append(stored)
            if len(ready) >= batch:
                yield tuple(ready)
                ready = []
        woken = inflow.ready()
        while isinstance(woken, Msg) and len(ready) < batch:
            stored = live(woken)
            if stored.stream_seq > stream_seq + 1:
                break
            if stored.stream_seq == stream_seq + 1:
                stream_seq = stored.stream_seq
                ready.append(stored)
            woken = inflow.ready()
        if ready:
            yield tuple(ready)
            ready = []
        found = reader.repair(stream_seq, woken or await inflow.next())


def live(message: Msg) -> Stored:
    """A commit from its republished message. Raises RemoteFormatError."""
    named = subjects.parse_event(message.subject)
    assert named is not None, f"{message.subject} was republished"
    stream_seq = int((message.headers or {})["Nats-Sequence"])
    return Stored(named[0], stream_seq, decode_commit(message.data, stream_seq))


def stored(read: Read) -> Stored:
    """A commit from a stored message. Raises RemoteFormatError."""
    named = subjects.parse_event(read.subject)
    assert named is not None, f"{read.subject} lies in EVT"
    return Stored(named[0], read.stream_seq, decode_commit(read.data, read.stream_seq))


class _Reader:
    """Reads a follower's log, waiting for the server as long as it takes."""

    def __init__(self, connection: Connection, filter_: str, follower: str) -> None:
        self._connection = connection
        self._filter = filter_
        self._repairs = metrics.REPAIRS.labels(follower)

    async def repair(self, after: int, woken: Msg | _Wake) -> AsyncIterator[Stored]:
        """What the follower lacks. A live message that came too early says how far there is to read: a
        replica may lag behind it."""
        if woken is _Wake.SILENCE and not await self._is_behind(after):
            return
        self._repairs.inc()
        until = live(woken).stream_seq if isinstance(woken, Msg) else 0
        for _ in range(REPAIR_READS_MAX):
            async for found in self.read(after):
                after = found.stream_seq
                yield found
            if after >= until:
                return
            await self._pause()

    async def read(self, after: int) -> AsyncIterator[Stored]:
        """Reads to the end."""
        while True:
            try:
                async for found in read_after(self._connection, subjects.EVT, self._filter, after):
                    after = found.stream_seq
                    yield stored(found)
            except Unavailable:
                await self._pause()
            else:
                return

    async def _is_behind(self, stream_seq: int) -> bool:
        try:
            last = await read_last(self._connection, subjects.EVT, self._filter)
        except Unavailable:
            return True
        return last is not None and last.stream_seq > stream_seq

    async def _pause(self) -> None:
        await self._connection.connected()
        await asyncio.sleep(RETRY_WAIT_S)
