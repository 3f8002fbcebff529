"""The log's clock. On NATS and in memory."""

import asyncio
import time

import pytest

from bus.memory import memory_bus
from tests.integration.bus.conftest import World

TEN_MINUTES_S = 600.0


async def test_every_process_reckons_in_the_servers_time(world: World) -> None:
    async with world.open("one") as one, world.open("two") as two:
        assert abs(one.clock() - two.clock()) < 100
        assert abs(one.clock() - time.time() * 1000) < 1_000  # The server runs on this machine.


async def test_a_machine_whose_clock_is_wrong_or_is_set_does_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fault F12: the machine is ten minutes off, and is set back five seconds while it runs."""
    true_time = time.time
    hub = memory_bus(true_time)
    monkeypatch.setattr(time, "time_ns", lambda: int((true_time() - TEN_MINUTES_S) * 1e9))
    monkeypatch.setattr(time, "time", lambda: true_time() - TEN_MINUTES_S)
    async with hub.open("slow") as slow:
        assert abs(slow.clock() - true_time() * 1000) < 1_000
        before = slow.clock()
        monkeypatch.setattr(time, "time_ns", lambda: int((true_time() - TEN_MINUTES_S - 5) * 1e9))
        await asyncio.sleep(0)
        assert slow.clock() >= before


async def test_a_server_whose_clock_jumps_is_followed() -> None:
    ahead_s = 0.0
    hub = memory_bus(lambda: time.time() + ahead_s)
    async with hub.open("one") as one:
        ahead_s = TEN_MINUTES_S
        assert await one.clock.look()  # type: ignore[attr-defined]  # What it does every ten seconds.
        assert abs(one.clock() - (time.time() + ahead_s) * 1000) < 1_000
