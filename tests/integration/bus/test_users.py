"""Each role can do its own on a real server with users, and is refused what belongs to others."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest

import bus.setup
from bus import api
from bus.archive import NoArchive
from bus.background import background
from bus.connection import Connection, connection
from bus.interface import Bus, Job, Message, NoResponders, Refused, Unavailable
from bus.log import NatsLog
from bus.nats import NatsBus, connect
from bus.publisher import store
from bus.users import USERS, server_config
from schemas import subjects
from schemas.envelope import Accepted, read_envelope
from schemas.ids import TenantId, TrackId
from schemas.settings import Settings
from tests import stack
from tests.integration.bus.given import ROOM, TOPIC, commit, envelope, take, until

PASSWORDS = {user: f'pass "word" of {user}' for user in USERS}


class Guarded:
    """A server that knows its users."""

    def __init__(self, url: str) -> None:
        self.url = url

    def settings(self, user: str) -> Settings:
        media = "sfu_media" if user == "sfu" else ""
        return Settings(
            nats_url=self.url,
            nats_user=user,
            nats_password=PASSWORDS[user],
            nats_media_user=media,
            nats_media_password=PASSWORDS.get(media, ""),
        )

    def open(self, user: str) -> AbstractAsyncContextManager[Bus]:
        return connect(self.settings(user), user)

    def link(self, user: str) -> AbstractAsyncContextManager[Connection]:
        return connection([self.url], user, PASSWORDS[user], name=user, role=user)


@pytest.fixture
async def guarded() -> AsyncIterator[Guarded]:
    with (
        stack.server_directory() as directory,
        stack.nats(directory, authorization=server_config(PASSWORDS)) as server,
    ):
        world = Guarded(server.url)
        await bus.setup.create(world.settings("setup"))
        yield world


async def test_without_password_nobody_gets_in(guarded: Guarded) -> None:
    stranger = Settings(nats_url=guarded.url, nats_user="rooms", nats_password="x")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1), connect(stranger, "rooms"):
            pytest.fail("connected")


async def test_a_command_goes_from_edge_to_rooms_and_back(guarded: Guarded) -> None:
    async with guarded.open("edge") as edge, guarded.open("rooms") as rooms:

        async def own(partition: int) -> None:
            async with (
                rooms.leases.hold(subjects.partition_lease(partition)),
                rooms.commands.take(partition) as deliveries,
            ):
                async for delivery in deliveries:
                    asked = read_envelope(delivery.key, delivery.name, delivery.headers, delivery.data)
                    at = await rooms.log.append(ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
                    await rooms.commands.answer(asked.reply_to, Accepted(at))  # type: ignore[union-attr]
                    await delivery.ack()

        async def work() -> None:
            async with asyncio.TaskGroup() as group:
                for partition in range(subjects.PARTITIONS):
                    group.create_task(own(partition))

        async with background(work()), edge.log.follow(ROOM, after_seq=0, after_stream_seq=0) as commits:
            assert await edge.commands.submit(envelope("c1")) == Accepted(1)
            assert (await take(1, commits))[0].commit.seq == 1


async def test_rooms_keeps_its_buckets_jobs_and_operators(guarded: Guarded) -> None:
    async def answer(message: Message) -> bytes:
        return b"locked " + message.data

    async with guarded.open("rooms") as rooms, guarded.link("ops") as ops:
        for name in (subjects.ROOM_SNAPSHOT, subjects.ROOM_ROUTE, subjects.DEADLINE, subjects.ACTIVE_USER):
            bucket = rooms.bucket(name)
            revision = await bucket.create("t1.r1", b"1")
            await bucket.update("t1.r1", b"2", revision, ttl_s=60)
            assert len(await bucket.entries()) == 1
            await bucket.delete("t1.r1")
        for name in (subjects.SFU_NODE, subjects.EDGE_LEASE):
            assert await rooms.bucket(name).entries() == {}
        await rooms.jobs.put("record", ROOM, b"", job_id="rec1")
        async with rooms.core.serve(subjects.CONTROL_ALL, answer, queue="rooms"):
            locked = await ops.request(subjects.control(ROOM, "lock"), b"{}")
            assert locked.data == b"locked {}"


async def test_edge_asks_nodes_registers_itself_and_audits(guarded: Guarded) -> None:
    heard: list[Message] = []

    async def answer(message: Message) -> bytes:
        return message.data

    async def hear(message: Message) -> None:
        heard.append(message)

    async with guarded.open("edge") as edge, guarded.open("sfu") as sfu:
        async with sfu.core.serve("sfu.n1.*", answer), edge.core.subscribe(subjects.room_signals(ROOM), hear):
            assert await edge.core.request("sfu.n1.open", b"x", 2.0) == b"x"
            await sfu.core.publish(subjects.signal(ROOM, "levels"), b"1")
            await until(lambda: len(heard) == 1)
        await edge.bucket(subjects.EDGE_LEASE).put("e1", b"1", ttl_s=6)
        await edge.bucket(subjects.ACTIVE_USER).create("t1.u1", b"1")
        await edge.audit.append(subjects.audit(TenantId("t1"), "login"), b"{}", message_id="l1")
        await sfu.bucket(subjects.SFU_NODE).put("n1", b"1", ttl_s=3)
        assert await edge.bucket(subjects.SFU_NODE).get("n1") is not None
        assert await edge.bucket(subjects.ROOM_SNAPSHOT).get("t1.r1") is None


async def test_artifacts_reads_records_and_works_on_jobs(guarded: Guarded) -> None:
    done: list[bytes] = []

    async def handle(job: Job) -> None:
        done.append(job.data)

    track = TrackId("tr1")
    async with (
        guarded.open("sfu") as sfu,
        guarded.open("artifacts") as worker,
        guarded.open("rooms") as rooms,
    ):
        await sfu.records.append(ROOM, track, b"batch", message_id="rec1/tr1/0")
        assert [batch async for batch in worker.records.read(ROOM, track)] == [b"batch"]
        async with worker.records.follow(ROOM, track) as batches:
            assert await take(1, batches) == [b"batch"]
        await rooms.jobs.put("record", ROOM, b"1", job_id="rec1")
        async with background(worker.jobs.work("record", handle)):
            await until(lambda: done == [b"1"])
        assert await worker.jobs.dead() == []
        with pytest.raises(Unavailable):
            await worker.commands.submit(envelope("c1", lives_s=0.2))


async def test_a_worker_asks_the_edge_about_a_webhook_that_the_edge_put(guarded: Guarded) -> None:
    """Out goes who has no secret; and who has them is asked by nobody else."""
    done: list[bytes] = []

    async def answer(message: Message) -> bytes:
        return b"prepared " + message.data

    async with guarded.open("edge") as edge, guarded.open("artifacts") as worker, guarded.link("sfu") as sfu:

        async def handle(job: Job) -> None:
            done.append(await worker.core.request(subjects.hook(ROOM.tenant, "prepare"), job.data, 5.0))

        async with (
            edge.core.serve(subjects.HOOK_ALL, answer, queue="webhooks"),
            background(worker.jobs.work("webhook", handle)),
        ):
            await edge.jobs.put("webhook", ROOM, b"1", job_id="wd1")
            await until(lambda: done == [b"prepared 1"])
            with pytest.raises(Refused):
                await sfu.request(subjects.hook(ROOM.tenant, "prepare"), b"1", timeout_s=1)
        with pytest.raises(Refused):
            await edge.jobs.put("record", ROOM, b"1", job_id="rec1")


async def test_projectors_follow_everything(guarded: Guarded) -> None:
    async with guarded.open("rooms") as rooms, guarded.open("projectors") as projectors:
        async with (
            projectors.leases.hold("projector.chat"),
            projectors.log.follow_all(after_stream_seq=0) as batches,
        ):
            await rooms.log.append(ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
            assert len(await take(1, batches)) == 1
        assert await projectors.log.last_stream_seq() == 1


@pytest.mark.parametrize("user", [user for user in USERS if user != "rooms"])
async def test_only_rooms_may_append_events(guarded: Guarded, user: str) -> None:
    async with guarded.link(user) as link, asyncio.timeout(2):
        with pytest.raises(Refused):
            await store(link, subjects.EVT, subjects.event(ROOM, TOPIC), b"{}", expected_last=0)


async def test_the_archiver_removes_archived_events_and_does_nothing_else(guarded: Guarded) -> None:
    async with guarded.open("rooms") as rooms, guarded.link("archiver") as link:
        log = NatsLog(link, NoArchive(), link)
        last = 0
        for seq in range(1, 4):
            last = await rooms.log.append(ROOM, commit(seq), topic=TOPIC, expected_stream_seq=last)
        assert [(found.key, found.stream_seq) for found in await log.latest()] == [(ROOM, last)]
        await log.purge(ROOM, before_stream_seq=last)
        assert [s.stream_seq async for s in rooms.log.read(ROOM, after_stream_seq=1)] == [last]
        for request in (
            f"STREAM.DELETE.{subjects.EVT}",
            f"STREAM.UPDATE.{subjects.EVT}",
            f"STREAM.PURGE.{subjects.AUDIT}",
            f"STREAM.PURGE.KV_{subjects.ROOM_SNAPSHOT}",
        ):
            with pytest.raises(Refused):
                await api.call(link, request, {})


@pytest.mark.parametrize("user", [u for u in USERS if u not in ("archiver", "setup")])
async def test_only_the_archiver_removes_events(guarded: Guarded, user: str) -> None:
    async with guarded.link(user) as link, asyncio.timeout(2):
        with pytest.raises(Refused):
            await api.call(link, f"STREAM.PURGE.{subjects.EVT}", {})


@pytest.mark.parametrize("user", ["projectors", "ops", "sfu_media", "setup", "archiver"])
async def test_those_without_commands_may_send_none(guarded: Guarded, user: str) -> None:
    async with guarded.link(user) as link, asyncio.timeout(2):
        with pytest.raises(Refused):
            await store(link, subjects.CMD, subjects.command(ROOM, "end_session"), b"{}")


@pytest.mark.parametrize("user", [user for user in USERS if user != "sfu_media"])
async def test_only_the_media_user_may_record(guarded: Guarded, user: str) -> None:
    async with guarded.link(user) as link, asyncio.timeout(2):
        with pytest.raises(Refused):
            await store(link, subjects.REC, subjects.record(ROOM, TrackId("tr1")), b"")


@pytest.mark.parametrize("user", ["edge", "sfu", "projectors", "artifacts", "ops"])
async def test_nobody_else_takes_commands_or_partitions(guarded: Guarded, user: str) -> None:
    async with guarded.link(user) as link, asyncio.timeout(4):
        for request in (
            f"CONSUMER.DELETE.{subjects.CMD}.{subjects.partition_durable(0)}",
            f"CONSUMER.MSG.NEXT.{subjects.CMD}.{subjects.partition_durable(0)}",
            f"CONSUMER.CREATE.{subjects.CMD}.x.cmd.>",
        ):
            with pytest.raises(Refused):
                await api.call(link, request, {})
        with pytest.raises(Refused):
            await store(link, "KV_lease", "$KV.lease.partition.0", b"me")


async def test_nobody_reads_the_answers_to_another(guarded: Guarded) -> None:
    async with guarded.link("sfu") as sfu:
        for subject in ("_INBOX.>", "_INBOX.edge.>", ">"):
            with pytest.raises(Refused):
                async with sfu.subscription(subject, lambda _: None):
                    pytest.fail("subscribed")


async def test_rooms_may_answer_commands_and_not_forge_acknowledgements(guarded: Guarded) -> None:
    async with guarded.link("rooms") as rooms, guarded.link("edge") as edge:
        with pytest.raises(Refused):
            await rooms.request(f"{edge.inbox}.token", b'{"stream":"CMD","seq":1}', timeout_s=1)


async def test_operators_look_and_delete_nothing(guarded: Guarded) -> None:
    async with guarded.open("rooms") as rooms, guarded.link("ops") as ops:
        shown: list[str] = []
        async with ops.subscription(subjects.LIVE_ALL, lambda message: shown.append(message.subject)):
            await rooms.log.append(ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
            await until(lambda: shown == ["live.t1.r1.lifecycle"])
        info = await api.call(ops, f"STREAM.INFO.{subjects.EVT}")
        assert info["state"]["messages"] == 1
        assert len((await api.call(ops, "STREAM.NAMES"))["streams"]) == 6 + len(subjects.BUCKETS)
        stored = await api.call(ops, f"STREAM.MSG.GET.{subjects.EVT}", {"seq": 1})
        assert stored["message"]["subject"] == "class.t1.r1.evt.lifecycle"
        for request in (
            f"STREAM.DELETE.{subjects.EVT}",
            f"STREAM.PURGE.{subjects.EVT}",
            f"STREAM.UPDATE.{subjects.EVT}",
            f"STREAM.MSG.DELETE.{subjects.EVT}",
            f"CONSUMER.DELETE.{subjects.CMD}.{subjects.partition_durable(0)}",
        ):
            with pytest.raises(Refused):
                await api.call(ops, request, {})
        with pytest.raises(NoResponders):
            await ops.request(subjects.control(ROOM, "lock"), b"{}")


async def test_a_refusal_comes_at_once_and_the_connection_stays(guarded: Guarded) -> None:
    async with guarded.open("edge") as edge:
        began = time.monotonic()
        with pytest.raises(Refused):
            await edge.log.append(ROOM, commit(1), topic=TOPIC, expected_stream_seq=0)
        assert time.monotonic() - began < 1
        assert isinstance(edge, NatsBus)
        assert edge.is_connected
        assert await edge.log.last_stream_seq() == 0
