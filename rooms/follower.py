"""Follows one room: snapshot, tail, live. Every process that follows comes to the same state."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bus.interface import Bus, BusError, Stored
from rooms.room import apply
from rooms.snapshot import (
    Pointer,
    Position,
    decode,
    decode_pointer,
    encode,
    encode_pointer,
    is_small,
    point,
    start,
)
from rooms.state import RoomState
from schemas.ids import RoomKey
from schemas.subjects import ROOM_SNAPSHOT, room_kv_key

log = logging.getLogger(__name__)


class RoomFollower:
    """A room's state, brought forward by whoever iterates ``commits``; there is one such reader."""

    def __init__(self, position: Position, stored: AsyncIterator[Stored]) -> None:
        self.state: RoomState = position.state
        self._stored = stored
        self._moved = asyncio.Event()

    async def commits(self) -> AsyncIterator[tuple[RoomState, Stored]]:
        """Each commit with the state after it, for ever."""
        async for stored in self._stored:
            self.state = apply(self.state, stored.commit)
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()
            yield self.state, stored

    async def reached(self, seq: int) -> None:
        """Returns when the state includes the event ``seq``. Needs the reader to go on reading."""
        while self.state.seq < seq:
            await self._moved.wait()


async def load(bus: Bus, key: RoomKey) -> Position:
    """The room as the log has it now: snapshot and tail; without a snapshot that reaches the tail, from
    the first commit, in the archive if need be. Raises Unavailable, Purged."""
    position = await saved(bus, key) or start(key)
    state, stream_seq, unsaved = position.state, position.stream_seq, 0
    async for stored in bus.log.read(key, after_stream_seq=stream_seq):
        if stored.commit.seq > state.seq + 1:
            return await _load_from_the_first(bus, key)
        state, stream_seq, unsaved = apply(state, stored.commit), stored.stream_seq, unsaved + 1
    return Position(state, stream_seq, unsaved)


async def _load_from_the_first(bus: Bus, key: RoomKey) -> Position:
    """What lies between the snapshot and the tail was put away."""
    state, stream_seq, unsaved = start(key).state, 0, 0
    async for stored in bus.log.read(key):
        state, stream_seq, unsaved = apply(state, stored.commit), stored.stream_seq, unsaved + 1
    return Position(state, stream_seq, unsaved)


async def saved(bus: Bus, key: RoomKey) -> Position | None:
    """The room's snapshot; None when it has none that this build can use. Raises Unavailable."""
    entry = await bus.bucket(ROOM_SNAPSHOT).get(room_kv_key(key))
    if entry is None:
        return None
    pointer = decode_pointer(entry.value)
    if pointer is None:
        return decode(key, entry.value)
    try:
        body = await bus.archive.get(pointer.object)
    except BusError as error:  # The log has it all; reading it takes longer, that is the loss.
        log.warning("the snapshot of %s cannot be fetched: %s", key, error)
        return None
    return decode(key, body) if body is not None and pointer.fits(body) else None


async def save(bus: Bus, position: Position) -> None:
    """Writes the room's snapshot: small ones into the bucket, others into the archive first. What an
    earlier pointer named goes then. Raises BusError; Refused when there is no archive for a large one."""
    key = room_kv_key(position.state.key)
    bucket = bus.bucket(ROOM_SNAPSHOT)
    value = encode(position)
    pointer: Pointer | None = None
    if not is_small(value):
        pointer = point(position, value)
        await bus.archive.put(pointer.object, value)
        value = encode_pointer(pointer)
    before = await bucket.get(key) if bus.archive.is_there else None
    await bucket.put(key, value)
    earlier = decode_pointer(before.value) if before else None
    if earlier is not None and (pointer is None or earlier.object != pointer.object):
        await bus.archive.remove(earlier.object)


@asynccontextmanager
async def follow_room(bus: Bus, key: RoomKey) -> AsyncIterator[RoomFollower]:
    """Follows a room while the context is open. On entering, ``state`` is what the log has by then;
    ``commits`` gives what comes after."""
    position = await load(bus, key)
    async with bus.log.follow(
        key, after_seq=position.state.seq, after_stream_seq=position.stream_seq
    ) as stored:
        yield RoomFollower(position, stored)
