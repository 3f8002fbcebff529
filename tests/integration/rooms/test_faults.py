"""Processes and servers die; the log stays whole and every answer true (reliability §1, §5)."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
import pytest
from msgspec.structs import replace

from bus import nats as bus_nats
from bus import setup
from bus.interface import Bus, Unavailable
from bus.memory import MemoryHub, memory_bus
from rooms.service.run import rooms_service
from schemas.commands.chat import PostMessage
from schemas.commands.lifecycle import CreateRoom, StartSession
from schemas.commands.recording import StartRecording, StopRecording
from schemas.commands.roster import JoinSession
from schemas.envelope import Accepted, Envelope, Outcome
from schemas.events.chat import MessagePosted
from schemas.ids import CommandId, RoomId, RoomKey, TenantId, participant_id
from schemas.limits import PARTITION_LEASE_S
from schemas.settings import Settings
from schemas.subjects import LEASE, PARTITIONS, command, partition_lease, partition_of, partition_partner
from tests import stack
from tests.integration.rooms.conftest import World, until
from tests.unit.rooms.classroom import KEY, TESS

ROOMS = [RoomKey(TenantId("demo"), RoomId(f"room{i}")) for i in range(8)]


class Load:
    """Teachers who each write one numbered message after the other, until told to stop."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.accepted: dict[RoomKey, list[str]] = {key: [] for key in ROOMS}
        self.answered_at: list[float] = []

    async def submit(self, key: RoomKey, command_: object, command_id: str) -> Outcome:
        now = time.time_ns() // 1_000_000
        tess = replace(TESS, participant=participant_id(key, TESS.id))
        envelope = Envelope(key, command_, CommandId(command_id), tess, now + 20_000)  # type: ignore[arg-type]  # A command.
        return await self._bus.commands.submit(envelope, attempt_s=0.5)

    async def prepare(self) -> None:
        """Every room has a class with its teacher."""
        for key in ROOMS:
            for i, wish in enumerate((CreateRoom("Algebra"), StartSession(), JoinSession("Tess"))):
                assert isinstance(await self.submit(key, wish, f"prepare{i}"), Accepted)

    async def write(self, key: RoomKey, stop: asyncio.Event) -> None:
        i = 0
        while not stop.is_set():
            outcome = await self.submit(key, PostMessage(f"{i}"), f"m{i}")
            assert isinstance(outcome, Accepted), outcome
            self.accepted[key].append(f"m{i}")
            self.answered_at.append(time.monotonic())
            i += 1

    def longest_silence_s(self) -> float:
        """Between two answers, of all rooms together."""
        return max(b - a for a, b in zip(self.answered_at, self.answered_at[1:], strict=False))

    async def check(self) -> None:
        """What was accepted is on the log once, in the order of asking, without hole."""
        for key in ROOMS:
            seq = 0
            causes: list[str] = []
            async for stored in self._bus.log.read(key):
                assert stored.commit.seq == seq + 1
                seq = stored.commit.last_seq
                if isinstance(stored.commit.events[0].data, MessagePosted):
                    causes.append(stored.commit.cause)
            assert max(Counter(causes).values(), default=0) <= 1, "a command took effect twice"
            assert causes == sorted(causes, key=lambda cause: int(cause[1:])), "order was lost"
            assert set(self.accepted[key]) <= set(causes), "an accepted command is not on the log"
            assert self.accepted[key], "nothing was accepted at all"


@asynccontextmanager
async def rooms_process(settings: Settings, name: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A real process, killed at the end."""
    environ = {
        **os.environ,
        "CLASSWIRE_NATS_URL": settings.nats_url,
        "CLASSWIRE_PROCESS": name,
        "CLASSWIRE_LOG_LEVEL": "warning",
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "rooms", env=environ)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def owned_by(bus: Bus, process: str) -> int:
    """How many partitions this process has."""
    entries = await bus.bucket(LEASE).entries()
    names = [entries.get(partition_lease(p)) for p in range(PARTITIONS)]
    return sum(1 for entry in names if entry is not None and entry.value == process.encode())


async def until_owned(bus: Bus, process: str, count: int, time_s: float) -> None:
    async with asyncio.timeout(time_s):
        while await owned_by(bus, process) != count:  # noqa: ASYNC110  # It is in another process.
            await asyncio.sleep(0.05)


async def until_standing_by(bus: Bus, process: str, time_s: float) -> None:
    """Waits until a process has said that it shares the partitions."""
    async with asyncio.timeout(time_s):
        while await bus.bucket(LEASE).get(partition_partner(process)) is None:  # noqa: ASYNC110  # As above.
            await asyncio.sleep(0.05)


@asynccontextmanager
async def connected(nats: stack.RunningNats) -> AsyncIterator[tuple[Bus, Settings]]:
    settings = Settings(nats_url=nats.url)
    await setup.create(settings)
    async with bus_nats.connect(msgspec.structs.replace(settings, process="test"), "rooms") as bus:
        yield bus, settings


async def test_a_standby_goes_on_when_the_owner_is_killed(nats: stack.RunningNats) -> None:
    """Measured on an idle machine: about half a second; the bar leaves room for a busy one."""
    async with connected(nats) as (bus, settings), rooms_process(settings, "rooms-a") as first:
        await until_owned(bus, "rooms-a", PARTITIONS, 30)
        load, stop = Load(bus), asyncio.Event()
        await load.prepare()
        async with rooms_process(settings, "rooms-b"), asyncio.TaskGroup() as tasks:
            for key in ROOMS:
                tasks.create_task(load.write(key, stop))
            await until_standing_by(bus, "rooms-b", 30)
            await until(lambda: len(load.answered_at) > 100, 30)
            first.send_signal(signal.SIGKILL)
            await first.wait()
            await until_owned(bus, "rooms-b", PARTITIONS, 15)
            count = len(load.answered_at)
            await until(lambda: len(load.answered_at) > count + 100, 30)
            stop.set()
        await load.check()
        print(f"longest silence {load.longest_silence_s():.2f} s")
        assert load.longest_silence_s() < PARTITION_LEASE_S, "only the probe is faster than the lease's end"


async def test_the_log_is_whole_after_the_server_was_killed(nats: stack.RunningNats) -> None:
    async with connected(nats) as (bus, _), rooms_service(bus):
        load, stop = Load(bus), asyncio.Event()
        await load.prepare()
        async with asyncio.TaskGroup() as tasks:
            for key in ROOMS:
                tasks.create_task(load.write(key, stop))
            for _ in range(3):
                count = len(load.answered_at)
                await until(lambda count=count: len(load.answered_at) > count + 50, 30)  # type: ignore[misc]  # A lambda with a default.
                await asyncio.to_thread(nats.kill)
                await asyncio.to_thread(nats.start)
            count = len(load.answered_at)
            await until(lambda: len(load.answered_at) > count + 50, 30)
            stop.set()
        await load.check()


async def test_an_orderly_stop_gives_the_partitions_away_at_once(nats: stack.RunningNats) -> None:
    async with connected(nats) as (bus, settings), rooms_process(settings, "rooms-a") as first:
        await until_owned(bus, "rooms-a", PARTITIONS, 30)
        async with rooms_process(settings, "rooms-b"):
            await until_standing_by(bus, "rooms-b", 30)
            first.send_signal(signal.SIGTERM)
            assert await first.wait() == 0
            await until_owned(bus, "rooms-b", PARTITIONS, 15)


# --- in one process ------------------------------------------------------------------------------
async def test_a_job_is_put_by_the_successor_of_who_died_before(world: World) -> None:
    """The recording's end is on the log, the job is not: the worst moment to die."""

    class Stuck:
        """Jobs that never get through."""

        def __init__(self) -> None:
            self.asked = asyncio.Event()

        async def put(self, *_: object, **__: object) -> None:
            self.asked.set()
            raise Unavailable("the connection died")

    stuck = Stuck()
    async with world.open("rooms-a") as bus:
        bus.jobs = stuck  # type: ignore[assignment]  # The fault.
        async with rooms_service(bus):
            await world.accepted(TESS, CreateRoom("Algebra"))
            await world.accepted(TESS, StartSession())
            await world.accepted(TESS, StartRecording())
            await world.accepted(TESS, StopRecording())
            await stuck.asked.wait()
    async with world.rooms("rooms-b"):
        assert (await world.next_job())["recording"].startswith("r")


async def test_two_processes_share_the_partitions_and_one_takes_them_back(world: World) -> None:
    async with world.rooms("rooms-a") as first:
        await until(lambda: first.held == PARTITIONS, 5)
        async with world.rooms("rooms-b") as second:
            await until(lambda: first.held == second.held == PARTITIONS // 2, 20)
            await world.accepted(TESS, CreateRoom("Algebra"))
        await until(lambda: first.held == PARTITIONS, 10)
        await world.accepted(TESS, StartSession())


async def test_one_process_has_every_partition_within_a_second(world: World) -> None:
    began = time.monotonic()
    async with world.rooms("rooms-a") as only:
        await until(lambda: only.held == PARTITIONS, 5)
        assert only.trouble is None
        print(f"all partitions after {time.monotonic() - began:.2f} s")


@pytest.fixture
def hub() -> MemoryHub:
    return memory_bus()


async def test_three_processes_have_even_shares(hub: MemoryHub) -> None:
    async with AsyncExitStack() as stack_:
        owners = [
            await stack_.enter_async_context(rooms_service(await stack_.enter_async_context(hub.open(name))))
            for name in ("rooms-a", "rooms-b", "rooms-c")
        ]
        await until(lambda: sorted(owner.held for owner in owners) == [5, 5, 6], 30)


async def test_who_lost_the_bus_stops_deciding_and_comes_back_as_standby(hub: MemoryHub) -> None:
    async with (
        hub.open("test") as bus,
        hub.open("rooms-a") as bus_a,
        rooms_service(bus_a) as first,
    ):
        load, stop = Load(bus), asyncio.Event()
        await load.prepare()
        async with hub.open("rooms-b") as bus_b, rooms_service(bus_b) as second:
            async with asyncio.TaskGroup() as tasks:
                for key in ROOMS:
                    tasks.create_task(load.write(key, stop))
                await until(lambda: len(load.answered_at) > 100)
                await hub.drop("rooms-a")
                await until(lambda: second.held == PARTITIONS)
                await until(lambda: first.held == 0)
                await hub.restore("rooms-a")
                count = len(load.answered_at)
                await until(lambda: len(load.answered_at) > count + 100)
                stop.set()
            await load.check()


async def test_a_message_that_is_no_command_is_kept_for_people_and_blocks_nobody(world: World) -> None:
    async with world.rooms("rooms-a"):
        await world.bus.core.publish(command(KEY, "raise_hand"), b"{}", {"Cw-Actor": "nonsense"})
        await world.accepted(TESS, CreateRoom("Algebra"))
        async with asyncio.timeout(60):
            while not await world.bus.jobs.dead():  # noqa: ASYNC110  # It is on the bus.
                await asyncio.sleep(0.05)
        ((_, body, headers),) = await world.bus.jobs.dead()
        assert (body, headers["Cw-Actor"]) == (b"{}", "nonsense")


async def test_the_server_maps_rooms_to_partitions_as_we_do(nats: stack.RunningNats) -> None:
    keys = [RoomKey(TenantId(f"t{i % 3}"), RoomId(f"room-{i}_X")) for i in range(64)]
    found: dict[RoomKey, int] = {}
    async with connected(nats) as (bus, _):
        for key in keys:
            await bus.core.publish(command(key, "raise_hand"), b"{}", {"Cw-Actor": "nobody"})
        for partition in {partition_of(key) for key in keys}:
            expected = {key for key in keys if partition_of(key) == partition}
            async with asyncio.timeout(60), bus.commands.take(partition) as deliveries:
                async for delivery in deliveries:
                    found[delivery.key] = partition
                    await delivery.ack()
                    if expected <= set(found):
                        break
    assert found == {key: partition_of(key) for key in keys}
    assert len(set(found.values())) > PARTITIONS // 2
