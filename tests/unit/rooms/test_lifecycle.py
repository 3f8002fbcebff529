"""The room and its classes: the manual of ``rooms.lifecycle``."""

from schemas.commands.floor import RaiseHand
from schemas.commands.lifecycle import CreateRoom, EndSession, ScheduleSession, StartSession
from schemas.commands.recording import StartRecording
from schemas.commands.roster import AddMember
from schemas.envelope import Actor, encode_commit
from schemas.events.floor import HandLowered
from schemas.events.lifecycle import RoomCreated, SessionEnded, SessionScheduled, SessionStarted
from schemas.events.recording import RecordingStopped
from schemas.events.roster import ParticipantLeft
from schemas.events.tracks import TrackClosed
from schemas.ids import SessionId, UserId
from schemas.limits import (
    COMMIT_BYTES_MAX,
    DEPARTURES_PER_COMMIT_MAX,
    HANDS_MAX,
    PARTICIPANTS_MAX,
    SCHEDULED_SESSIONS_MAX,
    TRACKS_MAX,
)
from schemas.media import Role, Source
from schemas.rejections import Code
from tests.unit.rooms.classroom import (
    ADA,
    CORA,
    GUS,
    OPERATOR,
    SAM,
    SECOND,
    SERVICE,
    START,
    TESS,
    Class,
    person,
    publishing,
    who,
)

LESSON = ScheduleSession("Fractions", START + 60 * SECOND, 45)


def test_who_may_teach_creates_a_room_and_owns_it() -> None:
    assert Class().facts(TESS, CreateRoom("Algebra", "viewer")) == (
        RoomCreated("Algebra", UserId("tess"), Role.VIEWER),
    )


def test_a_room_is_created_once() -> None:
    assert Class().created().refusal(ADA, CreateRoom("Again")) is Code.ROOM_EXISTS


def test_learners_guests_and_services_create_no_room() -> None:
    for actor in (SAM, GUS, SERVICE):
        assert Class().refusal(actor, CreateRoom("Mine")) is Code.FORBIDDEN


def test_nothing_happens_in_a_room_that_does_not_exist() -> None:
    assert Class().refusal(TESS, StartSession()) is Code.NO_SUCH_ROOM


def test_a_class_is_planned_and_started_from_the_plan() -> None:
    room = Class().created()
    (planned,) = room.facts(TESS, LESSON)
    assert isinstance(planned, SessionScheduled)
    assert planned == SessionScheduled(planned.session, "Fractions", LESSON.starts_at, 45)
    assert room.facts(TESS, StartSession(planned.session)) == (SessionStarted(planned.session, "Fractions"),)
    assert room.state.scheduled == ()
    assert room.state.live is not None
    assert room.state.live.planned is not None


def test_a_class_without_plan_bears_the_rooms_title() -> None:
    (started,) = Class().created().facts(TESS, StartSession())
    assert isinstance(started, SessionStarted)
    assert started.title == "Algebra"


def test_the_time_table_is_in_order_of_time() -> None:
    room = Class().created()
    for minutes in (30, 10, 20):
        room.facts(TESS, ScheduleSession(f"in {minutes}", START + minutes * 60 * SECOND))
    assert [s.title for s in room.state.scheduled] == ["in 10", "in 20", "in 30"]


def test_a_time_that_is_over_cannot_be_planned() -> None:
    over = ScheduleSession("Yesterday", START - 3_601 * SECOND, 60)
    assert Class().created().refusal(TESS, over) is Code.MALFORMED


def test_the_time_table_is_bounded() -> None:
    room = Class().created()
    for _ in range(SCHEDULED_SESSIONS_MAX):
        room.facts(TESS, LESSON)
    assert room.refusal(TESS, LESSON) is Code.LIMIT_REACHED
    room.now = LESSON.starts_at + SECOND
    later = ScheduleSession("Later", room.now + SECOND)
    assert room.facts(TESS, later) != (), "classes that were never started must not block the table"
    assert len(room.state.scheduled) == SCHEDULED_SESSIONS_MAX


def test_starting_what_is_not_planned_is_refused() -> None:
    assert Class().created().refusal(TESS, StartSession(SessionId("nope"))) is Code.NO_SUCH_SESSION


def test_one_class_at_a_time() -> None:
    assert Class().live().refusal(TESS, StartSession()) is Code.SESSION_LIVE


def test_hosts_and_co_hosts_start_others_do_not() -> None:
    for actor in (SAM, GUS, CORA):
        assert Class().created().refusal(actor, StartSession()) is Code.FORBIDDEN
    for actor in (TESS, ADA, OPERATOR):
        assert Class().created().facts(actor, StartSession()) != ()
    room = Class().created()
    room.facts(TESS, AddMember(UserId("cora"), Role.CO_HOST))
    assert room.facts(CORA, StartSession()) != ()


def test_only_hosts_end_a_class() -> None:
    room = Class().created()
    room.facts(TESS, AddMember(UserId("cora"), Role.CO_HOST))
    room.facts(TESS, StartSession())
    room.join(CORA, SAM)
    assert room.refusal(CORA, EndSession()) is Code.FORBIDDEN
    assert room.refusal(SAM, EndSession()) is Code.FORBIDDEN
    assert room.facts(TESS, EndSession()) != (), "an owner need not be in the class to end it"
    assert room.refusal(TESS, EndSession()) is Code.SESSION_NOT_LIVE


def test_the_end_of_a_class_is_one_commit_that_leaves_nothing_open() -> None:
    room = Class().live(TESS, SAM)
    session = room.state.live
    track = room.publish(SAM, Source.CAMERA)
    room.facts(SAM, RaiseHand())
    room.facts(TESS, StartRecording())
    recording = room.state.recording
    assert session is not None
    assert recording is not None
    room.now += 60 * SECOND
    assert room.facts(TESS, EndSession()) == (
        TrackClosed(track, "session_ended"),
        RecordingStopped(recording.id, "session_ended"),
        HandLowered(who(SAM)),
        ParticipantLeft(who(TESS), "session_ended", room.now),
        ParticipantLeft(who(SAM), "session_ended", room.now),
        SessionEnded(session.id, "ended"),
    )
    assert (room.state.participants, room.state.tracks, room.state.hands) == ({}, {}, ())
    assert room.state.placement.node is None


def test_the_end_of_the_largest_class_fits_one_commit() -> None:
    people: list[Actor] = [person(f"student{i}") for i in range(PARTICIPANTS_MAX)]
    room = Class().live(*people)
    for actor in people[:TRACKS_MAX]:
        long_name = f"{actor.id}-microphone".ljust(40, "x")
        room.facts(SERVICE, publishing(actor, Source.MICROPHONE, track=long_name))
    for actor in people[:HANDS_MAX]:
        room.facts(actor, RaiseHand())
    events = room.facts(TESS, EndSession())
    left = [e for e in events if isinstance(e, ParticipantLeft)]
    assert len(left) == DEPARTURES_PER_COMMIT_MAX
    assert len(encode_commit(room.log[-1])) < COMMIT_BYTES_MAX
    assert room.state.participants == {}, "session_ended itself says that everybody has left"
