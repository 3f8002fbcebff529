"""The timer: one countdown or stopwatch of the class.

A countdown ends by the room's deadline, whoever is connected; pages compute what they show from times
that are on the log. It ends with the class.
"""

from collections.abc import Iterable
from typing import Literal, assert_never

from msgspec.structs import replace

from rooms.asker import Asker, new_id
from rooms.permissions import Permission
from rooms.state import RoomState
from rooms.state.timer import Clock, Timer
from rooms.topic import Decided, Stamp, Topic
from rooms.viewer import Viewer
from schemas.commands.timer import CLIENT, AddTime, PauseTimer, ResumeTimer, StartTimer, StopTimer
from schemas.envelope import Event
from schemas.events.lifecycle import SessionEnded
from schemas.events.timer import (
    EVENTS,
    TimerEnded,
    TimerExtended,
    TimerPaused,
    TimerResumed,
    TimerStarted,
    TimerStopped,
)
from schemas.ids import TimerId
from schemas.limits import TIMER_S_MAX
from schemas.rejections import Code, rejection
from schemas.view.timer import ClockView, TimerView

Command = StartTimer | PauseTimer | ResumeTimer | AddTime | StopTimer
Fact = TimerStarted | TimerPaused | TimerResumed | TimerExtended | TimerEnded | TimerStopped | SessionEnded


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> Decided:
    """What a wish about the timer leads to."""
    if not asks.may(Permission.PRESENT):
        return rejection(Code.FORBIDDEN)
    if state.live is None:
        return rejection(Code.SESSION_NOT_LIVE)
    clock = state.timer.clock
    if isinstance(command, StartTimer):
        ends_at = None if command.seconds is None else now + command.seconds * 1000
        timer = TimerId(new_id(state, asks, "ti"))
        return (Event(TimerStarted(timer, command.label.strip(), ends_at)),)
    if isinstance(command, StopTimer):
        return (Event(TimerStopped(clock.id)),) if clock else ()
    if clock is None:
        return rejection(Code.NO_TIMER)
    match command:
        case PauseTimer():
            return _pause(clock, now)
        case ResumeTimer():
            return _resume(clock, now)
        case AddTime(seconds=seconds):
            return _add(clock, seconds * 1000, now)
        case _:
            assert_never(command)


def _pause(clock: Clock, now: int) -> Decided:
    if clock.zero_at is None:
        return ()  # It stands already, or is over.
    shows_ms = clock.zero_at - now if clock.mode == "countdown" else now - clock.zero_at
    return (Event(TimerPaused(clock.id, max(shows_ms, 0))),)


def _resume(clock: Clock, now: int) -> Decided:
    if clock.shows_ms is None:
        return ()  # It runs, or nothing is left of it.
    zero_at = now + clock.shows_ms if clock.mode == "countdown" else now - clock.shows_ms
    return (Event(TimerResumed(clock.id, zero_at)),)


def _add(clock: Clock, more_ms: int, now: int) -> Decided:
    if clock.mode == "stopwatch":
        return rejection(Code.NOT_A_COUNTDOWN)
    if clock.shows_ms is not None:
        ends_at, shows_ms = None, clock.shows_ms + more_ms
        left_ms = shows_ms
    else:
        ends_at, shows_ms = max(clock.zero_at or 0, now) + more_ms, None
        left_ms = ends_at - now
    if left_ms > TIMER_S_MAX * 1000:
        return rejection(Code.LIMIT_REACHED)
    return (Event(TimerExtended(clock.id, ends_at, shows_ms)),)


def deadlines(state: RoomState) -> Iterable[int]:
    """The end of a running countdown."""
    clock = state.timer.clock
    return () if clock is None or clock.ends_at is None else (clock.ends_at,)


def due(state: RoomState, now: int) -> tuple[Event, ...]:
    """A countdown whose time has come is over."""
    clock = state.timer.clock
    if clock is None or clock.ends_at is None or clock.ends_at > now:
        return ()
    return (Event(TimerEnded(clock.id)),)


def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about the timer."""
    return replace(state, timer=Timer(_after(state.timer.clock, fact, stamp.at)))


def _after(clock: Clock | None, fact: Fact, at: int) -> Clock | None:
    match fact:
        case TimerStarted(timer=timer, label=label, ends_at=ends_at):
            if ends_at is None:
                return Clock(timer, label, "stopwatch", zero_at=at)
            return Clock(timer, label, "countdown", zero_at=ends_at)
        case TimerPaused(shows_ms=shows_ms):
            return replace(clock, zero_at=None, shows_ms=shows_ms) if clock else None
        case TimerResumed(zero_at=zero_at):
            return replace(clock, zero_at=zero_at, shows_ms=None) if clock else None
        case TimerExtended(ends_at=ends_at, shows_ms=shows_ms):
            return replace(clock, zero_at=ends_at, shows_ms=shows_ms) if clock else None
        case TimerEnded():
            return replace(clock, zero_at=None, shows_ms=None) if clock else None
        case TimerStopped() | SessionEnded():
            return None
        case _:
            assert_never(fact)


def view(state: RoomState, viewer: Viewer) -> TimerView:
    """The same for everybody."""
    clock = state.timer.clock
    if clock is None:
        return TimerView(None)
    status: Literal["running", "paused", "over"] = (
        "running" if clock.zero_at is not None else "paused" if clock.shows_ms is not None else "over"
    )
    shown = ClockView(clock.id, clock.label, clock.mode, status, clock.zero_at, clock.shows_ms)
    return TimerView(shown)


TOPIC = Topic("timer", CLIENT, (*EVENTS, SessionEnded), decide, evolve, deadlines, due)
