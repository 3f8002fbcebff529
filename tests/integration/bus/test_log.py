"""EVT: append, read, follow. On NATS and in memory."""

import asyncio

import pytest

from bus.interface import Conflict, Log, Message, Refused, Stored, Unavailable
from schemas import subjects
from schemas.limits import FOLLOW_QUEUED_MAX
from tests.integration.bus.conftest import World
from tests.integration.bus.given import OTHER_ROOM, ROOM, TOPIC, commit, take, until


async def append_many(log: Log, first: int, count: int, last: int) -> int:
    for seq in range(first, first + count):
        last = await log.append(ROOM, commit(seq), topic=TOPIC, expected_stream_seq=last)
    return last


def seqs(found: list[Stored]) -> list[int]:
    return [stored.commit.seq for stored in found]


async def test_what_was_appended_is_read_in_order(world: World) -> None:
    async with world.open("p1") as bus:
        first = await bus.log.append(ROOM, commit(1, events=3), topic=TOPIC, expected_stream_seq=0)
        await bus.log.append(OTHER_ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
        second = await bus.log.append(ROOM, commit(4), topic="chat", expected_stream_seq=first)
        found = [stored async for stored in bus.log.read(ROOM)]
        assert [stored.stream_seq for stored in found] == [first, second]
        assert seqs(found) == [1, 4]
        assert found[0].commit.events == commit(1, events=3).events
        assert [s.commit.seq async for s in bus.log.read(ROOM, after_stream_seq=first)] == [4]
        assert await bus.log.last_stream_seq() == second


async def test_an_empty_log_reads_as_nothing(world: World) -> None:
    async with world.open("p1") as bus:
        assert [stored async for stored in bus.log.read(ROOM)] == []
        assert await bus.log.last_stream_seq() == 0


async def test_second_writer_loses_the_append(world: World) -> None:
    async with world.open("p1") as one, world.open("p2") as two:
        at = await one.log.append(ROOM, commit(1, cause="mine"), topic=TOPIC, expected_stream_seq=0)
        with pytest.raises(Conflict) as lost:
            await two.log.append(ROOM, commit(1, cause="yours"), topic="chat", expected_stream_seq=0)
        assert lost.value.last == at
        assert len([stored async for stored in two.log.read(ROOM)]) == 1


async def test_one_of_many_racing_writers_wins(world: World) -> None:
    async with world.open("p1") as bus:
        race = [
            bus.log.append(ROOM, commit(1, cause=f"c{n}"), topic=TOPIC, expected_stream_seq=0)
            for n in range(20)
        ]
        ended = await asyncio.gather(*race, return_exceptions=True)
        assert sum(isinstance(end, int) for end in ended) == 1
        assert sum(isinstance(end, Conflict) for end in ended) == 19


async def test_retry_of_accepted_append_is_a_conflict(world: World) -> None:
    """The caller re-reads and finds its own commit (bus-facts §0.10)."""
    async with world.open("p1") as bus:
        await bus.log.append(ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
        with pytest.raises(Conflict):
            await bus.log.append(ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
        found = [stored async for stored in bus.log.read(ROOM)]
        assert [stored.commit.cause for stored in found] == ["c1"]


async def test_other_rooms_do_not_disturb_an_append(world: World) -> None:
    async with world.open("p1") as bus:
        at = await bus.log.append(ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
        await bus.log.append(OTHER_ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
        assert await bus.log.append(ROOM, commit(2), topic=TOPIC, expected_stream_seq=at) == at + 2


async def test_too_large_a_commit_is_refused_and_not_stored(world: World) -> None:
    async with world.open("p1") as bus:
        with pytest.raises(Refused):
            await bus.log.append(ROOM, commit(1, title="x" * 300_000), topic=TOPIC, expected_stream_seq=0)
        assert await bus.log.last_stream_seq() == 0


async def test_a_long_log_is_read_in_batches(world: World) -> None:
    async with world.open("p1") as bus:
        await append_many(bus.log, 1, 1_100, 0)
        assert seqs([stored async for stored in bus.log.read(ROOM)]) == list(range(1, 1_101))


async def test_a_follower_gets_the_tail_then_what_is_live(world: World) -> None:
    async with world.open("p1") as writer, world.open("p2") as reader:
        last = await append_many(writer.log, 1, 3, 0)
        async with reader.log.follow(ROOM, after_seq=1, after_stream_seq=1) as commits:
            assert seqs(await take(2, commits)) == [2, 3]
            await append_many(writer.log, 4, 3, last)
            assert seqs(await take(3, commits)) == [4, 5, 6]


async def test_a_follower_has_no_hole_and_no_repeat_while_events_are_appended(world: World) -> None:
    async with world.open("p1") as writer, world.open("p2") as reader:
        writing = asyncio.create_task(append_many(writer.log, 1, 300, 0))
        for _ in range(10):
            async with reader.log.follow(ROOM, after_seq=0, after_stream_seq=0) as commits:
                assert seqs(await take(30, commits)) == list(range(1, 31))
        async with reader.log.follow(ROOM, after_seq=0, after_stream_seq=0) as commits:
            assert seqs(await take(300, commits)) == list(range(1, 301))
        await writing


async def test_a_follower_misses_nothing_when_its_connection_breaks(world: World) -> None:
    async with (
        world.open("p1") as writer,
        world.open("p2") as reader,
        reader.log.follow(ROOM, after_seq=0, after_stream_seq=0) as commits,
    ):
        last = await append_many(writer.log, 1, 2, 0)
        assert seqs(await take(2, commits)) == [1, 2]
        writing = asyncio.create_task(append_many(writer.log, 3, 200, last))
        await world.drop(reader)
        assert seqs(await take(200, commits)) == list(range(3, 203))
        await writing


async def test_a_follower_goes_on_after_the_server_crashed(world: World) -> None:
    async with (
        world.open("p1") as writer,
        world.open("p2") as reader,
        reader.log.follow(ROOM, after_seq=0, after_stream_seq=0) as commits,
        reader.log.follow_all(after_stream_seq=0) as batches,
    ):
        last = await append_many(writer.log, 1, 2, 0)
        assert seqs(await take(2, commits)) == [1, 2]
        await world.stop()
        await writer.disconnected()
        with pytest.raises(Unavailable):
            await append_many(writer.log, 3, 1, last)
        await world.start()
        await writer.connected()
        await append_many(writer.log, 3, 2, last)
        assert seqs(await take(2, commits)) == [3, 4]
        all_of_them: list[int] = []
        async with asyncio.timeout(60):
            while len(all_of_them) < 4:
                all_of_them += [stored.commit.seq for stored in await anext(batches)]
        assert all_of_them == [1, 2, 3, 4]


async def test_a_follower_that_does_not_read_gets_everything_in_the_end(world: World) -> None:
    """Its queue overflows, so that it reads from the log instead."""
    count = FOLLOW_QUEUED_MAX + 200
    async with (
        world.open("p1") as writer,
        world.open("p2") as reader,
        reader.log.follow(ROOM, after_seq=0, after_stream_seq=0) as commits,
    ):
        await append_many(writer.log, 1, 1, 0)
        assert seqs(await take(1, commits)) == [1]
        await append_many(writer.log, 2, count - 1, 1)
        assert seqs(await take(count - 1, commits, within_s=60)) == list(range(2, count + 1))


async def test_following_everything_gives_all_rooms_in_stream_order(world: World) -> None:
    async with world.open("p1") as writer, world.open("p2") as reader:
        await append_many(writer.log, 1, 5, 0)
        async with reader.log.follow_all(after_stream_seq=2, batch=2) as batches:
            assert [len(batch) for batch in await take(2, batches)] == [2, 1]
            await writer.log.append(OTHER_ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
            await append_many(writer.log, 6, 1, 5)
            found: list[Stored] = []
            async with asyncio.timeout(60):
                while len(found) < 2:
                    found += await anext(batches)
            assert [(stored.key, stored.stream_seq) for stored in found] == [(OTHER_ROOM, 6), (ROOM, 7)]


async def test_a_commit_is_shown_live_as_a_cloud_event(world: World) -> None:
    shown: list[Message] = []

    async def see(message: Message) -> None:
        shown.append(message)

    async with world.open("p1") as bus, bus.core.subscribe(subjects.LIVE_ALL, see):
        await bus.log.append(ROOM, commit(7), topic="chat", expected_stream_seq=0)
        await until(lambda: len(shown) == 1)
        assert shown[0].subject == "live.t1.r1.chat"
        assert shown[0].headers["ce-specversion"] == "1.0"
        assert shown[0].headers["ce-type"] == "classwire.chat"
        assert shown[0].headers["ce-source"] == "/t1/r1"
        assert shown[0].headers["ce-id"] == "t1/r1/7"
        assert shown[0].headers["ce-time"] == "2023-11-14T22:13:20.007+00:00"
