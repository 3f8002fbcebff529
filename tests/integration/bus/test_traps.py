"""Traps of the server and its client library, each shown on the real server beside what we do instead.

The numbers are those of bus-facts §0. A trap that no longer shows is good news: the code that works
around it may go.
"""

import asyncio
from contextlib import suppress

import msgspec
import nats
import nats.errors
import nats.js.errors
import pytest
from nats.aio.msg import Msg

import bus.setup
from bus import api
from bus.api import NotFoundError
from bus.connection import Connection, connection
from bus.interface import Bus, Conflict, Message, Purged, Refused, Unavailable
from bus.nats import NatsBus
from bus.publisher import store
from schemas import subjects
from schemas.ids import RoomKey, TenantId
from schemas.settings import Settings
from tests.integration.bus.conftest import NatsWorld
from tests.integration.bus.given import ROOM, TOPIC, commit, envelope, take, until


def link_of(opened: Bus) -> Connection:
    assert isinstance(opened, NatsBus)
    return opened._connection


async def test_core_subscriber_on_live_never_sees_a_refused_append(nats_world: NatsWorld) -> None:
    """§0.1: a subscriber on the stored subject does see it, hence ``live.`` alone."""
    on_live: list[Message] = []
    on_class: list[Message] = []

    async def see_live(message: Message) -> None:
        on_live.append(message)

    async def see_class(message: Message) -> None:
        on_class.append(message)

    async with (
        nats_world.open("p1") as one,
        one.core.subscribe(subjects.LIVE_ALL, see_live),
        one.core.subscribe(subjects.ALL_EVENTS, see_class),
    ):
        await one.log.append(ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
        with pytest.raises(Conflict):
            await one.log.append(ROOM, commit(1, cause="rival"), topic=TOPIC, expected_stream_seq=0)
        await one.log.append(ROOM, commit(2), topic=TOPIC, expected_stream_seq=1)
        await until(lambda: len(on_live) == 2 and len(on_class) == 3)
        assert [message.headers["ce-id"] for message in on_live] == ["t1/r1/1", "t1/r1/2"]


async def test_refused_appends_do_not_block_the_pipeline(nats_world: NatsWorld) -> None:
    """§0.2: nats-py's ``publish_async`` would hang on each of the refusals, and leak its slot."""
    async with nats_world.open("p1") as one, asyncio.timeout(10):
        race = [
            one.log.append(ROOM, commit(1, cause=f"c{n}"), topic=TOPIC, expected_stream_seq=0)
            for n in range(500)
        ]
        ended = await asyncio.gather(*race, return_exceptions=True)
        assert sum(isinstance(end, Conflict) for end in ended) == 499
        assert await one.log.append(ROOM, commit(2), topic=TOPIC, expected_stream_seq=1) == 2


async def test_flush_alone_is_not_a_barrier_and_ours_is(nats_world: NatsWorld) -> None:
    """§0.3: the library's PING overtakes the queued SUB. Ours is a message behind it."""
    written: list[bytes] = []
    async with connection([nats_world.server.url], "", "", name="x", role="test") as link:
        transport = link.client._transport
        assert transport is not None
        write, writelines = transport.write, transport.writelines

        def seen_write(data: bytes) -> None:
            written.append(bytes(data))
            write(data)

        def seen_writelines(lines: list[bytes]) -> None:
            written.extend(bytes(line) for line in lines)
            writelines(lines)

        transport.write = seen_write  # type: ignore[method-assign, assignment]
        transport.writelines = seen_writelines  # type: ignore[method-assign, assignment]

        async def ignore(_: Msg) -> None:
            pass

        await link.client.subscribe("sig.t1.r1.x", cb=ignore)
        await link.client.flush()
        wire = b"".join(written)
        assert wire.index(b"PING") < wire.index(b"SUB sig.t1.r1.x"), "flush() has become a barrier"
        written.clear()
        async with link.subscription("sig.t1.r2.x", lambda _: None):
            wire = b"".join(written)
            assert wire.index(b"SUB sig.t1.r2.x") < wire.index(f"PUB {link.inbox}.".encode())


async def test_the_libraries_own_create_fails_on_an_expiry_marker_and_ours_does_not(
    nats_world: NatsWorld,
) -> None:
    """§0.7."""
    async with nats_world.open("p1") as one:
        bucket = one.bucket(subjects.LEASE)
        client = await nats.connect(nats_world.server.url)
        try:
            theirs = await client.jetstream().key_value(subjects.LEASE)
            async with bucket.watch() as changes:
                await bucket.create("a", b"1", ttl_s=1)
                await take(2, changes)
            with pytest.raises(nats.js.errors.KeyWrongLastSequenceError):
                await theirs.create("a", b"2")
        finally:
            await client.close()
        await bucket.create("a", b"3")


async def test_expiry_reaches_a_watch_and_no_core_subscriber(nats_world: NatsWorld) -> None:
    """§0.8: markers are stored, never published."""
    published: list[Message] = []

    async def see(message: Message) -> None:
        published.append(message)

    async with nats_world.open("p1") as one, one.core.subscribe("$KV.>", see):
        bucket = one.bucket(subjects.EDGE_LEASE)
        async with bucket.watch() as changes:
            await bucket.create("e1", b"1", ttl_s=1)
            _, gone = await take(2, changes)
            assert gone.expired
        await one.core.request(subjects.alive("p1"), b"", 1.0)
        assert len(published) == 1


async def test_a_reset_durable_goes_on_feeding_whoever_waited_there(nats_world: NatsWorld) -> None:
    """Why ``take`` deletes and creates: with the server's reset a hung owner still gets commands."""
    async with nats_world.open("p1") as hung, nats_world.open("p2") as other:
        one, two = link_of(hung), link_of(other)
        got: list[Msg] = []
        durable = subjects.partition_durable(partition := await partition_of(two))
        inbox = f"{one.inbox}.pull.x"
        pull = msgspec.json.encode({"batch": 5, "expires": 10 * api.NANOSECONDS})
        async with one.subscription(inbox, got.append):
            await one.publish(f"$JS.API.CONSUMER.MSG.NEXT.{subjects.CMD}.{durable}", pull, reply_to=inbox)
            await one.barrier()
            await api.call(two, f"CONSUMER.RESET.{subjects.CMD}.{durable}")
            await store(two, subjects.CMD, subjects.command(ROOM, "x"), b"1")
            await until(lambda: len(got) == 1)
            async with other.commands.take(partition) as deliveries:
                await take(1, deliveries)
                await store(two, subjects.CMD, subjects.command(ROOM, "x"), b"2")
                await take(1, deliveries)
            await one.barrier()
            assert [message.data for message in got][:1] == [b"1"]
            assert b"2" not in [message.data for message in got]


async def partition_of(link: Connection) -> int:
    """Where the server puts the room's commands."""
    ack = await store(link, subjects.CMD, subjects.command(ROOM, "probe"), b"")
    answer = await api.call(link, f"STREAM.MSG.GET.{subjects.CMD}", {"seq": ack.seq})
    stored = subjects.parse_command(answer["message"]["subject"])
    assert stored is not None
    await api.call(link, f"STREAM.MSG.DELETE.{subjects.CMD}", {"seq": ack.seq})
    return stored.partition


async def test_the_message_id_of_another_tenant_does_not_swallow_a_command(nats_world: NatsWorld) -> None:
    """§2: ids are stream-wide, whatever the subject; ours therefore begin with tenant and room."""
    async with nats_world.open("p1") as one:
        link = link_of(one)
        await store(link, subjects.CMD, "class.t1.r1.cmd.x", b"", message_id="same")
        assert (await store(link, subjects.CMD, "class.t2.r1.cmd.x", b"", message_id="same")).duplicate
        elsewhere = RoomKey(TenantId("t2"), ROOM.room)
        for key in (ROOM, elsewhere):
            with pytest.raises(Unavailable):
                await one.commands.submit(envelope("c1", key=key, lives_s=0.3), attempt_s=10)
        state = await api.call(link, f"STREAM.INFO.{subjects.CMD}")
        assert state["state"]["messages"] == 3


async def test_a_stream_that_is_gone_is_unavailable_not_a_hang(nats_world: NatsWorld) -> None:
    """Without stream the publish has no responder (503)."""
    async with nats_world.open("p1") as one:
        await api.call(link_of(one), f"STREAM.DELETE.{subjects.EVT}")
        async with asyncio.timeout(2):
            with pytest.raises(Unavailable):
                await one.log.append(ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)


async def test_a_full_stream_refuses(nats_world: NatsWorld) -> None:
    async with nats_world.open("p1") as one:
        link = link_of(one)
        config = (await api.call(link, f"STREAM.INFO.{subjects.EVT}"))["config"]
        await api.call(link, f"STREAM.UPDATE.{subjects.EVT}", config | {"max_bytes": 2_000})
        with pytest.raises(Refused):  # noqa: PT012  # Which append is the first too many does not matter.
            for seq in range(1, 100):
                await one.log.append(ROOM, commit(seq), topic=TOPIC, expected_stream_seq=seq - 1)


async def test_setup_is_idempotent_and_keeps_what_is_stored(nats_world: NatsWorld) -> None:
    async with nats_world.open("p1") as one:
        await one.log.append(ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
        await bus.setup.create(nats_world.settings)
        assert len([stored async for stored in one.log.read(ROOM)]) == 1


async def test_setup_mends_what_differs_from_the_table(nats_world: NatsWorld) -> None:
    async with nats_world.open("p1") as one:
        link = link_of(one)
        config = (await api.call(link, f"STREAM.INFO.{subjects.JOBS}"))["config"]
        await api.call(link, f"STREAM.UPDATE.{subjects.JOBS}", config | {"max_bytes": 5_000})
        await api.call(link, f"CONSUMER.DELETE.{subjects.CMD}.{subjects.partition_durable(3)}")
        await bus.setup.create(Settings(nats_url=nats_world.server.url))
        mended = (await api.call(link, f"STREAM.INFO.{subjects.JOBS}"))["config"]
        assert mended["max_bytes"] == config["max_bytes"]
        await api.call(link, f"CONSUMER.INFO.{subjects.CMD}.{subjects.partition_durable(3)}")


async def test_rooms_spread_over_all_partitions(nats_world: NatsWorld) -> None:
    async with nats_world.open("p1") as one:
        link = link_of(one)
        for n in range(300):
            await store(link, subjects.CMD, f"class.t1.r{n}.cmd.x", b"")
        state = await api.call(link, f"STREAM.INFO.{subjects.CMD}", {"subjects_filter": "cmd.>"})
        partitions = {subject.split(".")[1] for subject in state["state"]["subjects"]}
        assert len(partitions) == subjects.PARTITIONS


async def test_events_cannot_be_deleted_one_by_one(nats_world: NatsWorld) -> None:
    async with nats_world.open("p1") as one:
        at = await one.log.append(ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
        with pytest.raises(Refused):
            await api.call(link_of(one), f"STREAM.MSG.DELETE.{subjects.EVT}", {"seq": at})


async def test_a_follower_whose_past_was_archived_is_told(nats_world: NatsWorld) -> None:
    """Purged but for the last message (design §4): then a snapshot is the only beginning."""
    async with nats_world.open("p1") as one:
        for seq in range(1, 6):
            await one.log.append(ROOM, commit(seq), topic=TOPIC, expected_stream_seq=seq - 1)
        purge = {"filter": subjects.room_events(ROOM), "keep": 1}
        await api.call(link_of(one), f"STREAM.PURGE.{subjects.EVT}", purge)
        async with one.log.follow(ROOM, after_seq=2, after_stream_seq=2) as commits:
            with pytest.raises(Purged):
                await anext(commits)
        async with one.log.follow(ROOM, after_seq=4, after_stream_seq=4) as commits:
            assert [stored.commit.seq for stored in await take(1, commits)] == [5]
        assert await one.log.append(ROOM, commit(6), topic=TOPIC, expected_stream_seq=5) == 6


async def test_an_unknown_durable_is_not_found(nats_world: NatsWorld) -> None:
    async with nats_world.open("p1") as one:
        with pytest.raises(NotFoundError):
            await api.call(link_of(one), f"CONSUMER.INFO.{subjects.CMD}.nobody")


async def test_a_hung_server_is_noticed(nats_world: NatsWorld) -> None:
    """It keeps its connections open and answers nothing (SIGSTOP)."""
    async with nats_world.open("p1") as one:
        nats_world.server.suspend()
        try:
            async with asyncio.timeout(12):
                await one.disconnected()
        finally:
            nats_world.server.resume()
        async with asyncio.timeout(10):
            await one.connected()
        with suppress(Conflict):
            await one.log.append(ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
        assert await one.log.last_stream_seq() == 1
