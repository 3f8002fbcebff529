"""Leases: one holder, quickly replaced. On NATS and in memory."""

import asyncio
import time

from bus.interface import Bus, Lease
from schemas import subjects
from schemas.limits import PARTITION_LEASE_S, PROCESS_BEAT_S
from tests.integration.bus.conftest import World
from tests.integration.bus.given import until


class Holder:
    """A process that wants a lease, and holds it until told otherwise."""

    def __init__(self, bus: Bus, name: str = "partition.0") -> None:
        self._bus = bus
        self._name = name
        self.lease: Lease | None = None
        self._release = asyncio.Event()
        self.task = asyncio.create_task(self._hold())

    async def _hold(self) -> None:
        async with self._bus.leases.hold(self._name) as lease:
            self.lease = lease
            await self._release.wait()

    @property
    def has_it(self) -> bool:
        return self.lease is not None and self.lease.is_held

    async def release(self) -> None:
        self._release.set()
        await self.task


async def test_a_lease_has_one_holder(world: World) -> None:
    async with world.open("p1") as one, world.open("p2") as two:
        first = Holder(one)
        await until(lambda: first.has_it)
        second = Holder(two)
        await asyncio.sleep(1)
        assert first.has_it
        assert not second.has_it
        assert await two.leases.holder("partition.0") == "p1"
        await first.release()
        await until(lambda: second.has_it)
        assert await one.leases.holder("partition.0") == "p2"
        await second.release()
        assert await one.leases.holder("partition.0") is None


async def test_a_lease_is_kept_longer_than_its_time_to_live(world: World) -> None:
    async with world.open("p1") as bus:
        holder = Holder(bus)
        await until(lambda: holder.has_it)
        await asyncio.sleep(PARTITION_LEASE_S + 0.7)
        assert holder.has_it
        assert await bus.leases.holder("partition.0") == "p1"
        await holder.release()


async def test_a_dead_holder_is_replaced_in_about_half_a_second(world: World) -> None:
    """Nobody listens on its ``alive`` subject any more; the TTL would take three seconds."""
    async with world.open("p1") as one, world.open("p2") as two:
        first = Holder(one)
        await until(lambda: first.has_it)
        second = Holder(two)
        await until(lambda: two.is_connected)
        await asyncio.sleep(1.6)  # LIVENESS_GRACE_S: both are known to be connected for long.
        died = time.monotonic()
        await world.kill(one)
        await until(lambda: second.has_it, within_s=PARTITION_LEASE_S + 2)
        assert time.monotonic() - died < PARTITION_LEASE_S - PROCESS_BEAT_S  # The TTL alone takes longer.
        await second.release()
        first.task.cancel()
        await asyncio.wait([first.task])


async def test_a_holder_without_connection_knows_in_time_that_its_lease_is_lost(world: World) -> None:
    """Judged by its own clock, before the server could give it to another."""
    async with world.open("p1") as bus:
        holder = Holder(bus)
        await until(lambda: holder.has_it)
        assert holder.lease is not None
        began = time.monotonic()
        await world.stop()
        async with asyncio.timeout(PARTITION_LEASE_S + 1):
            await holder.lease.lost()
        assert not holder.lease.is_held
        assert time.monotonic() - began <= PARTITION_LEASE_S + 0.1
        await world.start()
        await bus.connected()
        await holder.release()


async def test_a_short_outage_does_not_cost_the_lease(world: World) -> None:
    async with world.open("p1") as bus:
        holder = Holder(bus)
        await until(lambda: holder.has_it)
        await world.stop()
        await bus.disconnected()
        await world.start()
        await bus.connected()
        assert holder.lease is not None
        assert await holder.lease.confirm()
        await asyncio.sleep(PARTITION_LEASE_S)
        assert holder.has_it
        await holder.release()


async def test_after_a_long_outage_there_is_one_holder_again(world: World) -> None:
    async with world.open("p1") as one, world.open("p2") as two:
        first, second = Holder(one), Holder(two)
        await until(lambda: first.has_it or second.has_it)
        await world.stop()
        await until(lambda: not first.has_it and not second.has_it)
        await world.start()
        await one.connected()
        await two.connected()
        lost = first if first.lease is not None else second
        await lost.release()
        again = Holder(one if lost is first else two)
        others = second if lost is first else first
        await until(lambda: again.has_it or others.has_it)
        await asyncio.sleep(0.5)
        assert again.has_it != others.has_it
        for holder in (again, others):
            holder.task.cancel()
            await asyncio.wait([holder.task])


async def test_a_deposed_holder_learns_it_by_asking(world: World) -> None:
    async with world.open("p1") as one, world.open("p2") as two:
        holder = Holder(one)
        await until(lambda: holder.has_it)
        assert holder.lease is not None
        assert await holder.lease.confirm()
        await two.bucket(subjects.LEASE).put("partition.0", b"p2", ttl_s=3)
        assert not await holder.lease.confirm()
        assert not holder.lease.is_held
        await holder.lease.lost()
        await holder.release()
        assert await one.leases.holder("partition.0") == "p2"


async def test_a_lease_left_by_our_own_earlier_life_is_taken_at_once(world: World) -> None:
    async with world.open("p1") as bus:
        await bus.bucket(subjects.LEASE).put("partition.0", b"p1", ttl_s=3)
        holder = Holder(bus)
        await until(lambda: holder.has_it, within_s=1)
        await holder.release()
