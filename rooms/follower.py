"""Follows one room: snapshot, tail, live. Every process that follows comes to the same state."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bus.interface import Bus, Stored
from rooms.room import apply
from rooms.snapshot import Position, decode, start
from rooms.state import RoomState
from schemas.ids import RoomKey
from schemas.subjects import ROOM_SNAPSHOT, room_kv_key


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
    """The room as the log has it now: snapshot and tail. Raises Unavailable."""
    position = await _snapshot(bus, key)
    state, stream_seq = position.state, position.stream_seq
    async for stored in bus.log.read(key, after_stream_seq=stream_seq):
        state, stream_seq = apply(state, stored.commit), stored.stream_seq
    return Position(state, stream_seq)


async def _snapshot(bus: Bus, key: RoomKey) -> Position:
    entry = await bus.bucket(ROOM_SNAPSHOT).get(room_kv_key(key))
    return (decode(key, entry.value) if entry else None) or start(key)


@asynccontextmanager
async def follow_room(bus: Bus, key: RoomKey) -> AsyncIterator[RoomFollower]:
    """Follows a room while the context is open. On entering, ``state`` is what the log has by then;
    ``commits`` gives what comes after."""
    position = await load(bus, key)
    async with bus.log.follow(
        key, after_seq=position.state.seq, after_stream_seq=position.stream_seq
    ) as stored:
        yield RoomFollower(position, stored)
