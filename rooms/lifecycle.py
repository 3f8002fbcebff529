"""The room and its classes: creating, setting up, planning, starting, ending.

A class is planned, live, over. There is at most one live class in a room. It may start before or after
its time; with ``settings.end_at_time`` it ends by the clock, and always after ``SESSION_HOURS_MAX``. The
class hears of such an end ``ENDING_WARNING_S`` before, and staff may put it off.

What a room has (slides, boards, settings, prepared polls, groups) stays from class to class: only what
belongs to people in the class ends with it.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple, assert_never, get_args

from msgspec.structs import replace

from rooms import lobby, schedule
from rooms.asker import Asker, new_id
from rooms.permissions import Permission
from rooms.roster import departure_time
from rooms.state import Placement, RoomState, Session
from rooms.topic import Stamp, Topic
from schemas.commands.lifecycle import (
    ArchiveRoom,
    AssignCourse,
    ChangeSettings,
    CreateRoom,
    EndSession,
    ExtendSession,
    RenameRoom,
    RestoreRoom,
    StartSession,
)
from schemas.envelope import STAFF, Event
from schemas.events.floor import HandLowered
from schemas.events.lifecycle import (
    CourseAssigned,
    EndingSoon,
    RoomArchived,
    RoomCreated,
    RoomRenamed,
    RoomRestored,
    SessionEnded,
    SessionExtended,
    SessionStarted,
    SettingsChanged,
)
from schemas.events.recording import RecordingStopped
from schemas.events.roster import ParticipantLeft
from schemas.events.tracks import TrackClosed
from schemas.ids import CourseId, SessionId, UserId
from schemas.limits import (
    DEPARTURES_PER_COMMIT_MAX,
    EMPTY_SESSION_END_S,
    ENDING_NOTICE_S,
    ENDING_WARNING_S,
    SESSION_HOURS_MAX,
)
from schemas.media import Role
from schemas.rejections import Code, Rejection, rejection
from schemas.room_settings import RoomSettings

_EMPTY_MS = int(EMPTY_SESSION_END_S * 1000)
_WARNING_MS = int(ENDING_WARNING_S * 1000)
_NOTICE_MS = int(ENDING_NOTICE_S * 1000)
_SESSION_MS = SESSION_HOURS_MAX * 3_600_000

Command = (
    schedule.Command
    | CreateRoom
    | StartSession
    | ExtendSession
    | EndSession
    | ChangeSettings
    | RenameRoom
    | AssignCourse
    | ArchiveRoom
    | RestoreRoom
)
Fact = (
    schedule.Fact
    | RoomCreated
    | SessionStarted
    | SessionExtended
    | EndingSoon
    | SessionEnded
    | SettingsChanged
    | RoomRenamed
    | CourseAssigned
    | RoomArchived
    | RoomRestored
)


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> tuple[Event, ...] | Rejection:
    """What a wish about the room's life leads to."""
    if isinstance(command, schedule.Command):
        return schedule.decide(state, asks, command, now)
    match command:
        case CreateRoom():
            return _create(state, asks, command)
        case StartSession():
            return _start(state, asks, command)
        case ExtendSession():
            return _extend(state, asks, command)
        case EndSession():
            return _end(state, asks, now)
        case ChangeSettings():
            return _change_settings(state, asks, command)
        case RenameRoom():
            return _rename_room(state, asks, command)
        case AssignCourse(course=course):
            return _assign_course(state, asks, course)
        case ArchiveRoom():
            return _archive(state, asks)
        case RestoreRoom():
            return _restore(state, asks)
        case _:
            assert_never(command)


# --- the room itself -----------------------------------------------------------------------------


def _create(state: RoomState, asks: Asker, command: CreateRoom) -> tuple[Event, ...] | Rejection:
    may_create = asks.actor.kind == "operator" or {"teach", "administer"} & set(asks.actor.capabilities)
    if asks.is_service or not may_create:
        return rejection(Code.FORBIDDEN)
    if state.exists:
        return rejection(Code.ROOM_EXISTS)
    return (Event(RoomCreated(command.title, UserId(asks.actor.id), Role(command.default_role))),)


def _change_settings(state: RoomState, asks: Asker, command: ChangeSettings) -> tuple[Event, ...] | Rejection:
    """Whoever need not wait at the door any more comes in with the same commit."""
    if not asks.may(Permission.CHANGE_SETTINGS):
        return rejection(Code.FORBIDDEN)
    after = command.settings
    if after.default_role in STAFF:
        return rejection(Code.MALFORMED, "People come as speakers or viewers.")
    if after == state.settings:
        return ()
    return (Event(SettingsChanged(state.settings, after)), *lobby.opened(state, after))


def _rename_room(state: RoomState, asks: Asker, command: RenameRoom) -> tuple[Event, ...] | Rejection:
    if not asks.may(Permission.CHANGE_SETTINGS):
        return rejection(Code.FORBIDDEN)
    return (Event(RoomRenamed(command.title)),) if command.title != state.title else ()


def _assign_course(state: RoomState, asks: Asker, course: CourseId | None) -> tuple[Event, ...] | Rejection:
    if not asks.may(Permission.CHANGE_SETTINGS):
        return rejection(Code.FORBIDDEN)
    return (Event(CourseAssigned(course)),) if course != state.course else ()


def _archive(state: RoomState, asks: Asker) -> tuple[Event, ...] | Rejection:
    """A running class goes on to its end; the next one does not start."""
    if not asks.may(Permission.CHANGE_SETTINGS):
        return rejection(Code.FORBIDDEN)
    return () if state.archived else (Event(RoomArchived()),)


def _restore(state: RoomState, asks: Asker) -> tuple[Event, ...] | Rejection:
    if not asks.may(Permission.CHANGE_SETTINGS):
        return rejection(Code.FORBIDDEN)
    return (Event(RoomRestored()),) if state.archived else ()


# --- the class -----------------------------------------------------------------------------------
def _start(state: RoomState, asks: Asker, command: StartSession) -> tuple[Event, ...] | Rejection:
    if not asks.may(Permission.START_SESSION):
        return rejection(Code.FORBIDDEN)
    if state.live:
        return rejection(Code.SESSION_LIVE)
    if state.archived:
        return rejection(Code.ROOM_ARCHIVED)
    if command.session is None:
        return (Event(SessionStarted(SessionId(new_id(state, asks, "s")), state.title)),)
    planned = schedule.planned(state, command.session)
    if planned is None:
        return rejection(Code.NO_SUCH_SESSION)
    return (Event(SessionStarted(planned.id, planned.title)),)


def _extend(state: RoomState, asks: Asker, command: ExtendSession) -> tuple[Event, ...] | Rejection:
    """Counts from when the class would end, so that two who press at once give twice the time."""
    if not asks.may(Permission.START_SESSION):
        return rejection(Code.FORBIDDEN)
    if state.live is None:
        return rejection(Code.SESSION_NOT_LIVE)
    ends_at = end_by_time(state, state.live).at + command.minutes * schedule.MINUTE_MS
    if ends_at > state.live.started_at + 2 * _SESSION_MS:
        return rejection(Code.LIMIT_REACHED)
    return (Event(SessionExtended(state.live.id, ends_at)),)


def _end(state: RoomState, asks: Asker, now: int) -> tuple[Event, ...] | Rejection:
    if not asks.may(Permission.END_SESSION):
        return rejection(Code.FORBIDDEN)
    if not state.live:
        return rejection(Code.SESSION_NOT_LIVE)
    return ending(state, now, "ended")


def ending(state: RoomState, now: int, reason: Literal["ended", "empty", "time_limit"]) -> tuple[Event, ...]:
    """Everything that ends with the running class, in one commit: media, recording, people, class.

    A class larger than ``DEPARTURES_PER_COMMIT_MAX`` names only that many people: a commit is bounded,
    and ``session_ended`` itself says that everybody has left.
    """
    assert state.live is not None
    leaving = list(state.participants.values())[:DEPARTURES_PER_COMMIT_MAX]
    return (
        *(Event(TrackClosed(t, "session_ended")) for t in state.tracks),
        *([Event(RecordingStopped(state.recording.id, "session_ended"))] if state.recording else []),
        *(Event(HandLowered(h.participant)) for h in state.hands),
        *(Event(ParticipantLeft(p.id, "session_ended", departure_time(p, now))) for p in leaving),
        Event(SessionEnded(state.live.id, reason)),
    )


class EndByTime(NamedTuple):
    """When a class ends by itself (Unix milliseconds), and why then."""

    at: int
    reason: Literal["planned_end", "time_limit"]


def end_by_time(state: RoomState, live: Session) -> EndByTime:
    """When this running class ends by itself: what was announced or put off counts, else the plan if the
    room keeps to it, else the longest that a class may last.

    Who started after the planned end has the planned length, counted from the start.
    """
    by_plan = state.settings.end_at_time and live.planned is not None
    if live.ends_at is not None:
        return EndByTime(live.ends_at, "planned_end" if by_plan else "time_limit")
    limit = EndByTime(live.started_at + _SESSION_MS, "time_limit")
    if live.planned is None or not by_plan:
        return limit
    length = live.planned.minutes * schedule.MINUTE_MS
    planned_end = live.planned.starts_at + length
    is_late = planned_end <= live.started_at
    return min(limit, EndByTime(live.started_at + length if is_late else planned_end, "planned_end"))


def deadlines(state: RoomState) -> Iterator[int]:
    """The announced end of a class, the time to announce it, and the end of one that everybody left."""
    if state.live is None:
        return
    end = end_by_time(state, state.live).at
    yield end if state.live.ending_announced else end - _WARNING_MS
    if state.empty_since is not None:
        yield state.empty_since + _EMPTY_MS


def due(state: RoomState, now: int) -> tuple[Event, ...]:
    """Ends a class whose time has come, or says that it will."""
    live = state.live
    if live is None:
        return ()
    if state.empty_since is not None and now >= state.empty_since + _EMPTY_MS:
        return ending(state, now, "empty")
    end = end_by_time(state, live)
    if live.ending_announced:
        return ending(state, now, "time_limit") if now >= end.at else ()
    if now >= end.at - _WARNING_MS:
        return (Event(EndingSoon(live.id, max(end.at, now + _NOTICE_MS), end.reason)),)
    return ()


# --- facts ---------------------------------------------------------------------------------------


def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact of its life."""
    if isinstance(fact, schedule.Fact):
        return schedule.evolve(state, fact)
    match fact:
        case RoomCreated(title=title, owner=owner, default_role=role):
            return replace(state, title=title, owner=owner, settings=RoomSettings(default_role=role))
        case SessionStarted(session=session, title=title):
            return replace(
                state,
                session=Session(session, title, stamp.at, planned=schedule.planned(state, session)),
                scheduled=tuple(s for s in state.scheduled if s.id != session),
                empty_since=stamp.at,
            )
        case SessionExtended(session=session, ends_at=ends_at):
            return _change_live(state, session, ends_at=ends_at, ending_announced=False)
        case EndingSoon(session=session, ends_at=ends_at):
            return _change_live(state, session, ends_at=ends_at, ending_announced=True)
        case SessionEnded():
            return _over(state, stamp.at)
        case SettingsChanged():
            return _set_up(state, fact)
        case RoomRenamed(title=title):
            return replace(state, title=title)
        case CourseAssigned(course=course):
            return replace(state, course=course)
        case RoomArchived():
            return replace(state, archived=True)
        case RoomRestored():
            return replace(state, archived=False)
        case _:
            assert_never(fact)


def _change_live(state: RoomState, session: SessionId, **changes: object) -> RoomState:
    live = state.live
    return replace(state, session=replace(live, **changes)) if live and live.id == session else state


def _set_up(state: RoomState, fact: SettingsChanged) -> RoomState:
    """What was said of the end counted under the old settings only."""
    state = replace(state, settings=fact.after)
    if state.live is None or fact.before.end_at_time == fact.after.end_at_time:
        return state
    return _change_live(state, state.live.id, ends_at=None, ending_announced=False)


def _over(state: RoomState, at: int) -> RoomState:
    return replace(
        state,
        session=replace(state.session, ended_at=at) if state.session else None,
        empty_since=None,
        participants={},
        given_roles={},
        removed=(),
        hands=(),
        tracks={},
        placement=Placement(None, state.placement.epoch),
    )


TOPIC = Topic("lifecycle", get_args(Command), get_args(Fact), decide, evolve, deadlines, due)
