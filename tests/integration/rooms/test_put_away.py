"""The archiver and ``rooms`` together: a room whose keeper died before its snapshot is put away, too."""

import asyncio

import msgspec
import pytest

from artifacts.archiver import KIND, ArchiveJob, NotAtRestError, put_away, sweep
from bus.background import background
from bus.interface import Job
from bus.memory import memory_bus
from rooms.follower import load, saved
from rooms.service.run import rooms_service
from schemas.commands.chat import PostMessage
from schemas.commands.lifecycle import EndSession
from schemas.subjects import ROOM_SNAPSHOT, room_kv_key
from tests.unit.rooms.classroom import KEY, SAM, TESS, Class


async def test_rooms_writes_the_snapshot_that_the_archiver_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rooms.service.partition.SNAPSHOT_IDLE_S", 0.05)
    hub = memory_bus()
    room = Class().live(TESS, SAM)
    room.facts(SAM, PostMessage("Good morning"))
    room.facts(TESS, EndSession())
    async with hub.open("artifacts-1") as bus, hub.open("rooms-1") as decider:
        last = 0
        for commit in room.log:  # By a keeper that died before it could write a snapshot.
            last = await bus.log.append(KEY, commit, topic="chat", expected_stream_seq=last)
        done = asyncio.Event()

        async def handle(job: Job) -> None:
            through = msgspec.json.decode(job.data, type=ArchiveJob).through
            with pytest.raises(NotAtRestError):
                await put_away(bus, job.key, through)
            async with bus.bucket(ROOM_SNAPSHOT).watch(room_kv_key(KEY)) as changes:
                async for _ in changes:
                    position = await saved(bus, KEY)
                    if position is not None and position.stream_seq >= through:
                        break
            await put_away(bus, job.key, through)
            done.set()

        async with rooms_service(decider), background(bus.jobs.work(KIND, handle)), asyncio.timeout(30):
            await sweep(bus, 60)
            await done.wait()
        assert [s.stream_seq async for s in bus.log.read(KEY, after_stream_seq=1)] == [last]
        assert (await load(bus, KEY)).state == room.state
        assert [stored.commit.seq async for stored in bus.log.read(KEY)] == [c.seq for c in room.log]
