"""A lease that is held, when the bucket answers late, not at all, or with somebody else's name."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from bus.interface import Bucket, Conflict, Core, Entry, NoResponders, Unavailable
from bus.leases import BucketLeases, HeldLease

NAME, WE, OTHERS = "partition.0", b"p1", b"p2"


class Shelf:
    """A bucket with one key, whose next answers a test decides. ``lost``: the write happens unheard."""

    def __init__(self) -> None:
        self.entry: Entry | None = None
        self.fails: list[Exception | str] = []
        self._revision = 0

    def put(self, value: bytes) -> int:
        """Somebody writes."""
        self._revision += 1
        self.entry = Entry(NAME, value, self._revision)
        return self._revision

    async def create(self, _: str, value: str, *, ttl_s: float) -> int:
        return self._write(value.encode() if isinstance(value, str) else value, 0)

    async def update(self, _: str, value: bytes | str, revision: int, *, ttl_s: float) -> int:
        return self._write(value.encode() if isinstance(value, str) else value, revision)

    async def get(self, _: str) -> Entry | None:
        return self.entry

    async def delete(self, _: str, revision: int) -> None:
        self._check(revision)
        self.entry = None

    def _write(self, value: bytes, revision: int) -> int:
        fault = self.fails.pop(0) if self.fails else None
        if isinstance(fault, Exception):
            raise fault
        self._check(revision)
        written = self.put(value)
        if fault == "lost":
            raise Unavailable("The answer was lost.")
        return written

    def _check(self, revision: int) -> None:
        now = self.entry.revision if self.entry else 0
        if revision != now:
            raise Conflict("wrong last sequence", now)


async def held(shelf: Shelf) -> HeldLease:
    lease = HeldLease(cast("Bucket", shelf), NAME, WE.decode())
    await lease.acquire(None)
    assert lease.is_held
    return lease


async def test_a_refresh_that_was_written_but_not_answered_is_still_ours() -> None:
    shelf = Shelf()
    lease = await held(shelf)
    shelf.fails = ["lost"]
    assert await lease.confirm()
    assert await lease.confirm(), "its own later revision is found by reading"
    await lease.release()
    assert shelf.entry is None


async def test_a_release_finds_the_revision_of_a_refresh_that_was_not_answered() -> None:
    shelf = Shelf()
    lease = await held(shelf)
    shelf.fails = ["lost"]
    await lease.confirm()
    await lease.release()
    assert shelf.entry is None


async def test_who_reads_another_name_has_lost_it_and_lets_it_be() -> None:
    shelf = Shelf()
    lease = await held(shelf)
    shelf.put(OTHERS)
    assert not await lease.confirm()
    await asyncio.wait_for(lease.lost(), 30)
    assert not await lease.confirm()
    await lease.release()
    assert shelf.entry is not None
    assert shelf.entry.value == OTHERS


async def test_a_release_leaves_what_another_process_took_unseen() -> None:
    shelf = Shelf()
    lease = await held(shelf)
    shelf.put(OTHERS)
    await lease.release()
    assert shelf.entry is not None
    assert not lease.is_held


async def test_a_lease_that_cannot_be_refreshed_is_lost_when_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bus.leases.PARTITION_LEASE_S", 0.05)
    monkeypatch.setattr("bus.leases.PROCESS_BEAT_S", 0.01)
    shelf = Shelf()
    lease = HeldLease(cast("Bucket", shelf), NAME, WE.decode())
    await lease.acquire(None)
    shelf.fails = [Unavailable("nobody there")] * 10_000
    await asyncio.wait_for(lease.keep(), 30)
    assert not lease.is_held


class Probe:
    """Says of every process the same."""

    def __init__(self, says: Callable[[], None]) -> None:
        self._says = says
        self.asked = 0

    async def request(self, *_: Any) -> None:
        self.asked += 1
        self._says()


def is_silent() -> None:
    raise NoResponders("nobody listens")


def is_slow() -> None:
    raise Unavailable("no answer")


def is_well() -> None:
    return


@pytest.mark.parametrize(
    ("says", "connected_s", "is_taken"),
    [(is_silent, 60.0, True), (is_silent, 0.0, False), (is_slow, 60.0, False), (is_well, 60.0, False)],
)
async def test_only_a_holder_that_nobody_hears_loses_it_before_its_time(
    monkeypatch: pytest.MonkeyPatch, says: Callable[[], None], connected_s: float, is_taken: bool
) -> None:
    """Right after a reconnect the others are not heard again yet; who is slow has its time to live."""
    monkeypatch.setattr("bus.leases.LIVENESS_PROBE_S", 0.001)
    shelf, probe = Shelf(), Probe(says)
    shelf.put(OTHERS)
    leases = BucketLeases(cast("Core", probe), cast("Bucket", shelf), WE.decode(), lambda: connected_s)

    async def hold() -> None:
        async with leases.hold(NAME) as lease:
            assert lease.is_held

    holding = asyncio.create_task(hold())
    if is_taken:
        await asyncio.wait_for(holding, 30)
        return
    async with asyncio.timeout(30):
        while probe.asked < 3:  # noqa: ASYNC110 - counted by the task under test
            await asyncio.sleep(0.001)
    assert shelf.entry is not None
    assert shelf.entry.value == OTHERS
    holding.cancel()
    await asyncio.wait([holding])
