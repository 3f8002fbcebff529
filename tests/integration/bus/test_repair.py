"""Core messages may be lost without any sign. The twin in memory loses exactly those that a test names."""

import pytest

import bus.follow
from bus.memory import MemoryClient, MemoryHub, MemorySubscription, memory_bus
from schemas import subjects
from tests.integration.bus.given import OTHER_ROOM, ROOM, TOPIC, commit, take


def deafen(hub: MemoryHub, process: str, subject: str) -> tuple[MemoryClient, MemorySubscription]:
    """A process hears nothing more on a subject, and is not told, as when a route between servers falls."""
    client = hub._processes[process]
    (subscription,) = [found for found in client.subscriptions if found.subject == subject]
    client.subscriptions.remove(subscription)
    return client, subscription


def hear_again(deaf: tuple[MemoryClient, MemorySubscription]) -> None:
    """The subscription works again."""
    client, subscription = deaf
    client.subscriptions.append(subscription)


async def test_a_lost_commit_in_the_middle_is_read_when_the_next_one_shows_the_hole() -> None:
    hub = memory_bus()
    async with (
        hub.open("p1") as writer,
        hub.open("p2") as reader,
        reader.log.follow(ROOM, after_seq=0, after_stream_seq=0) as commits,
    ):
        await writer.log.append(ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
        assert (await take(1, commits))[0].commit.seq == 1
        deaf = deafen(hub, "p2", subjects.live(ROOM))
        await writer.log.append(ROOM, commit(2), topic=TOPIC, expected_stream_seq=1)
        await writer.log.append(ROOM, commit(3), topic=TOPIC, expected_stream_seq=2)
        hear_again(deaf)
        await writer.log.append(ROOM, commit(4), topic=TOPIC, expected_stream_seq=3)
        assert [found.commit.seq for found in await take(3, commits)] == [2, 3, 4]


async def test_a_lost_last_commit_is_found_after_a_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus.follow, "FOLLOW_CHECK_S", 0.05)
    hub = memory_bus()
    async with (
        hub.open("p1") as writer,
        hub.open("p2") as reader,
        reader.log.follow(ROOM, after_seq=0, after_stream_seq=0) as commits,
    ):
        await writer.log.append(ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
        await take(1, commits)
        deaf = deafen(hub, "p2", subjects.live(ROOM))
        await writer.log.append(ROOM, commit(2), topic=TOPIC, expected_stream_seq=1)
        assert [found.commit.seq for found in await take(1, commits)] == [2]
        hear_again(deaf)


async def test_a_follower_of_everything_repairs_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus.follow, "FOLLOW_CHECK_S", 0.05)
    hub = memory_bus()
    async with (
        hub.open("p1") as writer,
        hub.open("p2") as reader,
        reader.log.follow_all(after_stream_seq=0) as batches,
    ):
        await writer.log.append(ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
        await take(1, batches)
        deaf = deafen(hub, "p2", subjects.LIVE_ALL)
        await writer.log.append(OTHER_ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
        ((found,),) = await take(1, batches)
        assert found.key == OTHER_ROOM
        hear_again(deaf)
        await writer.log.append(ROOM, commit(2), topic=TOPIC, expected_stream_seq=1)
        ((found,),) = await take(1, batches)
        assert found.stream_seq == 3


async def test_a_repeated_live_commit_is_applied_once() -> None:
    hub = memory_bus()
    async with (
        hub.open("p1") as writer,
        hub.open("p2") as reader,
        reader.log.follow(ROOM, after_seq=0, after_stream_seq=0) as commits,
    ):
        await writer.log.append(ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
        await take(1, commits)
        stream = hub._server.jetstream._streams[subjects.EVT]
        record = stream.get(1)
        assert record is not None
        again = dict(record.headers) | {"Nats-Sequence": "1"}
        hub._server.route("live.t1.r1.lifecycle", record.data, again, "")
        await writer.log.append(ROOM, commit(2), topic=TOPIC, expected_stream_seq=1)
        assert [found.commit.seq for found in await take(1, commits)] == [2]
