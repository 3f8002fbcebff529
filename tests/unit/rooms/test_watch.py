"""What a room's keeper asks of it, and when: ``rooms.watch``."""

from msgspec.structs import replace

from rooms.watch import Neighbours, rewatched, watched, wishes
from schemas.commands import Command
from schemas.commands.chat import PostMessage
from schemas.commands.deadlines import DeadlinePassed
from schemas.commands.floor import RaiseHand
from schemas.commands.lifecycle import StartSession
from schemas.commands.media import LoseNode, PlaceRoom
from schemas.commands.recording import ReportStep, StartRecording, StopRecording
from schemas.commands.roster import LoseConnection, LoseEdge
from schemas.ids import ConnectionId, EdgeId, NodeId
from schemas.registry import NodeRegistration
from tests.unit.rooms.classroom import EDGE, KEY, NODE, SAM, SECOND, SERVICE, START, TESS, Class, who

HERE = NodeRegistration(NODE, ("127.0.0.1",), 1, 0.0, 0, draining=False, started_at=0, beat_at=0)
ALL_WELL = Neighbours({NODE: HERE}, {EDGE}, {})


def asked(room: Class, around: Neighbours | None = ALL_WELL) -> list[Command]:
    """What is asked of the room now; each must lead to an event, or it would be asked for ever."""
    commands = [wish.command for wish in wishes(KEY, watched(room.state), around, room.now)]
    for command in commands:
        copy = Class()
        copy.state, copy.now = room.state, room.now
        assert copy.facts(SERVICE, command) != ()
    return commands


def test_a_room_that_is_well_is_left_alone() -> None:
    assert asked(Class().live(SAM)) == []
    assert asked(Class().created()) == []


def test_a_class_without_node_is_placed_as_soon_as_there_is_one() -> None:
    room = Class().created()
    room.facts(TESS, StartSession())
    assert asked(room, Neighbours({}, {EDGE}, {})) == []
    assert asked(room) == [PlaceRoom(NODE)]


def test_a_lost_node_is_reported_and_then_replaced() -> None:
    room = Class().live(SAM)
    other = replace(HERE, node=NodeId("node-2"))
    around = Neighbours({NodeId("node-2"): other}, {EDGE}, {})
    assert asked(room, around) == [LoseNode(NODE)]
    room.facts(SERVICE, LoseNode(NODE))
    assert asked(room, around) == [PlaceRoom(NodeId("node-2"))]


def test_a_lost_edge_is_reported_with_its_last_beat() -> None:
    room = Class().live(SAM)
    assert asked(room, Neighbours({NODE: HERE}, set(), {EDGE: START - SECOND})) == [
        LoseEdge(EDGE, START - SECOND)
    ]


def test_an_edge_whose_end_nobody_saw_ended_with_the_rooms_last_event() -> None:
    room = Class().live(SAM)
    room.now += 600 * SECOND
    assert asked(room, Neighbours({NODE: HERE}, {EdgeId("edge-9")}, {})) == [LoseEdge(EDGE, START)]


def test_an_edge_that_nobody_saw_may_be_about_to_register() -> None:
    room = Class().live(SAM)
    around = Neighbours({NODE: HERE}, set(), {}, knows_strangers=False)
    assert asked(room, around) == []
    assert asked(room, replace(around, last_beats={EDGE: START})) == [LoseEdge(EDGE, START)]


def test_a_draining_node_gives_its_rooms_to_another_if_there_is_one() -> None:
    room = Class().live(SAM)
    draining, other = replace(HERE, draining=True), replace(HERE, node=NodeId("node-2"))
    assert asked(room, Neighbours({NODE: draining}, {EDGE}, {})) == []
    around = Neighbours({NODE: draining, other.node: other}, {EDGE}, {})
    assert asked(room, around) == [PlaceRoom(other.node)]


def test_an_edge_matters_only_to_who_is_connected_there() -> None:
    room = Class().live(SAM)
    room.facts(SERVICE, LoseConnection(who(SAM), ConnectionId("sam-socket")))
    assert asked(room, Neighbours({NODE: HERE}, set(), {})) == []


def test_nobody_is_called_gone_while_it_is_not_certain() -> None:
    room = Class().live(SAM)
    room.facts(SERVICE, LoseConnection(who(SAM), ConnectionId("sam-socket")))
    assert asked(room, None) == []
    room.now += 30 * SECOND
    assert asked(room, None) == [DeadlinePassed(START + 30 * SECOND)]


def test_the_same_wish_has_the_same_id_whoever_makes_it() -> None:
    room = Class().live(SAM)
    room.now += 12 * 3_600 * SECOND
    first, again = (list(wishes(KEY, watched(room.state), None, room.now)) for _ in range(2))
    assert first == again


def test_only_what_matters_is_looked_at_again() -> None:
    room = Class().live(TESS, SAM)
    for actor, command in (
        (SAM, RaiseHand()),
        (SAM, PostMessage("hello")),
        (TESS, StartRecording()),
        (TESS, StopRecording()),
        (SERVICE, LoseConnection(who(SAM), ConnectionId("sam-socket"))),
    ):
        before = room.state
        room.facts(actor, command)
        assert rewatched(before, watched(before), room.state) == watched(room.state)


def test_a_recording_waits_for_work_also_when_the_class_is_over() -> None:
    room = Class().live(TESS)
    room.facts(TESS, StartRecording())
    room.facts(TESS, StopRecording())
    recording = room.state.recordings[0].id
    assert [work.recording for work in watched(room.state).jobs] == [recording]
    assert not watched(room.state).is_at_rest
    room.facts(SERVICE, ReportStep(recording, "capture", "started"))
    assert watched(room.state).jobs == ()
