"""KV buckets: compare-and-set, time to live, markers, watches. On NATS and in memory."""

import asyncio
import time

import pytest

from bus.interface import Change, Conflict, Entry
from schemas import subjects
from tests.integration.bus.conftest import World
from tests.integration.bus.given import nothing_from, take

AT_ONCE = 50  # Each write waits for the disk; all at once, the last would wait longer than a write may.


async def test_a_value_is_read_back_with_its_revision(world: World) -> None:
    async with world.open("p1") as bus:
        bucket = bus.bucket(subjects.ACTIVE_USER)
        assert await bucket.get("t1.u1") is None
        revision = await bucket.create("t1.u1", b"here")
        assert await bucket.get("t1.u1") == Entry("t1.u1", b"here", revision)


async def test_create_loses_when_the_key_is_there(world: World) -> None:
    async with world.open("p1") as one, world.open("p2") as two:
        await one.bucket(subjects.ACTIVE_USER).create("t1.u1", b"one")
        with pytest.raises(Conflict):
            await two.bucket(subjects.ACTIVE_USER).create("t1.u1", b"two")


async def test_one_of_many_racing_creates_wins(world: World) -> None:
    async with world.open("p1") as bus:
        bucket = bus.bucket(subjects.ACTIVE_USER)
        await bucket.create("t1.u1", b"old")
        await bucket.delete("t1.u1")
        race = [bucket.create("t1.u1", str(n).encode()) for n in range(20)]
        ended = await asyncio.gather(*race, return_exceptions=True)
        assert sum(isinstance(end, int) for end in ended) == 1
        assert sum(isinstance(end, Conflict) for end in ended) == 19


async def test_update_loses_when_the_revision_is_an_old_one(world: World) -> None:
    async with world.open("p1") as bus:
        bucket = bus.bucket(subjects.ROOM_ROUTE)
        first = await bucket.create("t1.r1", b"1")
        second = await bucket.update("t1.r1", b"2", first)
        with pytest.raises(Conflict):
            await bucket.update("t1.r1", b"3", first)
        assert await bucket.get("t1.r1") == Entry("t1.r1", b"2", second)


async def test_a_deleted_key_is_absent_and_can_be_created_again(world: World) -> None:
    async with world.open("p1") as bus:
        bucket = bus.bucket(subjects.ROOM_ROUTE)
        first = await bucket.create("t1.r1", b"1")
        with pytest.raises(Conflict):
            await bucket.delete("t1.r1", first + 7)
        await bucket.delete("t1.r1", first)
        assert await bucket.get("t1.r1") is None
        assert await bucket.entries() == {}
        again = await bucket.create("t1.r1", b"2")
        assert await bucket.get("t1.r1") == Entry("t1.r1", b"2", again)


async def test_kv_create_after_expiry_marker(world: World) -> None:
    """The marker is the key's last message; nats-py's own create would fail on it (bus-facts §0.7)."""
    async with world.open("p1") as bus:
        bucket = bus.bucket(subjects.LEASE)
        async with bucket.watch("a") as changes:
            await bucket.create("a", b"1", ttl_s=1)
            created, expired = await take(2, changes)
            assert created.entry is not None
            assert expired == Change("a", None, expired.revision, expired=True)
            assert await bucket.get("a") is None
            await bucket.create("a", b"2")
            with pytest.raises(Conflict):
                await bucket.create("a", b"3")


async def test_every_write_prolongs_the_life_of_a_key(world: World) -> None:
    """Also ``update`` and ``put`` have a TTL."""
    async with world.open("p1") as bus:
        bucket = bus.bucket(subjects.EDGE_LEASE)
        began = time.monotonic()
        revision = await bucket.create("e1", b"0", ttl_s=1)
        async with bucket.watch() as changes:
            await take(1, changes)
            for n in range(4):
                await asyncio.sleep(0.4)
                revision = await (
                    bucket.put("e1", b"p", ttl_s=1) if n % 2 else bucket.update("e1", b"u", revision, ttl_s=1)
                )
            seen = await take(4, changes)
            assert all(change.entry is not None for change in seen)
            (gone,) = await take(1, changes)
            assert gone.entry is None
            assert gone.expired
            assert time.monotonic() - began > 2.5


async def test_a_watch_gives_what_is_there_then_what_changes(world: World) -> None:
    async with world.open("p1") as one, world.open("p2") as two:
        bucket = one.bucket(subjects.SFU_NODE)
        await bucket.put("n1", b"1")
        await bucket.put("n2", b"1")
        await bucket.put("n1", b"2")
        await bucket.put("n3", b"1")
        await bucket.delete("n3")
        async with two.bucket(subjects.SFU_NODE).watch() as changes:
            present = await take(2, changes)
            assert {change.key: change.entry and change.entry.value for change in present} == {
                "n1": b"2",
                "n2": b"1",
            }
            await bucket.delete("n2")
            await bucket.put("n4", b"1")
            gone, came = await take(2, changes)
            assert (gone.key, gone.entry, gone.expired) == ("n2", None, False)
            assert came.entry is not None
            assert came.key == "n4"


async def test_a_watch_of_one_key_sees_no_other(world: World) -> None:
    async with world.open("p1") as bus:
        bucket = bus.bucket(subjects.CONFIG)
        async with bucket.watch("t1.policy") as changes:
            await bucket.put("t2.policy", b"2")
            await bucket.put("t1.policy", b"1")
            (change,) = await take(1, changes)
            assert change.key == "t1.policy"
            assert await nothing_from(changes, for_s=0.1)


async def test_a_watch_tells_after_a_crash_what_changed_meanwhile_and_nothing_else(world: World) -> None:
    async with world.open("p1") as writer, world.open("p2") as watcher:
        bucket = writer.bucket(subjects.SFU_NODE)
        await bucket.put("stays", b"1")
        await bucket.put("expires", b"1", ttl_s=1)
        async with watcher.bucket(subjects.SFU_NODE).watch() as changes:
            await take(2, changes)
            await world.stop()
            await watcher.disconnected()
            await asyncio.sleep(1.1)
            await world.start()
            await writer.connected()
            await bucket.put("new", b"1")
            found = {change.key: change.entry is not None for change in await take(2, changes)}
            assert found == {"expires": False, "new": True}
            assert await nothing_from(changes, for_s=0.2)


async def test_a_watch_misses_nothing_when_its_connection_breaks(world: World) -> None:
    async with world.open("p1") as writer, world.open("p2") as watcher:
        bucket = writer.bucket(subjects.SFU_NODE)
        async with watcher.bucket(subjects.SFU_NODE).watch() as changes:
            await bucket.put("n0", b"")
            await take(1, changes)
            await world.drop(watcher)
            for n in range(1, 30):
                await bucket.put(f"n{n}", b"")
            assert {change.key for change in await take(29, changes)} == {f"n{n}" for n in range(1, 30)}


@pytest.mark.parametrize("count", [10, 600, 1_500])
async def test_entries_are_all_that_is_there(world: World, count: int) -> None:
    """Also more than the server names in one answer (1,024)."""
    async with world.open("p1") as bus:
        bucket = bus.bucket(subjects.DEADLINE)
        assert await bucket.entries() == {}
        for first in range(0, count, AT_ONCE):
            some = range(first, min(first + AT_ONCE, count))
            await asyncio.gather(*(bucket.put(f"t1.r{n}", str(n).encode()) for n in some))
        await bucket.delete("t1.r5")
        found = await bucket.entries()
        assert len(found) == count - 1
        assert found["t1.r7"].value == b"7"
