"""A node and the class that it serves, on a bus in memory, with the real rules between them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from msgspec import Raw

from bus.interface import Bus
from bus.memory import MemoryHub, memory_bus
from rooms.follower import RoomFollower, follow_room, load
from rooms.room import apply, decide, topic
from schemas import subjects
from schemas.commands import Command
from schemas.commands.lifecycle import CreateRoom, StartSession
from schemas.commands.media import PlaceRoom
from schemas.commands.roster import JoinSession
from schemas.envelope import (
    Accepted,
    Actor,
    Commit,
    Envelope,
    RecordedActor,
    Rejected,
    read_envelope,
)
from schemas.ids import CommandId, ConnectionId, EdgeId, RoomId, RoomKey, TenantId, participant_id
from schemas.rejections import Rejection
from schemas.signalling import MediaRequest, Signal
from sfu.clock import now_ms
from sfu.interface import EventSink, Forwarder, ForwarderEvent
from sfu.node import Node
from sfu.service import serve_node

KEY = RoomKey(TenantId("demo"), RoomId("media"))


def person(name: str) -> Actor:
    return Actor(
        "user",
        name,
        participant_id(KEY, name),
        name.title(),
        ("teach",),
        connection=ConnectionId(f"{name}-page"),
        edge=EdgeId("edge-1"),
    )


TESS, SAM = person("tess"), person("sam")
SERVICE = Actor("service", "rooms")


class Campus:
    """A live class on a node. Browsers ask through ``ask``; the log is the real one."""

    def __init__(self, bus: Bus, node: Node, follower: RoomFollower, decider: asyncio.Task[None]) -> None:
        self.bus = bus
        self.decider = decider
        self.node = node
        self.follower = follower
        self.signals: list[tuple[str, Signal]] = []

    async def ask(self, actor: Actor, method: str, data: str) -> str:
        """What an edge does with a browser's media frame."""
        state = self.follower.state
        assert actor.participant is not None
        assert actor.connection is not None
        request = MediaRequest(
            KEY, actor.participant, actor.connection, state.placement.epoch, state.seq, Raw(data.encode())
        )
        answer = await self.bus.core.request(
            subjects.sfu_request(self.node.id, method), msgspec.json.encode(request), 15.0
        )
        return answer.decode()

    async def says(self, actor: Actor, command: Command) -> None:
        """Somebody asks the log; returns when this campus follows it."""
        outcome = await submit(self.bus, actor, command)
        assert isinstance(outcome, Accepted), outcome
        await self.follower.reached(outcome.seq)

    def heard(self, kind: str) -> list[Any]:
        """The signals of a kind, decoded."""
        return [msgspec.json.decode(s.data) for name, s in self.signals if name == kind]


_number = iter(range(1_000_000))


async def submit(bus: Bus, actor: Actor, command: Command) -> Accepted | Rejected:
    return await bus.commands.submit(
        Envelope(KEY, command, CommandId(f"x{next(_number)}"), actor, now_ms() + 10_000)
    )


async def _decide(bus: Bus) -> None:
    """The rules on one partition at a time: what ``rooms.service`` does, without its care."""
    async with asyncio.TaskGroup() as tasks:
        for partition in range(subjects.PARTITIONS):
            tasks.create_task(_decide_partition(bus, partition))


async def _decide_partition(bus: Bus, partition: int) -> None:
    async with bus.commands.take(partition) as deliveries:
        async for delivery in deliveries:
            envelope = read_envelope(delivery.key, delivery.name, delivery.headers, delivery.data)
            assert isinstance(envelope, Envelope)
            position = await load(bus, envelope.key)
            state = position.state
            events = decide(state, envelope, now_ms())
            if isinstance(events, Rejection):
                await bus.commands.answer(envelope.reply_to, Rejected(events.code, events.message))
            else:
                if events:
                    actor = RecordedActor(envelope.actor.kind, envelope.actor.id, envelope.actor.participant)
                    commit = Commit(state.seq + 1, now_ms(), envelope.id, actor, events)
                    await bus.log.append(
                        envelope.key,
                        commit,
                        topic=topic(envelope.command),
                        expected_stream_seq=position.stream_seq,
                    )
                    state = apply(state, commit)
                await bus.commands.answer(envelope.reply_to, Accepted(state.seq))
            await delivery.ack()


@asynccontextmanager
async def campus(
    *people: Actor, opener: Callable[[EventSink], Awaitable[Forwarder]]
) -> AsyncIterator[Campus]:
    """A class with these people, on a node with this packet path."""
    hub: MemoryHub = memory_bus()
    node: Node | None = None

    def receive(event: ForwarderEvent) -> None:
        if node is not None:
            node.receive(event)

    async with hub.open("edge-1") as bus, hub.open("rooms-1") as rooms, hub.open("sfu-1") as media:
        decider = asyncio.create_task(_decide(rooms))
        forwarder = await opener(receive)
        try:
            async with serve_node(media, forwarder, ("127.0.0.1",)) as node:
                for actor, command in (
                    (TESS, CreateRoom("Media")),
                    (TESS, StartSession()),
                    (SERVICE, PlaceRoom(node.id)),
                    *((actor, JoinSession(actor.display_name)) for actor in people),
                ):
                    outcome = await submit(bus, actor, command)
                    assert isinstance(outcome, Accepted), outcome
                async with _following(bus, node, decider) as found:
                    yield found
        finally:
            await forwarder.close()
            decider.cancel()
            await asyncio.wait([decider])


@asynccontextmanager
async def _following(bus: Bus, node: Node, decider: asyncio.Task[None]) -> AsyncIterator[Campus]:
    async with follow_room(bus, KEY) as follower:
        found = Campus(bus, node, follower, decider)

        async def hear(message: Any) -> None:
            kind = message.subject.rsplit(".", 1)[-1]
            found.signals.append((kind, msgspec.json.decode(message.data, type=Signal)))

        async def read() -> None:
            async for _ in follower.commits():
                pass

        reader = asyncio.create_task(read())
        try:
            async with bus.core.subscribe(subjects.room_signals(KEY), hear):
                yield found
        finally:
            reader.cancel()
            await asyncio.wait([reader])
