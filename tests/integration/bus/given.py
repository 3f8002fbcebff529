"""Values that the bus tests send around."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from schemas.commands.chat import PostMessage
from schemas.envelope import Actor, Commit, Envelope, Event, RecordedActor
from schemas.events.lifecycle import SessionStarted
from schemas.ids import CommandId, RoomId, RoomKey, SessionId, TenantId

T = TypeVar("T")

ROOM = RoomKey(TenantId("t1"), RoomId("r1"))
OTHER_ROOM = RoomKey(TenantId("t1"), RoomId("r2"))
TOPIC = "lifecycle"


def commit(seq: int, *, events: int = 1, cause: str = "", title: str = "Lesson") -> Commit:
    """A commit that begins at ``seq``."""
    started = tuple(Event(SessionStarted(SessionId(f"s{n}"), title)) for n in range(events))
    actor = RecordedActor("user", "u1")
    return Commit(seq, 1_700_000_000_000 + seq, CommandId(cause or f"c{seq}"), actor, started)


def envelope(command_id: str, *, key: RoomKey = ROOM, lives_s: float = 10.0) -> Envelope:
    """A command that lives for a while."""
    deadline = int((time.time() + lives_s) * 1000)
    return Envelope(key, PostMessage(command_id), CommandId(command_id), Actor("user", "u1"), deadline)


async def take(count: int, items: AsyncIterator[T], *, within_s: float = 15.0) -> list[T]:
    """The next items."""
    async with asyncio.timeout(within_s):
        return [await anext(items) for _ in range(count)]


async def until(condition: Callable[[], bool], *, within_s: float = 15.0) -> None:
    """Waits for a condition."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110  # What is waited for has no event.
            await asyncio.sleep(0.01)


async def nothing_from(items: AsyncIterator[T], *, for_s: float) -> bool:
    """Whether nothing comes for a while."""
    try:
        async with asyncio.timeout(for_s):
            await anext(items)
    except TimeoutError:
        return True
    return False
