"""REC and AUDIT. On NATS and in memory."""

import pytest

from bus.interface import Refused
from schemas import subjects
from schemas.ids import TenantId, TrackId
from tests.integration.bus.conftest import World
from tests.integration.bus.given import ROOM, take

TRACK, OTHER = TrackId("tr1"), TrackId("tr2")


async def test_batches_of_a_track_are_read_in_order_and_once(world: World) -> None:
    async with world.open("sfu", role="sfu") as sfu, world.open("worker", role="artifacts") as worker:
        for n in range(3):
            await sfu.records.append(ROOM, TRACK, b"%d" % n, message_id=f"rec1/tr1/{n}")
            await sfu.records.append(ROOM, TRACK, b"%d" % n, message_id=f"rec1/tr1/{n}")
        await sfu.records.append(ROOM, OTHER, b"x", message_id="rec1/tr2/0")
        assert [batch async for batch in worker.records.read(ROOM, TRACK)] == [b"0", b"1", b"2"]


async def test_a_follower_of_a_track_gets_the_first_batch_and_all_that_come(world: World) -> None:
    async with world.open("sfu", role="sfu") as sfu, world.open("worker", role="artifacts") as worker:
        await sfu.records.append(ROOM, TRACK, b"0", message_id="rec1/tr1/0")
        async with worker.records.follow(ROOM, TRACK) as batches:
            assert await take(1, batches) == [b"0"]
            for n in range(1, 400):
                await sfu.records.append(ROOM, TRACK, b"%d" % n, message_id=f"rec1/tr1/{n}")
            assert await take(399, batches) == [b"%d" % n for n in range(1, 400)]


async def test_a_follower_of_a_track_goes_on_where_it_stood_after_a_crash(world: World) -> None:
    async with (
        world.open("sfu", role="sfu") as sfu,
        world.open("worker", role="artifacts") as worker,
        worker.records.follow(ROOM, TRACK) as batches,
    ):
        await sfu.records.append(ROOM, TRACK, b"0", message_id="rec1/tr1/0")
        assert await take(1, batches) == [b"0"]
        await world.stop()
        await sfu.disconnected()
        await world.start()
        await sfu.connected()
        await sfu.records.append(ROOM, TRACK, b"1", message_id="rec1/tr1/1")
        assert await take(1, batches) == [b"1"]


async def test_too_large_a_batch_is_refused(world: World) -> None:
    async with world.open("sfu", role="sfu") as sfu:
        with pytest.raises(Refused):
            await sfu.records.append(ROOM, TRACK, b"x" * 300_000, message_id="rec1/tr1/0")


async def test_an_audit_fact_is_stored(world: World) -> None:
    async with world.open("edge") as bus:
        subject = subjects.audit(TenantId("t1"), "login")
        await bus.audit.append(subject, b"{}", message_id="l1")
        await bus.audit.append(subject, b"{}", message_id="l1")


async def test_facts_of_a_tenant_are_read_in_order_and_no_others(world: World) -> None:
    """By the edge, from any position; other tenants' are not among them."""
    async with world.open("edge", role="edge") as edge, world.open("sfu", role="sfu") as sfu:
        for n in range(3):
            await edge.audit.append(subjects.audit(TenantId("t1"), "edge"), b"%d" % n, message_id=f"e{n}")
        await sfu.audit.append(subjects.audit(TenantId("t1"), "sfu"), b"3", message_id="s")
        await edge.audit.append(subjects.audit(TenantId("t2"), "edge"), b"x", message_id="x")
        found = [noted async for noted in edge.audit.read(TenantId("t1"))]
        assert [(noted.source, noted.data) for noted in found] == [
            ("edge", b"0"),
            ("edge", b"1"),
            ("edge", b"2"),
            ("sfu", b"3"),
        ]
        rest = [n.data async for n in edge.audit.read(TenantId("t1"), after_stream_seq=found[1].stream_seq)]
        assert rest == [b"2", b"3"]
        assert [noted async for noted in edge.audit.read(TenantId("none"))] == []
