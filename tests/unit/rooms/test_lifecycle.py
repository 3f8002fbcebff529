"""The room and its classes: the manual of ``rooms.lifecycle``."""

import pytest
from msgspec.structs import replace

from rooms.room import next_deadline, recall
from rooms.schedule import lesson
from rooms.view import view
from schemas.commands import Command
from schemas.commands.deadlines import DeadlinePassed
from schemas.commands.floor import RaiseHand
from schemas.commands.lifecycle import (
    ArchiveRoom,
    AssignCourse,
    CancelSeries,
    CancelSession,
    ChangeSettings,
    CreateRoom,
    EndSession,
    ExtendSession,
    MoveSession,
    RenameRoom,
    RenameSession,
    RestoreRoom,
    ScheduleSeries,
    ScheduleSession,
    StartSession,
)
from schemas.commands.recording import StartRecording
from schemas.commands.roster import AddMember, JoinSession
from schemas.envelope import Actor, Event, encode_commit
from schemas.events.floor import HandLowered
from schemas.events.lifecycle import (
    CourseAssigned,
    EndingSoon,
    RoomArchived,
    RoomCreated,
    RoomRenamed,
    RoomRestored,
    SessionCancelled,
    SessionEnded,
    SessionExtended,
    SessionMoved,
    SessionRenamed,
    SessionScheduled,
    SessionStarted,
    SettingsChanged,
)
from schemas.events.recording import RecordingStopped
from schemas.events.roster import ParticipantLeft
from schemas.events.tracks import TrackClosed
from schemas.ids import CourseId, SeriesId, SessionId, UserId
from schemas.limits import (
    COMMIT_BYTES_MAX,
    DEPARTURES_PER_COMMIT_MAX,
    HANDS_MAX,
    PARTICIPANTS_MAX,
    SCHEDULED_SESSIONS_MAX,
    SERIES_SESSIONS_MAX,
    TITLE_CHARS_MAX,
    TRACKS_MAX,
)
from schemas.media import Role, Source
from schemas.rejections import Code
from schemas.room_settings import RoomSettings
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
    VERA,
    Class,
    envelope,
    person,
    publishing,
    who,
)

MINUTE = 60 * SECOND
WEEK = 7 * 24 * 60 * MINUTE
LESSON = ScheduleSession("Fractions", START + 60 * SECOND, 45)
SERIES = ScheduleSeries("Fractions", (START + WEEK, START + 2 * WEEK, START + 3 * WEEK), 45)


def planned(room: Class, command: ScheduleSession = LESSON) -> SessionId:
    """The class that was planned."""
    (fact,) = room.facts(TESS, command)
    assert isinstance(fact, SessionScheduled)
    return fact.session


def by_the_clock(minutes: int = 45) -> Class:
    """A room that keeps to its time table, in which such a class of ours begins now."""
    room = Class().created()
    room.facts(TESS, ChangeSettings(RoomSettings(end_at_time=True)))
    room.facts(TESS, StartSession(planned(room, ScheduleSession("Fractions", START, minutes))))
    return room.join(TESS)


def wake(room: Class) -> tuple[object, ...]:
    """Moves the clock to the next deadline and tells the room."""
    due = next_deadline(room.state)
    assert due is not None
    room.now = max(room.now, due)
    return room.facts(SERVICE, DeadlinePassed(due))


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


def test_a_room_keeps_what_was_prepared_in_it_from_class_to_class() -> None:
    """Only what belongs to people in the class may go with it."""
    room = Class().live(TESS, SAM)
    room.facts(TESS, ChangeSettings(RoomSettings(slow_mode_s=5)))
    before = room.state
    room.facts(TESS, EndSession())
    for kept in ("title", "owner", "members", "settings", "policy", "scheduled", "studio", "boards", "files"):
        assert getattr(room.state, kept) == getattr(before, kept), kept


# --- the time table ------------------------------------------------------------------------------
def test_a_series_is_planned_whole_and_in_order_of_time() -> None:
    room = Class().created()
    facts = room.facts(TESS, replace(SERIES, starts=(*reversed(SERIES.starts), SERIES.starts[0])))
    assert len(room.log) == 2
    first = facts[0]
    assert isinstance(first, SessionScheduled)
    assert first.series is not None
    assert facts == tuple(
        SessionScheduled(lesson(first.series, i), "Fractions", at, 45, first.series)
        for i, at in enumerate(SERIES.starts)
    )
    assert [s.series for s in room.state.scheduled] == [first.series] * 3


def test_a_series_that_does_not_fit_is_not_planned_at_all() -> None:
    room = Class().created()
    for _ in range(SCHEDULED_SESSIONS_MAX - 2):
        room.facts(TESS, LESSON)
    assert room.refusal(TESS, SERIES) is Code.LIMIT_REACHED
    assert Class().created().refusal(TESS, replace(SERIES, starts=(START - WEEK, START))) is Code.MALFORMED


def test_the_longest_series_fits_one_commit() -> None:
    room = Class().created()
    starts = tuple(START + i * WEEK for i in range(SERIES_SESSIONS_MAX))
    room.facts(TESS, ScheduleSeries("\x01" * TITLE_CHARS_MAX, starts))
    assert len(encode_commit(room.log[-1])) < COMMIT_BYTES_MAX


def test_a_planned_class_is_moved() -> None:
    room = Class().created()
    session, other = planned(room), planned(room, replace(LESSON, starts_at=START + 5 * MINUTE))
    move = MoveSession(session, START + 10 * MINUTE, 30)
    assert room.facts(TESS, move) == (SessionMoved(session, START + 10 * MINUTE, 30),)
    assert [s.id for s in room.state.scheduled] == [other, session]
    assert (room.state.scheduled[1].starts_at, room.state.scheduled[1].minutes) == (START + 10 * MINUTE, 30)
    assert room.facts(TESS, move) == ()
    assert room.refusal(TESS, MoveSession(session, START - WEEK, 30)) is Code.MALFORMED


def test_a_planned_or_running_class_is_renamed() -> None:
    room = Class().created()
    session = planned(room)
    assert room.facts(TESS, RenameSession(session, "Ratios")) == (SessionRenamed(session, "Ratios"),)
    assert room.facts(TESS, RenameSession(session, "Ratios")) == ()
    room.facts(TESS, StartSession(session))
    assert room.state.live is not None
    assert room.state.live.title == "Ratios"
    room.facts(TESS, RenameSession(session, "Decimals"))
    assert room.state.live.title == "Decimals"


def test_a_planned_class_is_cancelled() -> None:
    room = Class().created()
    session = planned(room)
    assert room.facts(TESS, CancelSession(session)) == (SessionCancelled(session),)
    assert room.state.scheduled == ()
    assert room.refusal(TESS, StartSession(session)) is Code.NO_SUCH_SESSION


def test_the_rest_of_a_series_is_cancelled() -> None:
    room = Class().created()
    other = planned(room)
    first = room.facts(TESS, SERIES)[0]
    assert isinstance(first, SessionScheduled)
    assert first.series is not None
    room.facts(TESS, StartSession(first.session))
    cancelled = room.facts(TESS, CancelSeries(first.series))
    assert cancelled == tuple(SessionCancelled(lesson(first.series, i)) for i in (1, 2))
    assert [s.id for s in room.state.scheduled] == [other]
    assert room.facts(TESS, CancelSeries(first.series)) == ()


def test_what_runs_is_neither_moved_nor_cancelled_and_what_is_not_there_not_either() -> None:
    room = Class().created()
    session = planned(room)
    room.facts(TESS, StartSession(session))
    assert room.refusal(TESS, MoveSession(session, START)) is Code.SESSION_LIVE
    assert room.refusal(TESS, CancelSession(session)) is Code.SESSION_LIVE
    nothing = SessionId("nothing")
    for command in (MoveSession(nothing, START), RenameSession(nothing, "x"), CancelSession(nothing)):
        assert room.refusal(TESS, command) is Code.NO_SUCH_SESSION


def test_a_class_may_start_early_and_late_and_shows_both_times() -> None:
    for start in (START - 20 * MINUTE, START + 20 * MINUTE):
        room = Class().created()
        session = planned(room, ScheduleSession("Fractions", START, 45))
        room.now = start
        room.facts(TESS, StartSession(session))
        shown = view(room.state, who(SAM)).session
        assert shown is not None
        assert (shown.starts_at, shown.started_at) == (START, start)


# --- the end by time -----------------------------------------------------------------------------
def test_a_class_hears_before_it_ends_by_the_clock() -> None:
    room = by_the_clock()
    live = room.state.live
    assert live is not None
    assert wake(room) == (EndingSoon(live.id, START + 45 * MINUTE, "planned_end"),)
    assert room.now == START + 35 * MINUTE
    assert room.log[-1].events[0].audience == "everyone"
    shown = view(room.state, who(SAM)).session
    assert shown is not None
    assert shown.ends_at == START + 45 * MINUTE
    ended = wake(room)[-1]
    assert room.now == START + 45 * MINUTE
    assert ended == SessionEnded(live.id, "time_limit")


def test_a_room_that_does_not_keep_to_the_clock_lets_a_class_overrun() -> None:
    room = Class().created()
    room.facts(TESS, StartSession(planned(room, ScheduleSession("Fractions", START, 45))))
    room.join(TESS)
    assert next_deadline(room.state) == START + (12 * 60 - 10) * MINUTE


def test_a_class_that_starts_after_its_planned_end_has_its_whole_length() -> None:
    room = Class().created()
    room.facts(TESS, ChangeSettings(RoomSettings(end_at_time=True)))
    session = planned(room, ScheduleSession("Fractions", START, 45))
    room.now = START + 45 * MINUTE
    room.facts(TESS, StartSession(session))
    room.join(TESS)
    assert next_deadline(room.state) == START + 80 * MINUTE


def test_a_short_class_is_warned_as_it_begins() -> None:
    room = by_the_clock(minutes=5)
    warning = wake(room)[0]
    assert isinstance(warning, EndingSoon)
    assert (room.now, warning.ends_at) == (START, START + 5 * MINUTE)


def test_nobody_is_sent_home_without_notice() -> None:
    """Told to keep to a time table that is over already, the class still gets a minute."""
    room = Class().created()
    room.facts(TESS, StartSession(planned(room, ScheduleSession("Fractions", START, 45))))
    room.join(TESS)
    room.now = START + 60 * MINUTE
    room.facts(TESS, ChangeSettings(RoomSettings(end_at_time=True)))
    (warning,) = wake(room)
    assert isinstance(warning, EndingSoon)
    assert warning.ends_at == START + 61 * MINUTE
    assert room.facts(SERVICE, DeadlinePassed(room.now)) == (), "said once"


def test_the_end_is_put_off_and_announced_anew() -> None:
    room = by_the_clock()
    live = room.state.live
    assert live is not None
    wake(room)
    assert room.facts(TESS, ExtendSession(15)) == (SessionExtended(live.id, START + 60 * MINUTE),)
    assert room.facts(TESS, ExtendSession(5)) == (SessionExtended(live.id, START + 65 * MINUTE),)
    assert wake(room) == (EndingSoon(live.id, START + 65 * MINUTE, "planned_end"),)
    assert room.now == START + 55 * MINUTE


def test_a_class_lasts_twice_the_longest_time_at_most() -> None:
    room = Class().live(TESS)
    for _ in range(4):
        room.facts(TESS, ExtendSession(180))
    assert room.refusal(TESS, ExtendSession(1)) is Code.LIMIT_REACHED


def test_an_end_is_forgotten_when_the_room_stops_keeping_to_the_clock() -> None:
    room = by_the_clock()
    wake(room)
    room.facts(TESS, ChangeSettings(RoomSettings(end_at_time=True, slow_mode_s=3)))
    assert next_deadline(room.state) == START + 45 * MINUTE, "other settings do not matter"
    room.facts(TESS, ChangeSettings(RoomSettings()))
    assert next_deadline(room.state) == START + (12 * 60 - 10) * MINUTE
    shown = view(room.state, who(SAM)).session
    assert shown is not None
    assert shown.ends_at is None


def test_only_a_running_class_is_extended() -> None:
    assert Class().created().refusal(TESS, ExtendSession(5)) is Code.SESSION_NOT_LIVE


# --- the room itself -----------------------------------------------------------------------------
def test_settings_hold_for_the_running_class_and_all_later_ones() -> None:
    room = Class().live(TESS, SAM)
    before, after = room.state.settings, RoomSettings(Role.VIEWER, capacity=2)
    assert room.facts(TESS, ChangeSettings(after)) == (SettingsChanged(before, after),)
    assert room.facts(TESS, ChangeSettings(after)) == ()
    assert room.state.participants[who(SAM)].role is Role.SPEAKER, "who is there keeps the role"
    assert room.refusal(VERA, JoinSession("Vera")) is Code.ROOM_FULL
    room.facts(TESS, EndSession())
    room.facts(TESS, StartSession())
    room.join(VERA)
    assert room.state.settings == after
    assert room.state.participants[who(VERA)].role is Role.VIEWER


def test_nobody_comes_as_staff_by_default() -> None:
    for role in (Role.HOST, Role.CO_HOST):
        assert Class().created().refusal(TESS, ChangeSettings(RoomSettings(role))) is Code.MALFORMED


def test_a_room_is_renamed() -> None:
    room = Class().created()
    assert room.facts(TESS, RenameRoom("Geometry")) == (RoomRenamed("Geometry"),)
    assert room.facts(TESS, RenameRoom("Geometry")) == ()
    assert room.state.title == "Geometry"


def test_a_room_belongs_to_one_course_or_none() -> None:
    room = Class().created()
    maths = CourseId("maths")
    assert room.facts(TESS, AssignCourse(maths)) == (CourseAssigned(maths),)
    assert room.facts(TESS, AssignCourse(maths)) == ()
    assert view(room.state, who(SAM)).course == maths
    assert room.facts(TESS, AssignCourse()) == (CourseAssigned(None),)


def test_an_archived_room_takes_no_new_class_until_it_is_restored() -> None:
    room = Class().created()
    session = planned(room)
    assert room.facts(TESS, ArchiveRoom()) == (RoomArchived(),)
    assert room.facts(TESS, ArchiveRoom()) == ()
    assert view(room.state, who(SAM)).archived
    for command in (StartSession(), StartSession(session), LESSON, SERIES):
        assert room.refusal(TESS, command) is Code.ROOM_ARCHIVED
    assert room.facts(TESS, RestoreRoom()) == (RoomRestored(),)
    assert room.facts(TESS, RestoreRoom()) == ()
    assert room.facts(TESS, StartSession(session)) != (), "the time table is kept"


def test_a_running_class_goes_on_in_an_archived_room() -> None:
    room = Class().live(TESS)
    room.facts(TESS, ArchiveRoom())
    room.join(SAM)
    room.facts(TESS, EndSession())
    assert room.refusal(TESS, StartSession()) is Code.ROOM_ARCHIVED


@pytest.mark.parametrize(
    ("command", "co_host_may"),
    [
        (LESSON, True),
        (SERIES, True),
        (MoveSession(SessionId("s"), START), True),
        (RenameSession(SessionId("s"), "x"), True),
        (CancelSession(SessionId("s")), True),
        (CancelSeries(SeriesId("ss")), True),
        (StartSession(), True),
        (ExtendSession(5), True),
        (EndSession(), False),
        (ChangeSettings(RoomSettings(slow_mode_s=1)), False),
        (RenameRoom("x"), False),
        (AssignCourse(CourseId("maths")), False),
        (ArchiveRoom(), False),
        (RestoreRoom(), False),
    ],
    ids=lambda value: value.name if isinstance(value, Command) else "",
)
def test_the_rooms_life_is_its_staffs(command: Command, *, co_host_may: bool) -> None:
    room = Class().created()
    room.facts(TESS, AddMember(UserId("cora"), Role.CO_HOST))
    room.facts(TESS, StartSession())
    room.join(SAM, CORA)
    for actor in (SAM, GUS, SERVICE):
        assert room.refusal(actor, command) is Code.FORBIDDEN
    assert (room.ask(CORA, command) is not Code.FORBIDDEN) == co_host_may


@pytest.mark.parametrize(
    "command",
    [SERIES, ExtendSession(5), RenameRoom("x"), ArchiveRoom(), ChangeSettings(RoomSettings(slow_mode_s=1))],
    ids=lambda command: command.name,
)
def test_the_same_wish_is_answered_once(command: Command) -> None:
    room = Class().live(TESS)
    room.ask(TESS, command, "once")
    answer = room.state.seq
    room.facts(TESS, RaiseHand())
    assert recall(room.state, envelope(TESS, command, "once", room.now)) == answer


def test_old_facts_about_what_is_gone_change_nothing() -> None:
    """A log from elsewhere is folded whatever it says."""
    room = Class().created()
    room.store(
        TESS,
        "odd",
        [Event(SessionMoved(SessionId("s"), 1, 2)), Event(EndingSoon(SessionId("s"), 3, "time_limit"))],
    )
    assert (room.state.scheduled, room.state.session) == ((), None)
