"""The rooms service as its callers see it: commands in, commits and answers out."""

import asyncio
import time

import msgspec

from bus.interface import Message
from rooms.follower import follow_room
from schemas.commands.chat import PostMessage
from schemas.commands.lifecycle import CreateRoom, EndSession, StartSession
from schemas.commands.recording import StartRecording, StopRecording
from schemas.commands.roster import JoinSession
from schemas.envelope import Accepted, Rejected, decode_outcome
from schemas.events.lifecycle import SessionEnded
from schemas.events.media import NodeLost, RoomPlaced
from schemas.events.recording import RecordingStopped
from schemas.events.roster import ParticipantDisconnected, ParticipantLeft
from schemas.ids import NodeId
from schemas.limits import SNAPSHOT_EVERY_COMMITS
from schemas.rejections import Code
from schemas.subjects import (
    EDGE_LEASE,
    ROOM_ROUTE,
    ROOM_SNAPSHOT,
    SFU_NODE,
    alive,
    control,
    edge_key,
    room_kv_key,
)
from tests.integration.rooms.conftest import World
from tests.unit.rooms.classroom import EDGE, KEY, NODE, TESS, who


async def live(world: World) -> None:
    await world.accepted(TESS, CreateRoom("Algebra"))
    await world.accepted(TESS, StartSession())
    await world.accepted(TESS, JoinSession("Tess"))


async def test_a_command_becomes_a_commit_and_its_author_learns_the_seq(world: World) -> None:
    async with world.rooms("rooms-a"):
        assert await world.accepted(TESS, CreateRoom("Algebra")) == 1
        (commit,) = await world.log()
        assert (commit.seq, commit.actor.id, commit.events[0].type) == (
            1,
            "tess",
            "lifecycle.room_created",
        )


async def test_a_repeated_command_has_one_effect_and_one_answer(world: World) -> None:
    async with world.rooms("rooms-a"):
        await live(world)
        first = await world.ask(TESS, PostMessage("hello"), "once")
        await world.accepted(TESS, PostMessage("in between"))
        assert await world.ask(TESS, PostMessage("hello"), "once") == first
        assert (await world.types()).count("chat.posted") == 2


async def test_a_repeated_command_is_known_to_the_next_process(world: World) -> None:
    async with world.rooms("rooms-a"):
        await live(world)
        first = await world.ask(TESS, PostMessage("hello"), "once")
    async with world.rooms("rooms-b"):
        assert await world.ask(TESS, PostMessage("hello"), "once") == first
        assert (await world.types()).count("chat.posted") == 1


async def test_a_late_command_is_answered_expired_and_not_carried_out(world: World) -> None:
    await_answer = asyncio.create_task(world.ask(TESS, CreateRoom("Algebra")))
    await asyncio.sleep(0)
    world.clock.ahead_ms = 60_000
    async with world.rooms("rooms-a"):
        outcome = await await_answer
        assert isinstance(outcome, Rejected)
        assert outcome.code is Code.EXPIRED
        assert await world.log() == []


async def test_what_is_not_understood_is_refused_not_lost(world: World) -> None:
    async with world.rooms("rooms-a"):
        malformed = await world.bus.core.request(control(KEY, "create_room"), b'{"title": 7}', 5)
        assert msgspec.json.decode(malformed)["code"] == Code.MALFORMED
        unknown = await world.bus.core.request(control(KEY, "fly"), b"{}", 5)
        assert msgspec.json.decode(unknown)["code"] == Code.UNKNOWN_COMMAND


async def test_an_operator_is_told_what_was_caused(world: World) -> None:
    async with world.rooms("rooms-a"):
        await world.accepted(TESS, CreateRoom("Algebra"))
        answer = await world.bus.core.request(control(KEY, "start_session"), b"{}", 5)
        outcome = decode_outcome(answer)
        assert isinstance(outcome, Accepted)
        assert outcome.seq == 2
        (told,) = (msgspec.json.decode(raw) for raw in outcome.events)
        assert (told["seq"], told["type"]) == (2, "lifecycle.session_started")
        assert (await world.log())[1].actor.kind == "operator"


# --- what follows --------------------------------------------------------------------------------
async def test_a_class_is_placed_at_once(world: World) -> None:
    async with world.rooms("rooms-a"):
        await world.accepted(TESS, CreateRoom("Algebra"))
        await world.accepted(TESS, StartSession())
        began = time.monotonic()
        assert await world.happened(RoomPlaced) == RoomPlaced(NODE, 1)
        assert time.monotonic() - began < 0.5, "design asks for 50 ms; ten times that on a busy machine"
        await world.accepted(TESS, JoinSession("Tess"))  # By now what followed is written.
        route = await world.bus.bucket(ROOM_ROUTE).get(room_kv_key(KEY))
        assert route is not None
        assert msgspec.json.decode(route.value)["node"] == NODE


async def test_a_class_waits_for_a_node_and_moves_when_it_is_lost(world: World) -> None:
    await world.bus.bucket(SFU_NODE).delete(NODE)
    async with world.rooms("rooms-a"):
        await live(world)
        await world.node_lives()
        await world.happened(RoomPlaced)
        await world.node_lives(NodeId("node-2"))
        await world.bus.bucket(SFU_NODE).delete(NODE)
        assert await world.happened(NodeLost) == NodeLost(NODE, 1)
        assert await world.happened(RoomPlaced, 2) == RoomPlaced(NodeId("node-2"), 2)


async def test_a_silent_node_is_lost_before_its_registration_runs_out(world: World) -> None:
    asked = asyncio.Event()

    async def lives(_: Message) -> bytes:
        asked.set()
        return b""

    async with world.rooms("rooms-a"):
        async with world.bus.core.serve(alive(NODE), lives):
            await live(world)
            await world.happened(RoomPlaced)
            await asked.wait()
            asked.clear()
            await asked.wait()  # The first answer has arrived by now.
        assert await world.happened(NodeLost) == NodeLost(NODE, 1)


async def test_people_of_a_dead_edge_get_grace(world: World) -> None:
    async with world.rooms("rooms-a"):
        await live(world)
        await world.bus.bucket(EDGE_LEASE).delete(edge_key(EDGE))
        lost = await world.happened(ParticipantDisconnected)
        assert lost.participant == who(TESS)
        assert lost.edge_lost


async def test_a_deadline_passes_also_when_its_process_died(world: World) -> None:
    async with world.rooms("rooms-a"):
        await live(world)
        await world.bus.bucket(EDGE_LEASE).delete(edge_key(EDGE))
        lost = await world.happened(ParticipantDisconnected)
    world.clock.ahead_ms = 31_000
    async with world.rooms("rooms-b"):
        left = await world.happened(ParticipantLeft)
        assert left == ParticipantLeft(who(TESS), "edge_lost", lost.since)
        world.clock.ahead_ms += 901_000
        assert (await world.happened(SessionEnded)).reason == "empty"


async def test_a_stopped_recording_becomes_one_job(world: World) -> None:
    async with world.rooms("rooms-a"):
        await live(world)
        await world.accepted(TESS, StartRecording())
        await world.accepted(TESS, StopRecording())
        stopped = await world.happened(RecordingStopped)
        assert await world.next_job() == {"recording": stopped.recording}


async def test_snapshots_shorten_what_a_follower_reads(world: World) -> None:
    async with world.rooms("rooms-a"):
        await live(world)
        for i in range(SNAPSHOT_EVERY_COMMITS):
            await world.accepted(TESS, PostMessage(f"message {i}"))
        entry = await world.bus.bucket(ROOM_SNAPSHOT).get(room_kv_key(KEY))
        assert entry is not None
        async with follow_room(world.bus, KEY) as follower:
            before = follower.state
            assert before.seq >= SNAPSHOT_EVERY_COMMITS
            await world.accepted(TESS, EndSession())
            async with asyncio.timeout(60):
                async for state, _ in follower.commits():
                    if state.live is None:
                        break
        assert follower.state.seq > before.seq
