"""Processes and the server are killed with SIGKILL while commands flow: nothing is lost, doubled or
disordered, and nobody else is restarted."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bus.interface import Bus, Unavailable
from schemas import subjects
from schemas.envelope import Accepted
from schemas.ids import RoomId, RoomKey, TenantId
from tests.integration.bus.conftest import NatsWorld
from tests.integration.bus.given import envelope, take, until

KEYS = [RoomKey(TenantId("t1"), RoomId(f"r{n}")) for n in range(4)]
ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def owner(world: NatsWorld, process: str) -> AsyncIterator[Process]:
    """An owner process, killed at the end."""
    command = ("-m", "tests.integration.bus.owner", world.server.url, process)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    child = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE, env=environment)
    try:
        assert child.stdout is not None
        await child.stdout.readline()
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()  # Also closes the pipe.


class Askers:
    """One asker per room, one command after the other; an unanswered one is asked again, same id."""

    def __init__(self, bus: Bus, count: int) -> None:
        self._bus = bus
        self._count = count
        self.answered: dict[RoomKey, list[str]] = {key: [] for key in KEYS}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for key in KEYS:
                group.create_task(self._ask(key))

    async def _ask(self, key: RoomKey) -> None:
        for n in range(self._count):
            while True:
                try:
                    asked = envelope(f"c{n:04}", key=key, lives_s=8)
                    assert isinstance(await self._bus.commands.submit(asked, attempt_s=1.0), Accepted)
                except Unavailable:
                    continue
                break
            self.answered[key].append(f"c{n:04}")


async def check(bus: Bus, askers: Askers, count: int) -> None:
    """Every answered command is on the log, once, in the order in which it was asked, without hole."""
    for key in KEYS:
        stored = [found async for found in bus.log.read(key)]
        assert [found.commit.cause for found in stored] == askers.answered[key]
        assert [found.commit.seq for found in stored] == list(range(1, count + 1))
        async with bus.log.follow(key, after_seq=0, after_stream_seq=0) as commits:
            assert await take(count, commits) == stored


async def test_the_standby_takes_over_from_a_killed_owner_in_order_and_soon(nats_world: NatsWorld) -> None:
    count = 60
    async with (
        nats_world.open("edge") as edge,
        owner(nats_world, "one") as one,
        owner(nats_world, "two"),
    ):
        askers = Askers(edge, count)
        running = asyncio.create_task(askers.run())
        await reached(askers, 20)
        held = [await edge.leases.holder(subjects.partition_lease(n)) for n in range(subjects.PARTITIONS)]
        assert "one" in held
        one.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        async with asyncio.timeout(30):
            async with edge.bucket(subjects.LEASE).watch() as changes:
                while await holders(edge) != ["two"] * subjects.PARTITIONS:
                    await anext(changes)
        gap_s = time.monotonic() - killed
        async with asyncio.timeout(60):
            await running
        await check(edge, askers, count)
        print(f"all partitions taken over {gap_s:.2f} s after SIGKILL")


async def test_a_killed_server_comes_back_and_everything_goes_on(nats_world: NatsWorld) -> None:
    """Twice: the askers ask again, the followers repair, leases are found again, commands are taken."""
    count = 40
    async with nats_world.open("edge") as edge, owner(nats_world, "one"), owner(nats_world, "two"):
        askers = Askers(edge, count)
        running = asyncio.create_task(askers.run())
        async with edge.log.follow(KEYS[0], after_seq=0, after_stream_seq=0) as commits:
            for so_many in (10, 25):
                await reached(askers, so_many)
                await nats_world.stop()
                await edge.disconnected()
                await nats_world.start()
                back = time.monotonic()
                await reached(askers, so_many + 3)
                print(f"three more answers {time.monotonic() - back:.2f} s after the server was back")
            async with asyncio.timeout(60):
                await running
            assert [stored.commit.seq for stored in await take(count, commits)] == list(range(1, count + 1))
        await check(edge, askers, count)


async def holders(bus: Bus) -> list[str]:
    entries = await bus.bucket(subjects.LEASE).entries()
    return [entry.value.decode() for key, entry in entries.items() if key.startswith("partition.")]


async def reached(askers: Askers, count: int) -> None:
    """Waits until every room has so many answers."""
    await until(lambda: min(len(answers) for answers in askers.answered.values()) >= count, within_s=60)
