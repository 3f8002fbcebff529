"""CMD: submit until answered, take in order. On NATS and in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bus.background import background
from bus.interface import Bus, Delivery, Refused, Unavailable
from schemas import subjects
from schemas.commands.chat import PostMessage
from schemas.envelope import Accepted, Envelope, Rejected, read_envelope
from schemas.ids import RoomId, RoomKey, TenantId
from schemas.rejections import Code
from tests.integration.bus.conftest import World
from tests.integration.bus.given import ROOM, envelope, take, until


class Decider:
    """Takes all partitions and answers; remembers what it got, by room."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.taken: list[tuple[RoomKey, str]] = []
        self.attempts: list[str] = []
        self.ignore = 0

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        async def work() -> None:
            async with asyncio.TaskGroup() as group:
                for partition in range(subjects.PARTITIONS):
                    group.create_task(self._partition(partition))

        async with background(work()):
            yield

    async def _partition(self, partition: int) -> None:
        async with self._bus.commands.take(partition) as deliveries:
            async for delivery in deliveries:
                await self._decide(delivery)

    async def _decide(self, delivery: Delivery) -> None:
        asked = read_envelope(delivery.key, delivery.name, delivery.headers, delivery.data)
        assert isinstance(asked, Envelope)
        self.attempts.append(delivery.headers[subjects.MESSAGE_ID])
        if self.ignore > 0:
            self.ignore -= 1
        else:
            self.taken.append((delivery.key, asked.id))
            await self._bus.commands.answer(asked.reply_to, Accepted(len(self.taken)))
        await delivery.ack()


async def test_a_command_is_taken_once_and_its_asker_gets_the_outcome(world: World) -> None:
    async with world.open("edge") as edge, world.open("rooms") as rooms:
        decider = Decider(rooms)
        async with decider.at_work():
            outcome = await edge.commands.submit(envelope("c1"))
        assert outcome == Accepted(1)
        assert decider.taken == [(ROOM, "c1")]


async def test_a_rejection_reaches_the_asker(world: World) -> None:
    async with world.open("edge") as edge, world.open("rooms") as rooms:
        asking = asyncio.create_task(edge.commands.submit(envelope("c1")))
        delivery = await next_delivery(rooms)
        reply_to = delivery.headers[subjects.REPLY_INBOX]
        await rooms.commands.answer(reply_to, Rejected(Code.FORBIDDEN, "No."))
        assert await asking == Rejected(Code.FORBIDDEN, "No.")


async def next_delivery(bus: Bus) -> Delivery:
    """The next command of any partition, acknowledged."""
    found: asyncio.Queue[Delivery] = asyncio.Queue()

    async def one(partition: int) -> None:
        async with bus.commands.take(partition) as deliveries:
            async for delivery in deliveries:
                await delivery.ack()
                found.put_nowait(delivery)

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            for partition in range(subjects.PARTITIONS):
                group.create_task(one(partition))

    async with background(work()), asyncio.timeout(60):
        return await found.get()


async def test_commands_of_a_room_are_taken_in_the_order_they_were_stored(world: World) -> None:
    keys = [RoomKey(TenantId("t1"), RoomId(f"r{n}")) for n in range(20)]
    async with world.open("edge") as edge, world.open("rooms") as rooms:
        decider = Decider(rooms)
        async with decider.at_work():
            for n in range(10):
                await asyncio.gather(*(edge.commands.submit(envelope(f"c{n}", key=key)) for key in keys))
        for key in keys:
            assert [found for at, found in decider.taken if at == key] == [f"c{n}" for n in range(10)]


async def test_an_unanswered_command_is_sent_again_under_another_message_id(world: World) -> None:
    """A retry must reach the decider: the server may not take it for a duplicate."""
    async with world.open("edge") as edge, world.open("rooms") as rooms:
        decider = Decider(rooms)
        decider.ignore = 2
        async with decider.at_work():
            assert await edge.commands.submit(envelope("c1"), attempt_s=0.1) == Accepted(1)
        assert len(set(decider.attempts)) == len(decider.attempts) >= 3
        assert decider.taken[0] == (ROOM, "c1")


async def test_a_command_submitted_again_by_its_asker_gets_through_at_once(world: World) -> None:
    async with world.open("edge") as edge, world.open("rooms") as rooms:
        decider = Decider(rooms)
        async with decider.at_work():
            assert await edge.commands.submit(envelope("c1")) == Accepted(1)
            async with asyncio.timeout(1):
                assert await edge.commands.submit(envelope("c1")) == Accepted(2)


async def test_without_a_decider_the_asker_learns_at_the_deadline_that_it_is_unknown(world: World) -> None:
    async with world.open("edge") as edge:
        with pytest.raises(Unavailable):
            await edge.commands.submit(envelope("c1", lives_s=0.3), attempt_s=0.1)


async def test_a_command_that_is_too_large_is_refused(world: World) -> None:
    async with world.open("edge") as edge:
        asked = envelope("c1")
        huge = Envelope(asked.key, PostMessage("x" * 70_000), asked.id, asked.actor, asked.deadline)
        with pytest.raises(Refused):
            await edge.commands.submit(huge)


async def test_what_was_acknowledged_never_comes_again(world: World) -> None:
    async with world.open("edge") as edge, world.open("rooms") as rooms:
        partition = await partition_of_room(edge, rooms)
        await put(edge, "c1", "c2")
        async with rooms.commands.take(partition) as deliveries:
            first, _ = await take(2, deliveries)
            await first.ack()
        async with rooms.commands.take(partition) as deliveries:
            (second,) = await take(1, deliveries)
            assert second.headers[subjects.COMMAND_ID] == "c2"
            assert second.redelivered
            await second.ack()


async def test_a_command_given_back_comes_again(world: World) -> None:
    async with world.open("edge") as edge, world.open("rooms") as rooms:
        partition = await partition_of_room(edge, rooms)
        await put(edge, "c1")
        async with rooms.commands.take(partition) as deliveries:
            (first,) = await take(1, deliveries)
            assert not first.redelivered
            await first.nak(0.05)
            (again,) = await take(1, deliveries)
            assert again.headers[subjects.COMMAND_ID] == "c1"
            assert again.redelivered
            await again.ack()


async def test_takeover_keeps_order(world: World) -> None:
    """What a dead owner held comes first, in order, before what was stored later (bus-facts §0.4)."""
    async with world.open("edge") as edge, world.open("one") as one, world.open("two") as two:
        partition = await partition_of_room(edge, two)
        await put(edge, *(f"c{n}" for n in range(10)))
        async with one.commands.take(partition) as held:
            first = await take(4, held)
            await first[0].ack()
            await world.kill(one)
            await put(edge, *(f"c{n}" for n in range(10, 15)))
            async with two.commands.take(partition) as deliveries:
                taken = await take(14, deliveries)
                assert [found.headers[subjects.COMMAND_ID] for found in taken] == [
                    f"c{n}" for n in range(1, 15)
                ]
                assert [found.redelivered for found in taken[:3]] == [True] * 3
                assert not taken[-1].redelivered


async def test_a_hung_predecessor_gets_nothing_more(world: World) -> None:
    """Its connection stands and its pull still waits; the successor gets every command nevertheless."""
    async with world.open("edge") as edge, world.open("one") as one, world.open("two") as two:
        partition = await partition_of_room(edge, two)
        await put(edge, "c0")
        async with one.commands.take(partition) as held:
            await take(1, held)  # And then it does not read any more, nor ask.
            async with two.commands.take(partition) as deliveries:
                await put(edge, *(f"c{n}" for n in range(1, 6)))
                taken = await take(6, deliveries)
                assert [found.headers[subjects.COMMAND_ID] for found in taken] == [f"c{n}" for n in range(6)]


async def test_order_is_kept_when_the_owners_connection_breaks(world: World) -> None:
    async with world.open("edge") as edge, world.open("rooms") as rooms:
        partition = await partition_of_room(edge, rooms)
        await put(edge, *(f"c{n}" for n in range(5)))
        async with rooms.commands.take(partition) as deliveries:
            taken = await take(2, deliveries)
            await world.drop(rooms)
            await put(edge, *(f"c{n}" for n in range(5, 8)))
            for delivery in taken:
                await delivery.ack()  # Of a lost connection: not known whether it helped.
            seen: list[str] = []
            async with asyncio.timeout(60):
                while "c7" not in seen:
                    delivery = await anext(deliveries)
                    seen.append(delivery.headers[subjects.COMMAND_ID])
                    await delivery.ack()
            fresh = seen[seen.index("c0") :] if "c0" in seen else seen
            assert fresh == sorted(fresh)
            assert seen[-6:] == [f"c{n}" for n in range(2, 8)]


async def test_a_command_in_flight_survives_a_crash_of_the_server(world: World) -> None:
    """Nobody restarts a process: the asker asks again, the taker takes again."""
    async with world.open("edge") as edge, world.open("rooms") as rooms:
        decider = Decider(rooms)
        async with decider.at_work():
            await edge.commands.submit(envelope("c0"))
            decider.ignore = 1_000  # Taken, and not answered before the crash.
            asking = asyncio.create_task(edge.commands.submit(envelope("c1", lives_s=20), attempt_s=0.5))
            await until(lambda: decider.ignore < 1_000)
            await world.stop()
            await rooms.disconnected()
            decider.ignore = 0
            await world.start()
            async with asyncio.timeout(60):
                assert isinstance(await asking, Accepted)
        assert (ROOM, "c1") in decider.taken


async def test_a_command_asked_while_the_server_is_down_is_answered_when_it_is_back(world: World) -> None:
    async with world.open("edge") as edge, world.open("rooms") as rooms:
        decider = Decider(rooms)
        async with decider.at_work():
            await edge.commands.submit(envelope("c0"))
            await world.stop()
            await edge.disconnected()
            asking = asyncio.create_task(edge.commands.submit(envelope("c1", lives_s=20)))
            await asyncio.sleep(0)
            await world.start()
            async with asyncio.timeout(60):
                assert isinstance(await asking, Accepted)


async def put(bus: Bus, *command_ids: str) -> None:
    """Stores commands without waiting for their outcome."""
    for command_id in command_ids:
        with pytest.raises(Unavailable):
            await bus.commands.submit(envelope(command_id, lives_s=0.02), attempt_s=10)


async def partition_of_room(asker: Bus, taker: Bus) -> int:
    """Where the server puts the commands of the test's room."""
    found: asyncio.Queue[int] = asyncio.Queue()

    async def one(partition: int) -> None:
        async with taker.commands.take(partition) as deliveries:
            async for delivery in deliveries:
                await delivery.ack()
                found.put_nowait(partition)

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            for partition in range(subjects.PARTITIONS):
                group.create_task(one(partition))

    async with background(work()), asyncio.timeout(60):
        await put(asker, "probe")
        return await found.get()
