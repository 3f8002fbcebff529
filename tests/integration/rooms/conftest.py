"""The rooms service on a bus, in memory and on a real nats-server: the same tests for both."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

import msgspec
import pytest

from bus import nats as bus_nats
from bus import setup
from bus.background import background
from bus.interface import Bus, Job
from bus.memory import memory_bus
from rooms.service.ownership import Ownership
from rooms.service.run import rooms_service
from schemas.commands import Command
from schemas.envelope import Accepted, Actor, Commit, Envelope, Outcome
from schemas.events import EventData
from schemas.ids import CommandId, EdgeId, NodeId, RoomKey
from schemas.registry import EdgeRegistration, NodeRegistration
from schemas.settings import Settings
from schemas.subjects import EDGE_LEASE, SFU_NODE
from tests import stack
from tests.unit.rooms.classroom import EDGE, KEY, NODE

Fact = TypeVar("Fact", bound=EventData)


class Clock:
    """The wall clock, and how far the test has moved it."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms


class World:
    """A bus that processes can be opened on, and one process of the test's own (``bus``)."""

    def __init__(self, open_bus: Callable[[str], AbstractAsyncContextManager[Bus]], bus: Bus) -> None:
        self.open = open_bus
        self._count = 0
        self.bus = bus
        self.clock = Clock()

    @asynccontextmanager
    async def rooms(self, process: str) -> AsyncIterator[Ownership]:
        """A rooms process, until the block ends in order."""
        async with self.open(process) as bus, rooms_service(bus, self.clock) as ownership:
            yield ownership

    async def ask(self, actor: Actor, command: Command, command_id: str = "", key: RoomKey = KEY) -> Outcome:
        """Submits a command and waits for its outcome."""
        self._count += 1
        command_id = command_id or f"t{self._count}"
        envelope = Envelope(key, command, CommandId(command_id), actor, self.clock() + 10_000)
        return await self.bus.commands.submit(envelope)

    async def accepted(self, actor: Actor, command: Command, key: RoomKey = KEY) -> int:
        """The same for what must be accepted; its seq."""
        outcome = await self.ask(actor, command, key=key)
        assert isinstance(outcome, Accepted), f"{command}: {outcome}"
        return outcome.seq

    async def log(self, key: RoomKey = KEY) -> list[Commit]:
        """The room's log."""
        return [stored.commit async for stored in self.bus.log.read(key)]

    async def types(self, key: RoomKey = KEY) -> list[str]:
        """The types of all its events."""
        return [event.type for commit in await self.log(key) for event in commit.events]

    async def happened(self, kind: type[Fact], count: int = 1, key: RoomKey = KEY) -> Fact:
        """Waits for an event of this kind, or its ``count``-th."""
        async with (
            asyncio.timeout(60),
            self.bus.log.follow(key, after_seq=0, after_stream_seq=0) as commits,
        ):
            async for stored in commits:
                for event in stored.commit.events:
                    if isinstance(event.data, kind):
                        count -= 1
                        if count == 0:
                            return event.data
        raise AssertionError("the log ended")

    async def next_job(self) -> dict[str, str]:
        """The next job of kind ``record``; it is done then."""
        found: asyncio.Queue[bytes] = asyncio.Queue()

        async def take(job: Job) -> None:
            await found.put(job.data)

        async with asyncio.timeout(60), background(self.bus.jobs.work("record", take)):
            body: dict[str, str] = msgspec.json.decode(await found.get())
            return body

    async def edge_lives(self, edge: EdgeId = EDGE) -> None:
        """An edge registers; it lives until its key is deleted."""
        value = msgspec.json.encode(EdgeRegistration(edge, 0, self.clock(), self.clock()))
        await self.bus.bucket(EDGE_LEASE).put(edge, value)

    async def node_lives(self, node: NodeId = NODE) -> None:
        """A media node registers; it lives until its key is deleted."""
        value = msgspec.json.encode(NodeRegistration(node, ("127.0.0.1",), 1, 0.0, 0, False, 0, 0))
        await self.bus.bucket(SFU_NODE).put(node, value)


@pytest.fixture(params=["memory", "nats"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """A fresh bus of each kind, with one edge and one media node."""
    if request.param == "memory":
        hub = memory_bus()

        def opened(process: str) -> AbstractAsyncContextManager[Bus]:
            return hub.open(process)
    else:
        server: stack.RunningNats = request.getfixturevalue("nats")
        settings = Settings(nats_url=server.url)
        await setup.create(settings)

        def opened(process: str) -> AbstractAsyncContextManager[Bus]:
            return bus_nats.connect(msgspec.structs.replace(settings, process=process), "rooms")

    async with opened("test") as bus:
        made = World(opened, bus)
        await made.edge_lives()
        await made.node_lives()
        yield made


async def until(holds: Callable[[], bool], time_s: float = 10.0) -> None:
    """Waits for a condition of this process."""
    async with asyncio.timeout(time_s):
        while not holds():  # noqa: ASYNC110  # The condition is about plain values of other code.
            await asyncio.sleep(0.01)
