"""The recording tap when the bus is slow, away or full."""

import asyncio
from typing import cast

import msgspec
import pytest

from bus.interface import Records, Refused, Unavailable
from schemas.artifacts import RtpBatch, TapPacket
from schemas.ids import RecordingId, RoomKey, TrackId
from schemas.limits import REC_BATCH_BYTES, TAP_BATCHES_QUEUED_MAX
from sfu.interface import Tapped
from sfu.tap import RoomTap, TrackTap
from tests.unit.rooms.classroom import KEY

RECORDING, TRACK = RecordingId("r1"), TrackId("t1")


class Store:
    """Records that answer as they are told."""

    def __init__(self) -> None:
        self.stored: dict[str, RtpBatch] = {}
        self.answers: list[Exception] = []
        self.is_open = asyncio.Event()
        self.is_open.set()

    async def append(self, key: RoomKey, track: TrackId, data: bytes, *, message_id: str) -> None:
        await self.is_open.wait()
        if self.answers:
            raise self.answers.pop(0)
        assert message_id not in self.stored
        self.stored[message_id] = msgspec.msgpack.decode(data, type=RtpBatch)


def tapped(packets: int, *, switch: int = 0, size: int = 1_000) -> Tapped:
    return Tapped(TRACK, switch, tuple(TapPacket(n, bytes(size)) for n in range(packets)), ())


def tap(store: Store) -> TrackTap:
    return TrackTap(KEY, RECORDING, TRACK, cast("Records", store))


async def test_an_unanswered_batch_is_sent_again_under_its_id() -> None:
    store = Store()
    store.answers = [Unavailable("no answer"), Unavailable("no answer")]
    writer = tap(store)
    writer.add(tapped(1))
    writer.end()
    await writer.run()
    assert list(store.stored) == ["r1/t1/0"]
    assert store.stored["r1/t1/0"].end


async def test_a_refused_batch_leaves_a_hole_that_can_be_seen(caplog: pytest.LogCaptureFixture) -> None:
    store = Store()
    store.answers = [Refused("full")]
    writer = tap(store)
    writer.add(tapped(REC_BATCH_BYTES // 1_000 * 3))
    writer.end()
    await writer.run()
    assert [b.index for b in store.stored.values()] == [1, 2, 3]
    assert [r.levelname for r in caplog.records] == ["ERROR"]


async def test_a_bus_that_is_away_costs_bounded_memory_and_the_end_is_kept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Store()
    store.is_open.clear()
    writer = tap(store)
    for _ in range(TAP_BATCHES_QUEUED_MAX + 50):
        writer.add(tapped(1, size=REC_BATCH_BYTES))
    writer.end()
    store.is_open.set()
    await writer.run()
    batches = list(store.stored.values())
    assert [b.index for b in batches[:-1]] == list(range(TAP_BATCHES_QUEUED_MAX))
    assert batches[-1].end
    assert batches[-1].index == TAP_BATCHES_QUEUED_MAX + 50
    assert len(caplog.records) == 1, "a loss is logged once, not per batch"


async def test_a_quiet_track_is_written_soon() -> None:
    store = Store()
    writer = tap(store)
    task = asyncio.create_task(writer.run())
    writer.add(tapped(1))
    async with asyncio.timeout(2):
        while not store.stored:  # noqa: ASYNC110  # The store has no event.
            await asyncio.sleep(0.01)
    writer.end()
    await task
    assert [b.end for b in store.stored.values()] == [False, True]


async def test_a_batch_holds_packets_of_one_switch() -> None:
    store = Store()
    writer = tap(store)
    writer.add(tapped(2, switch=0))
    writer.add(tapped(3, switch=1))
    writer.end()
    await writer.run()
    assert [(b.switch, len(b.packets)) for b in store.stored.values()] == [(0, 2), (1, 3)]


async def test_packets_outside_a_recording_are_dropped() -> None:
    store = Store()
    started: list[TrackTap] = []
    room = RoomTap(KEY, cast("Records", store), started.append)
    room.add(TRACK, tapped(1))
    room.switch_to(RECORDING)
    room.add(TRACK, tapped(1))
    room.switch_to(None)
    room.add(TRACK, tapped(1))
    [writer] = started
    await writer.run()
    assert sum(len(b.packets) for b in store.stored.values()) == 1
