"""Core messages: lossy publish, request and reply. On NATS and in memory."""

import asyncio

import pytest

from bus.interface import Message, NoResponders, Unavailable
from tests.integration.bus.conftest import World
from tests.integration.bus.given import until


async def test_a_request_that_nobody_serves_fails_at_once(world: World) -> None:
    async with world.open("p1") as bus:
        async with asyncio.timeout(1):
            with pytest.raises(NoResponders):
                await bus.core.request("ctl.t1.r1.lock", b"", 10.0)


async def test_a_request_without_answer_is_unavailable(world: World) -> None:
    async def silent(_: Message) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    async with world.open("p1") as one, world.open("p2") as two, one.core.serve("ctl.t1.r1.x", silent):
        with pytest.raises(Unavailable):
            await two.core.request("ctl.t1.r1.x", b"", 0.1)


async def test_requests_are_answered_with_body_and_headers(world: World) -> None:
    async def echo(message: Message) -> bytes:
        return message.data + message.headers["traceparent"].encode()

    async with world.open("p1") as one, world.open("p2") as two, one.core.serve("sfu.n1.*", echo):
        answer = await two.core.request("sfu.n1.open", b"ask ", 2.0, {"traceparent": "00-1"})
        assert answer == b"ask 00-1"


async def test_one_slow_answer_does_not_hold_up_the_others(world: World) -> None:
    gate = asyncio.Event()

    async def answer(message: Message) -> bytes:
        if message.data == b"slow":
            await gate.wait()
        return message.data

    async with world.open("p1") as one, world.open("p2") as two, one.core.serve("sfu.n1.*", answer):
        slow = asyncio.create_task(two.core.request("sfu.n1.open", b"slow", 5.0))
        assert await two.core.request("sfu.n1.open", b"fast", 5.0) == b"fast"
        gate.set()
        assert await slow == b"slow"


async def test_messages_come_in_order_and_none_from_before_the_block(world: World) -> None:
    found: list[bytes] = []

    async def see(message: Message) -> None:
        await asyncio.sleep(0)
        found.append(message.data)

    async with world.open("p1") as one, world.open("p2") as two:
        await two.core.publish("sig.t1.r1.level", b"early")
        await two.core.request("alive.p1", b"", 1.0)
        async with one.core.subscribe("sig.t1.r1.*", see):
            for n in range(100):
                await two.core.publish("sig.t1.r1.level", str(n).encode())
            await until(lambda: len(found) == 100)
        await two.core.publish("sig.t1.r1.level", b"late")
        await two.core.request("alive.p1", b"", 1.0)
        assert found == [str(n).encode() for n in range(100)]


async def test_a_subscriber_misses_nothing_that_is_sent_after_it_entered(world: World) -> None:
    """The barrier: 100 times subscribe, and another connection publishes at once (bus-facts §0.3)."""
    async with world.open("p1") as one, world.open("p2") as two:
        for n in range(100):
            seen = asyncio.Event()

            async def see(_: Message, seen: asyncio.Event = seen) -> None:
                seen.set()

            async with one.core.subscribe(f"sig.t1.r{n}.level", see):
                await two.core.publish(f"sig.t1.r{n}.level", b"")
                async with asyncio.timeout(60):
                    await seen.wait()


async def test_one_member_of_a_queue_gets_each_message(world: World) -> None:
    found: list[tuple[str, bytes]] = []

    async with world.open("p1") as one, world.open("p2") as two:

        async def at_one(message: Message) -> None:
            found.append(("one", message.data))

        async def at_two(message: Message) -> None:
            found.append(("two", message.data))

        async with (
            one.core.subscribe("ctl.>", at_one, queue="q"),
            two.core.subscribe("ctl.>", at_two, queue="q"),
        ):
            for n in range(50):
                await one.core.publish("ctl.t1.r1.x", str(n).encode())
            await until(lambda: len(found) == 50)
        assert sorted(int(data) for _, data in found) == list(range(50))
        assert {who for who, _ in found} == {"one", "two"}


async def test_a_handler_that_fails_ends_the_block_with_its_error(world: World) -> None:
    async def fail(_: Message) -> None:
        raise ZeroDivisionError

    async with world.open("p1") as bus:
        with pytest.raises(ZeroDivisionError):  # noqa: PT012  # The block itself is what must end.
            async with bus.core.subscribe("sig.t1.r1.*", fail):
                await bus.core.publish("sig.t1.r1.level", b"")
                await asyncio.Event().wait()


async def test_what_the_block_raises_passes_unchanged(world: World) -> None:
    """No group around it: ``except Unavailable`` outside must catch."""

    async def see(_: Message) -> None:
        pass

    async with world.open("p1") as bus:
        with pytest.raises(Unavailable):
            async with bus.core.subscribe("sig.t1.r1.*", see):
                raise Unavailable


async def test_subscriptions_and_services_are_there_again_after_a_crash(world: World) -> None:
    seen = asyncio.Event()

    async def see(_: Message) -> None:
        seen.set()

    async def answer(_: Message) -> bytes:
        return b"here"

    async with (
        world.open("p1") as one,
        world.open("p2") as two,
        one.core.subscribe("sig.t1.r1.*", see),
        one.core.serve("sfu.n1.*", answer),
    ):
        await world.stop()
        await one.disconnected()
        assert not one.is_connected
        await two.core.publish("sig.t1.r1.level", b"lost")
        with pytest.raises(Unavailable):
            await two.core.request("sfu.n1.open", b"", 1.0)
        await world.start()
        await one.connected()
        await two.connected()
        assert await two.core.request("sfu.n1.open", b"", 2.0) == b"here"
        assert not seen.is_set()
        await two.core.publish("sig.t1.r1.level", b"kept")
        async with asyncio.timeout(60):
            await seen.wait()


async def test_entering_a_subscription_waits_for_a_server_that_is_down(world: World) -> None:
    seen = asyncio.Event()

    async def see(_: Message) -> None:
        seen.set()

    async with world.open("p1") as bus:
        await world.stop()
        await bus.disconnected()

        async def subscribe() -> None:
            async with bus.core.subscribe("sig.t1.r1.*", see):
                await bus.core.publish("sig.t1.r1.level", b"")
                await seen.wait()

        subscribing = asyncio.create_task(subscribe())
        await asyncio.sleep(0)
        await world.start()
        async with asyncio.timeout(60):
            await subscribing
