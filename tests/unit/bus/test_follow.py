"""Following a log whose server cannot always be read, or whose messages come too many or too early."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import chain
from typing import Any, cast

import pytest
from nats.aio.msg import Msg

from bus import follow
from bus.connection import Connection
from bus.direct import Read
from bus.interface import Unavailable
from schemas import subjects
from schemas.envelope import encode_commit
from schemas.limits import FOLLOW_QUEUED_MAX, REPAIR_READS_MAX
from tests.integration.bus.given import ROOM, TOPIC, commit


class Server:
    """A log as a follower meets it: what is stored, what comes live, and how often reading fails."""

    def __init__(self, stored: int) -> None:
        self.stored = stored
        self.shown = stored
        """How far a lagging replica shows what is stored."""
        self.fails = 0
        self.reads = 0
        self._deliver: Callable[[Msg], None] = lambda _: None

    @asynccontextmanager
    async def subscription(
        self, _: str, deliver: Callable[[Msg], None], *, reconnected: Callable[[], None]
    ) -> AsyncIterator[None]:
        self._deliver = deliver
        self.reconnected = reconnected
        yield

    async def connected(self) -> None:
        return

    def _fail(self) -> None:
        self.reads += 1
        if self.fails:
            self.fails -= 1
            raise Unavailable("away")

    async def read_after(self, _c: object, _s: str, _f: str, after: int) -> AsyncIterator[Read]:
        self._fail()
        for seq in range(after + 1, self.shown + 1):
            yield Read(subjects.event(ROOM, TOPIC), seq, encode_commit(commit(seq)), {})

    async def read_last(self, *_: object) -> Read | None:
        self._fail()
        found = [read async for read in self.read_after(None, "", "", self.stored - 1)]
        return found[0] if found else None

    def live(self, seq: int) -> None:
        """The server republishes a commit."""
        headers = {"Nats-Sequence": str(seq)}
        subject = f"{subjects.live(ROOM).removesuffix('*').removesuffix('>')}{TOPIC}"
        self._deliver(Msg(cast("Any", None), subject, data=encode_commit(commit(seq)), headers=headers))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Three commits."""
    made = Server(3)
    monkeypatch.setattr(follow, "read_after", made.read_after)
    monkeypatch.setattr(follow, "read_last", made.read_last)
    monkeypatch.setattr(follow, "RETRY_WAIT_S", 0.001)
    return made


async def followed(server: Server, steps: Callable[[], None], count: int) -> list[int]:
    """The seqs of a room's commits; ``steps`` happen behind the third."""
    seen: list[int] = []
    room = follow.room(cast("Connection", server), ROOM, after_seq=0, after_stream_seq=0)
    async with room as commits, asyncio.timeout(30):
        while len(seen) < count:
            seen.append((await anext(commits)).commit.seq)
            if len(seen) == 3:
                steps()
    return seen


async def all_followed(server: Server, steps: Callable[[], None], count: int, batch: int) -> list[list[int]]:
    """The same of all rooms' commits, as they come in batches."""
    seen: list[list[int]] = []
    everything = follow.everything(cast("Connection", server), after_stream_seq=0, batch=batch)
    async with everything as batches, asyncio.timeout(30):
        while sum(map(len, seen)) < count:
            seen.append([one.stream_seq for one in await anext(batches)])
            if sum(map(len, seen)) == 3:
                steps()
    return seen


async def test_a_read_that_fails_is_repeated_where_it_stopped(server: Server) -> None:
    server.fails = 2
    assert await followed(server, lambda: None, 3) == [1, 2, 3]


async def test_a_live_commit_that_is_known_already_is_not_told_again(server: Server) -> None:
    def steps() -> None:
        server.live(3)
        server.live(4)

    assert await followed(server, steps, 4) == [1, 2, 3, 4]
    assert await all_followed(server, steps, 4, 10) == [[1, 2, 3], [4]]


async def test_a_commit_that_comes_too_early_waits_for_a_replica_that_lags(server: Server) -> None:
    def steps() -> None:
        server.stored = 5
        server.live(5)
        asyncio.get_running_loop().call_later(0.002, lambda: setattr(server, "shown", 5))

    assert (await followed(server, steps, 5)) == [1, 2, 3, 4, 5]
    server.shown = server.stored = 3
    assert [*chain(*await all_followed(server, steps, 5, 10))] == [1, 2, 3, 4, 5]


async def test_a_replica_that_lags_for_long_is_asked_again_later(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "FOLLOW_CHECK_S", 0.001)

    def steps() -> None:
        server.stored = 5
        server.reads = 0
        server.live(5)

    async def catches_up() -> None:
        while server.reads <= REPAIR_READS_MAX:  # noqa: ASYNC110 - counted by the follower
            await asyncio.sleep(0.001)
        server.shown = 5

    catching = asyncio.create_task(catches_up())
    server.reads = REPAIR_READS_MAX * -1_000
    assert await followed(server, steps, 5) == [1, 2, 3, 4, 5]
    await catching


async def test_silence_is_looked_into_also_when_the_look_fails(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "FOLLOW_CHECK_S", 0.001)

    def steps() -> None:
        server.stored = server.shown = 4
        server.fails = 1

    assert await followed(server, steps, 4) == [1, 2, 3, 4]


async def test_too_many_at_once_are_forgotten_and_read(server: Server) -> None:
    def steps() -> None:
        server.stored = server.shown = 3 + FOLLOW_QUEUED_MAX + 1
        for seq in range(4, server.stored + 1):
            server.live(seq)

    count = 3 + FOLLOW_QUEUED_MAX + 1
    assert await followed(server, steps, count) == list(range(1, count + 1))
    server.stored = server.shown = 3
    batches = await all_followed(server, steps, count, 7)
    assert [*chain(*batches)] == list(range(1, count + 1))
    assert max(map(len, batches)) == 7


async def test_live_commits_come_in_batches_of_the_size_that_was_asked_for(server: Server) -> None:
    def steps() -> None:
        server.stored = server.shown = 8
        for seq in range(4, 9):
            server.live(seq)

    assert await all_followed(server, steps, 8, 3) == [[1, 2, 3], [4, 5, 6], [7, 8]]
