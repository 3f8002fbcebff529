"""The room and its classes: creating, planning, starting, ending.

A class is planned, live, over. There is at most one live class in a room.
"""

from collections.abc import Iterator
from typing import Literal, assert_never, get_args

from msgspec.structs import replace

from rooms.asker import Asker, new_id
from rooms.permissions import Permission
from rooms.roster import departure_time
from rooms.state import Placement, PlannedSession, RoomState, Session
from rooms.topic import Stamp, Topic
from schemas.commands.lifecycle import CreateRoom, EndSession, ScheduleSession, StartSession
from schemas.envelope import Event
from schemas.events.floor import HandLowered
from schemas.events.lifecycle import RoomCreated, SessionEnded, SessionScheduled, SessionStarted
from schemas.events.recording import RecordingStopped
from schemas.events.roster import ParticipantLeft
from schemas.events.tracks import TrackClosed
from schemas.ids import SessionId, UserId
from schemas.limits import (
    DEPARTURES_PER_COMMIT_MAX,
    EMPTY_SESSION_END_S,
    SCHEDULED_SESSIONS_MAX,
    SESSION_HOURS_MAX,
)
from schemas.media import Role
from schemas.rejections import Code, Rejection, rejection
from schemas.room_settings import RoomSettings

_EMPTY_MS = int(EMPTY_SESSION_END_S * 1000)
_SESSION_MS = SESSION_HOURS_MAX * 3_600_000

Command = CreateRoom | ScheduleSession | StartSession | EndSession
Fact = RoomCreated | SessionScheduled | SessionStarted | SessionEnded


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> tuple[Event, ...] | Rejection:
    """What a wish about the room's life leads to."""
    match command:
        case CreateRoom():
            return _create(state, asks, command)
        case ScheduleSession():
            return _schedule(state, asks, command, now)
        case StartSession():
            return _start(state, asks, command)
        case EndSession():
            return _end(state, asks, now)
        case _:
            assert_never(command)


def _create(state: RoomState, asks: Asker, command: CreateRoom) -> tuple[Event, ...] | Rejection:
    may_create = asks.actor.kind == "operator" or {"teach", "administer"} & set(asks.actor.capabilities)
    if asks.is_service or not may_create:
        return rejection(Code.FORBIDDEN)
    if state.exists:
        return rejection(Code.ROOM_EXISTS)
    return (Event(RoomCreated(command.title, UserId(asks.actor.id), Role(command.default_role))),)


def _schedule(
    state: RoomState, asks: Asker, command: ScheduleSession, now: int
) -> tuple[Event, ...] | Rejection:
    if not asks.may(Permission.SCHEDULE):
        return rejection(Code.FORBIDDEN)
    if command.starts_at + command.minutes * 60_000 < now:
        return rejection(Code.MALFORMED, "This time is over.")
    # Classes that were never started make room by themselves (see ``evolve``).
    if sum(1 for s in state.scheduled if s.starts_at > now) >= SCHEDULED_SESSIONS_MAX:
        return rejection(Code.LIMIT_REACHED)
    session = SessionId(new_id(state, asks, "s"))
    return (Event(SessionScheduled(session, command.title, command.starts_at, command.minutes)),)


def _start(state: RoomState, asks: Asker, command: StartSession) -> tuple[Event, ...] | Rejection:
    if not asks.may(Permission.START_SESSION):
        return rejection(Code.FORBIDDEN)
    if state.live:
        return rejection(Code.SESSION_LIVE)
    if command.session is None:
        return (Event(SessionStarted(SessionId(new_id(state, asks, "s")), state.title)),)
    planned = _planned(state, command.session)
    if planned is None:
        return rejection(Code.NO_SUCH_SESSION)
    return (Event(SessionStarted(planned.id, planned.title)),)


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


def deadlines(state: RoomState) -> Iterator[int]:
    """The end of a class that everybody left, and of one that somebody forgot."""
    if state.live is None:
        return
    yield state.live.started_at + _SESSION_MS
    if state.empty_since is not None:
        yield state.empty_since + _EMPTY_MS


def due(state: RoomState, now: int) -> tuple[Event, ...]:
    """Ends a class whose time has come."""
    if state.live is None:
        return ()
    if now >= state.live.started_at + _SESSION_MS:
        return ending(state, now, "time_limit")
    if state.empty_since is not None and now >= state.empty_since + _EMPTY_MS:
        return ending(state, now, "empty")
    return ()


def _planned(state: RoomState, session: SessionId) -> PlannedSession | None:
    return next((s for s in state.scheduled if s.id == session), None)


def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact of its life."""
    match fact:
        case RoomCreated(title=title, owner=owner, default_role=role):
            return replace(state, title=title, owner=owner, settings=RoomSettings(default_role=role))
        case SessionScheduled():
            planned = PlannedSession(fact.session, fact.title, fact.starts_at, fact.minutes)
            table = sorted((*state.scheduled, planned), key=lambda s: (s.starts_at, s.id))
            return replace(state, scheduled=tuple(table[-SCHEDULED_SESSIONS_MAX:]))
        case SessionStarted(session=session, title=title):
            return replace(
                state,
                session=Session(session, title, stamp.at, planned=_planned(state, session)),
                scheduled=tuple(s for s in state.scheduled if s.id != session),
                empty_since=stamp.at,
            )
        case SessionEnded():
            return _over(state, stamp.at)
        case _:
            assert_never(fact)


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
