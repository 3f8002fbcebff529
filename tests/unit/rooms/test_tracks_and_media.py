"""What may be heard and seen, and on which node: the manual of ``rooms.tracks`` and ``rooms.media``."""

import pytest

from rooms.media import choose_node
from rooms.permissions import Permission
from rooms.room import recall
from schemas.commands.lifecycle import EndSession, StartSession
from schemas.commands.media import LoseNode, PlaceRoom, ReportQuality
from schemas.commands.rights import RevokePermission
from schemas.commands.roster import ChangeRole, LeaveSession
from schemas.commands.tracks import CloseTrack, MuteAll, MuteTrack, UnmuteTrack
from schemas.envelope import Actor
from schemas.events.media import NodeLost, QualityReported, RoomPlaced
from schemas.events.tracks import TrackClosed, TrackMuted, TrackPublished, TrackUnmuted
from schemas.ids import NodeId, RoomId, RoomKey, TenantId, TrackId
from schemas.limits import TRACKS_MAX
from schemas.media import LineQuality, MediaKind, Role, Source
from schemas.registry import NodeRegistration
from schemas.rejections import Code
from tests.unit.rooms.classroom import (
    CORA,
    KEY,
    NODE,
    OPERATOR,
    SAM,
    SERVICE,
    TESS,
    VERA,
    Class,
    envelope,
    person,
    publishing,
    who,
)


# --- publishing ----------------------------------------------------------------------------------
@pytest.mark.parametrize("source", list(Source))
def test_a_speaker_publishes_each_source(source: Source) -> None:
    room = Class().live(SAM)
    (published,) = room.facts(SERVICE, publishing(SAM, source))
    assert isinstance(published, TrackPublished)
    assert (published.participant, published.source, published.epoch) == (who(SAM), source, 1)


@pytest.mark.parametrize("source", list(Source))
def test_a_viewer_may_not_publish(source: Source) -> None:
    room = Class().live(VERA, default_role=Role.VIEWER)
    assert room.refusal(SERVICE, publishing(VERA, source)) is Code.FORBIDDEN


def test_a_speaker_of_this_moment_may_publish() -> None:
    room = Class().live(TESS, VERA, default_role=Role.VIEWER)
    room.facts(TESS, ChangeRole(who(VERA), Role.SPEAKER))
    assert room.facts(SERVICE, publishing(VERA, Source.MICROPHONE)) != ()


def test_publishing_twice_is_no_news_and_another_of_the_kind_is_too_many() -> None:
    room = Class().live(SAM)
    room.publish(SAM, Source.CAMERA)
    assert room.facts(SERVICE, publishing(SAM, Source.CAMERA)) == ()
    second = publishing(SAM, Source.CAMERA, track="another")
    assert room.refusal(SERVICE, second) is Code.TRACK_LIMIT


def test_a_tracks_name_belongs_to_its_owner() -> None:
    room = Class().live(SAM, VERA)
    track = room.publish(SAM, Source.CAMERA)
    assert room.refusal(SERVICE, publishing(VERA, Source.CAMERA, track=track)) is Code.MALFORMED


def test_a_track_belongs_to_the_present_epoch() -> None:
    room = Class().live(SAM)
    assert room.refusal(SERVICE, publishing(SAM, Source.CAMERA, epoch=2)) is Code.STALE_EPOCH
    room.facts(SERVICE, LoseNode(NODE))
    assert room.refusal(SERVICE, publishing(SAM, Source.CAMERA, epoch=1)) is Code.STALE_EPOCH


def test_who_is_not_in_class_publishes_nothing() -> None:
    assert Class().live().refusal(SERVICE, publishing(SAM, Source.CAMERA)) is Code.NO_SUCH_PARTICIPANT
    assert Class().created().refusal(SERVICE, publishing(SAM, Source.CAMERA)) is Code.SESSION_NOT_LIVE


def test_a_source_has_its_kind() -> None:
    command = publishing(SAM, Source.CAMERA)
    liar = type(command)(
        command.track, who(SAM), MediaKind.AUDIO, Source.CAMERA, "audio/opus", 48_000, command.epoch
    )
    assert Class().live(SAM).refusal(SERVICE, liar) is Code.MALFORMED


def test_tracks_of_a_class_are_bounded() -> None:
    room = Class().live(SAM, *(person(f"student{i}") for i in range(TRACKS_MAX)))
    for i in range(TRACKS_MAX):
        room.publish(person(f"student{i}"), Source.MICROPHONE)
    assert room.refusal(SERVICE, publishing(SAM, Source.MICROPHONE)) is Code.LIMIT_REACHED


@pytest.mark.parametrize("actor", [SAM, TESS, OPERATOR], ids=lambda actor: actor.id)
def test_only_nodes_publish(actor: Actor) -> None:
    room = Class().live(TESS, SAM)
    assert room.refusal(actor, publishing(SAM, Source.CAMERA)) is Code.FORBIDDEN


# --- muting and closing --------------------------------------------------------------------------
def test_people_mute_and_unmute_themselves() -> None:
    room = Class().live(SAM)
    track = room.publish(SAM, Source.MICROPHONE)
    assert room.facts(SAM, MuteTrack(track)) == (TrackMuted(track, who(SAM)),)
    assert room.facts(SAM, MuteTrack(track)) == ()
    assert room.facts(SAM, UnmuteTrack(track)) == (TrackUnmuted(track),)
    assert room.facts(SAM, UnmuteTrack(track)) == ()


def test_hosts_mute_others_and_nobody_unmutes_others() -> None:
    room = Class().live(TESS, CORA, SAM, VERA)
    room.facts(TESS, ChangeRole(who(CORA), Role.CO_HOST))
    track = room.publish(SAM, Source.MICROPHONE)
    assert room.refusal(VERA, MuteTrack(track)) is Code.FORBIDDEN
    assert room.facts(CORA, MuteTrack(track)) == (TrackMuted(track, who(CORA)),)
    for actor in (TESS, CORA, VERA, OPERATOR):
        assert room.refusal(actor, UnmuteTrack(track)) is Code.FORBIDDEN
    assert room.facts(SAM, UnmuteTrack(track)) == (TrackUnmuted(track),)


def test_staff_mute_all_microphones_but_those_of_staff_in_one_commit() -> None:
    room = Class().live(TESS, CORA, SAM, VERA)
    room.facts(TESS, ChangeRole(who(CORA), Role.CO_HOST))
    tess, cora, sam, vera = (room.publish(a, Source.MICROPHONE) for a in (TESS, CORA, SAM, VERA))
    room.publish(SAM, Source.CAMERA)
    assert room.facts(CORA, MuteAll()) == (TrackMuted(sam, who(CORA)), TrackMuted(vera, who(CORA)))
    assert len(room.log[-1].events) == 2
    assert room.facts(CORA, MuteAll()) == ()
    room.facts(SAM, UnmuteTrack(sam))
    assert room.facts(TESS, MuteAll(except_staff=False)) == (
        TrackMuted(cora, who(TESS)),
        TrackMuted(sam, who(TESS)),
    )
    assert not room.state.tracks[tess].muted
    room.facts(SAM, UnmuteTrack(sam))
    assert room.ask(TESS, MuteAll(), "once") == (TrackMuted(sam, who(TESS)),)
    assert recall(room.state, envelope(TESS, MuteAll(), "once")) == room.state.seq


def test_an_operator_mutes_everybody_and_students_nobody() -> None:
    room = Class().live(TESS, SAM)
    track = room.publish(TESS, Source.MICROPHONE)
    assert room.refusal(SAM, MuteAll()) is Code.FORBIDDEN
    assert room.refusal(SERVICE, MuteAll()) is Code.FORBIDDEN
    assert room.refusal(CORA, MuteAll()) is Code.FORBIDDEN
    assert room.facts(OPERATOR, MuteAll(except_staff=False)) == (TrackMuted(track, None),)
    assert Class().live(SAM).refusal(TESS, MuteAll()) is Code.NOT_A_PARTICIPANT
    room.join(CORA)
    room.facts(TESS, ChangeRole(who(CORA), Role.CO_HOST))
    room.facts(TESS, RevokePermission(who(CORA), Permission.MUTE))
    opened = room.publish(SAM, Source.MICROPHONE)
    for command in (MuteAll(), MuteTrack(opened), CloseTrack(opened)):
        assert room.refusal(CORA, command) is Code.FORBIDDEN


def test_a_track_is_closed_by_its_owner_a_host_or_its_node() -> None:
    room = Class().live(TESS, SAM, VERA)
    for actor, reason in ((SAM, "closed"), (TESS, "by_host"), (SERVICE, "transport_closed")):
        track = room.publish(SAM, Source.SCREEN)
        assert room.refusal(VERA, CloseTrack(track)) is Code.FORBIDDEN
        assert room.facts(actor, CloseTrack(track)) == (TrackClosed(track, reason),)  # type: ignore[arg-type]  # One of the three.


def test_a_track_that_is_gone_is_named_so_to_people_and_no_news_to_nodes() -> None:
    room = Class().live(SAM)
    assert room.refusal(SAM, CloseTrack(TrackId("gone"))) is Code.NO_SUCH_TRACK
    assert room.refusal(SAM, MuteTrack(TrackId("gone"))) is Code.NO_SUCH_TRACK
    assert room.facts(SERVICE, CloseTrack(TrackId("gone"))) == ()


# --- placement -----------------------------------------------------------------------------------
def test_a_class_is_placed_under_a_growing_epoch() -> None:
    room = Class().created()
    room.facts(TESS, StartSession())
    assert room.facts(SERVICE, PlaceRoom(NODE)) == (RoomPlaced(NODE, 1),)
    assert room.facts(SERVICE, PlaceRoom(NODE)) == ()
    assert room.facts(SERVICE, LoseNode(NODE)) == (NodeLost(NODE, 1),)
    assert room.facts(SERVICE, PlaceRoom(NodeId("node-2"))) == (RoomPlaced(NodeId("node-2"), 2),)


def test_a_lost_node_takes_its_tracks_in_the_same_commit() -> None:
    room = Class().live(SAM)
    track = room.publish(SAM, Source.CAMERA)
    assert room.facts(SERVICE, LoseNode(NODE)) == (TrackClosed(track, "node_lost"), NodeLost(NODE, 1))
    assert room.facts(SERVICE, LoseNode(NODE)) == ()


def test_a_move_to_another_node_voids_the_old_tracks() -> None:
    room = Class().live(SAM)
    track = room.publish(SAM, Source.CAMERA)
    assert room.facts(SERVICE, PlaceRoom(NodeId("node-2"))) == (
        TrackClosed(track, "transport_closed"),
        RoomPlaced(NodeId("node-2"), 2),
    )


def test_no_class_no_node() -> None:
    assert Class().created().refusal(SERVICE, PlaceRoom(NODE)) is Code.SESSION_NOT_LIVE


# --- quality -------------------------------------------------------------------------------------
def measured(room: Class, epoch: int = 1) -> ReportQuality:
    """A report about Sam's line in the running class."""
    assert room.state.live is not None
    line = LineQuality(12, 1_400_000, 0.01, 0.2, 3.5, 40.0)
    return ReportQuality(who(SAM), room.state.live.id, epoch, 12, 20.5, 90.0, line, None)


def test_a_node_reports_a_line_to_staff_when_its_person_or_the_class_is_gone() -> None:
    room = Class().live(TESS, SAM)
    report = measured(room)
    told = QualityReported(
        report.participant, report.session, 1, 12, report.rtt_ms, report.rtt_ms_worst, report.up, report.down
    )
    room.facts(SAM, LeaveSession())
    assert room.facts(SERVICE, report) == (told,)
    assert room.log[-1].events[0].audience == "staff"
    room.facts(TESS, EndSession())
    assert room.facts(SERVICE, report) == (told,)


def test_a_line_is_not_measured_under_an_epoch_to_come() -> None:
    room = Class().live(SAM)
    assert room.refusal(SERVICE, measured(room, epoch=2)) is Code.STALE_EPOCH


@pytest.mark.parametrize("actor", [SAM, TESS, OPERATOR], ids=lambda actor: actor.id)
def test_only_nodes_report_lines(actor: Actor) -> None:
    room = Class().live(TESS, SAM)
    assert room.refusal(actor, measured(room)) is Code.FORBIDDEN


def test_a_repeated_report_is_one_report() -> None:
    room = Class().live(SAM)
    report = measured(room)
    assert room.ask(SERVICE, report, "once") != ()
    assert recall(room.state, envelope(SERVICE, report, "once")) == room.state.seq


def node(name: str, *, rooms: int = 0, load: float = 0.0, draining: bool = False) -> NodeRegistration:
    return NodeRegistration(NodeId(name), ("127.0.0.1",), 1, load, rooms, draining, 0, 0)


def keys(count: int) -> list[RoomKey]:
    return [RoomKey(TenantId("demo"), RoomId(f"room{i}")) for i in range(count)]


def test_a_room_prefers_the_same_node_whoever_computes_it() -> None:
    nodes = [node(f"node-{i}") for i in range(5)]
    assert choose_node(KEY, nodes) == choose_node(KEY, reversed(nodes))


def test_a_node_that_goes_moves_only_its_own_rooms() -> None:
    nodes = [node(f"node-{i}") for i in range(5)]
    before = {key: choose_node(key, nodes) for key in keys(200)}
    after = {key: choose_node(key, nodes[1:]) for key in keys(200)}
    assert {k for k in before if before[k] != after[k]} == {k for k in before if before[k] == nodes[0].node}


def test_no_node_takes_more_than_its_share_and_a_quarter() -> None:
    counts = dict.fromkeys((f"node-{i}" for i in range(4)), 0)
    for key in keys(400):
        chosen = choose_node(key, [node(name, rooms=count) for name, count in counts.items()])
        assert chosen is not None
        counts[chosen] += 1
    assert max(counts.values()) <= 126


def test_busy_and_draining_nodes_take_nothing_while_there_is_another() -> None:
    assert choose_node(KEY, [node("a", draining=True), node("b")]) == "b"
    assert choose_node(KEY, [node("a", load=0.9), node("b", load=0.1)]) == "b"
    assert choose_node(KEY, [node("a", load=0.95), node("b", load=0.9)]) == "b"
    assert choose_node(KEY, [node("a", draining=True)]) is None
    assert choose_node(KEY, []) is None
