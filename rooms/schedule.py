"""The time table of a room: planning classes and series of lessons, moving, renaming, cancelling.

Part of the topic ``lifecycle``, which decides what becomes of a planned class when its time comes.
"""

from collections.abc import Iterable, Sequence
from typing import assert_never

from msgspec.structs import replace

from rooms.asker import Asker, new_id
from rooms.permissions import Permission
from rooms.state import PlannedSession, RoomState
from schemas.commands.lifecycle import (
    CancelSeries,
    CancelSession,
    MoveSession,
    RenameSession,
    ScheduleSeries,
    ScheduleSession,
)
from schemas.envelope import Event
from schemas.events.lifecycle import SessionCancelled, SessionMoved, SessionRenamed, SessionScheduled
from schemas.ids import SeriesId, SessionId, derived_id
from schemas.limits import SCHEDULED_SESSIONS_MAX
from schemas.rejections import Code, Rejection, rejection

Command = ScheduleSession | ScheduleSeries | MoveSession | RenameSession | CancelSession | CancelSeries
Fact = SessionScheduled | SessionMoved | SessionRenamed | SessionCancelled

MINUTE_MS = 60_000


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> tuple[Event, ...] | Rejection:
    """What a wish about planned classes leads to."""
    if not asks.may(Permission.SCHEDULE):
        return rejection(Code.FORBIDDEN)
    match command:
        case ScheduleSession():
            return _schedule(state, asks, command, now)
        case ScheduleSeries():
            return _schedule_series(state, asks, command, now)
        case MoveSession():
            return _move(state, command, now)
        case RenameSession():
            return _rename(state, command)
        case CancelSession(session=session):
            planned = _changeable(state, session)
            return planned if isinstance(planned, Rejection) else (Event(SessionCancelled(session)),)
        case CancelSeries(series=series):
            # A series of which nothing is left to cancel is cancelled.
            return tuple(Event(SessionCancelled(s.id)) for s in state.scheduled if s.series == series)
        case _:
            assert_never(command)


def planned(state: RoomState, session: SessionId) -> PlannedSession | None:
    """The class of this id in the time table."""
    return next((s for s in state.scheduled if s.id == session), None)


def _schedule(
    state: RoomState, asks: Asker, command: ScheduleSession, now: int
) -> tuple[Event, ...] | Rejection:
    refusal = _refuse_plan(state, (command.starts_at,), command.minutes, now)
    session = SessionId(new_id(state, asks, "s"))
    scheduled = SessionScheduled(session, command.title, command.starts_at, command.minutes)
    return refusal or (Event(scheduled),)


def _schedule_series(
    state: RoomState, asks: Asker, command: ScheduleSeries, now: int
) -> tuple[Event, ...] | Rejection:
    starts = sorted(set(command.starts))
    refusal = _refuse_plan(state, starts, command.minutes, now)
    if refusal:
        return refusal
    series = SeriesId(new_id(state, asks, "ss"))
    return tuple(
        Event(SessionScheduled(lesson(series, number), command.title, at, command.minutes, series))
        for number, at in enumerate(starts)
    )


def lesson(series: SeriesId, number: int) -> SessionId:
    """The class that is the lesson of this number (from 0) of a series, as it was first planned."""
    return SessionId(derived_id("s", series, str(number)))


def _refuse_plan(state: RoomState, starts: Sequence[int], minutes: int, now: int) -> Rejection | None:
    if state.archived:
        return rejection(Code.ROOM_ARCHIVED)
    if min(starts) + minutes * MINUTE_MS < now:
        return rejection(Code.MALFORMED, "This time is over.")
    # Classes that were never started make room by themselves (see ``evolve``).
    if sum(1 for s in state.scheduled if s.starts_at > now) + len(starts) > SCHEDULED_SESSIONS_MAX:
        return rejection(Code.LIMIT_REACHED)
    return None


def _move(state: RoomState, command: MoveSession, now: int) -> tuple[Event, ...] | Rejection:
    plan = _changeable(state, command.session)
    if isinstance(plan, Rejection):
        return plan
    if command.starts_at + command.minutes * MINUTE_MS < now:
        return rejection(Code.MALFORMED, "This time is over.")
    if (plan.starts_at, plan.minutes) == (command.starts_at, command.minutes):
        return ()
    return (Event(SessionMoved(plan.id, command.starts_at, command.minutes)),)


def _rename(state: RoomState, command: RenameSession) -> tuple[Event, ...] | Rejection:
    is_live = state.live is not None and state.live.id == command.session
    session = state.live if is_live else planned(state, command.session)
    if session is None:
        return rejection(Code.NO_SUCH_SESSION)
    return (Event(SessionRenamed(session.id, command.title)),) if session.title != command.title else ()


def _changeable(state: RoomState, session: SessionId) -> PlannedSession | Rejection:
    """The planned class that may still be moved and cancelled, or why it may not."""
    if state.live and state.live.id == session:
        return rejection(Code.SESSION_LIVE)
    return planned(state, session) or rejection(Code.NO_SUCH_SESSION)


def evolve(state: RoomState, fact: Fact) -> RoomState:
    """The room after a fact about planned classes. A title is also a running class's."""
    match fact:
        case SessionScheduled():
            plan = PlannedSession(fact.session, fact.title, fact.starts_at, fact.minutes, fact.series)
            return _with_plans(state, (*state.scheduled, plan))
        case SessionMoved():
            return _change(state, fact.session, starts_at=fact.starts_at, minutes=fact.minutes)
        case SessionRenamed(session=session, title=title):
            live = state.live
            if live is not None and live.id == session:
                return replace(state, session=replace(live, title=title))
            return _change(state, session, title=title)
        case SessionCancelled(session=session):
            return _with_plans(state, (s for s in state.scheduled if s.id != session))
        case _:
            assert_never(fact)


def _with_plans(state: RoomState, plans: Iterable[PlannedSession]) -> RoomState:
    table = sorted(plans, key=lambda s: (s.starts_at, s.id))
    return replace(state, scheduled=tuple(table[-SCHEDULED_SESSIONS_MAX:]))


def _change(state: RoomState, session: SessionId, **changes: object) -> RoomState:
    return _with_plans(state, (replace(s, **changes) if s.id == session else s for s in state.scheduled))
