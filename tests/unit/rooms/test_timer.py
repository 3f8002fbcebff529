"""The manual of ``rooms.timer``."""

import pytest

from rooms.room import next_deadline
from rooms.timer import view
from rooms.viewer import viewer
from schemas.commands import Command
from schemas.commands.deadlines import DeadlinePassed
from schemas.commands.lifecycle import EndSession
from schemas.commands.timer import AddTime, PauseTimer, ResumeTimer, StartTimer, StopTimer
from schemas.events import EventData
from schemas.events.timer import (
    TimerEnded,
    TimerExtended,
    TimerPaused,
    TimerResumed,
    TimerStarted,
    TimerStopped,
)
from schemas.ids import TimerId
from schemas.limits import TIMER_S_MAX
from schemas.rejections import Code
from schemas.view.timer import ClockView
from tests.unit.rooms.classroom import SAM, SECOND, SERVICE, START, TESS, Class
from tests.wishes.timer import EXAMPLES


def shown(room: Class) -> ClockView:
    """The clock that everybody sees."""
    clock = view(room.state, viewer(room.state, None)).clock
    assert clock is not None
    return clock


def started(room: Class, seconds: int | None = 60) -> TimerId:
    """A timer that runs."""
    (fact,) = room.facts(TESS, StartTimer(seconds, "Group work"))
    assert isinstance(fact, TimerStarted)
    return fact.timer


def woken(room: Class) -> tuple[EventData, ...]:
    """What happens by itself now."""
    return room.facts(SERVICE, DeadlinePassed(room.now))


@pytest.mark.parametrize("command", EXAMPLES, ids=lambda c: c.name)
def test_only_who_may_present_has_the_clock(command: Command) -> None:
    assert Class().live(TESS, SAM).refusal(SAM, command) is Code.FORBIDDEN


@pytest.mark.parametrize("command", EXAMPLES, ids=lambda c: c.name)
def test_a_timer_belongs_to_a_running_class(command: Command) -> None:
    assert Class().created().refusal(TESS, command) is Code.SESSION_NOT_LIVE


@pytest.mark.parametrize("command", [PauseTimer(), ResumeTimer(), AddTime(1)], ids=lambda c: c.name)
def test_without_a_timer_nothing_is_paused_resumed_or_extended(command: Command) -> None:
    assert Class().live(TESS).refusal(TESS, command) is Code.NO_TIMER


def test_a_countdown_ends_by_itself_at_its_time() -> None:
    room = Class().live(TESS)
    timer = started(room)
    assert next_deadline(room.state) == START + 60 * SECOND
    assert shown(room) == ClockView(timer, "Group work", "countdown", "running", START + 60 * SECOND, None)
    room.now = START + 59 * SECOND
    assert woken(room) == ()
    room.now = START + 60 * SECOND
    assert woken(room) == (TimerEnded(timer),)
    assert shown(room) == ClockView(timer, "Group work", "countdown", "over", None, None)
    assert woken(room) == ()


def test_a_paused_countdown_does_not_end_and_goes_on_from_where_it_was() -> None:
    room = Class().live(TESS)
    timer = started(room)
    room.now += 20 * SECOND
    assert room.facts(TESS, PauseTimer()) == (TimerPaused(timer, 40 * SECOND),)
    assert room.facts(TESS, PauseTimer()) == ()
    assert shown(room).status == "paused"
    room.now += 600 * SECOND
    assert woken(room) == ()
    assert room.facts(TESS, ResumeTimer()) == (TimerResumed(timer, room.now + 40 * SECOND),)
    assert room.facts(TESS, ResumeTimer()) == ()
    assert next_deadline(room.state) == room.now + 40 * SECOND


def test_a_countdown_that_is_paused_too_late_has_nothing_left() -> None:
    room = Class().live(TESS)
    timer = started(room, 1)
    room.now += 2 * SECOND
    assert room.facts(TESS, PauseTimer()) == (TimerPaused(timer, 0),)


def test_a_stopwatch_runs_without_end() -> None:
    room = Class().live(TESS)
    timer = started(room, None)
    assert shown(room) == ClockView(timer, "Group work", "stopwatch", "running", START, None)
    room.now += 5 * SECOND
    assert woken(room) == ()
    assert room.facts(TESS, PauseTimer()) == (TimerPaused(timer, 5 * SECOND),)
    room.now += 100 * SECOND
    assert room.facts(TESS, ResumeTimer()) == (TimerResumed(timer, room.now - 5 * SECOND),)
    assert room.refusal(TESS, AddTime(1)) is Code.NOT_A_COUNTDOWN


def test_time_is_added_while_running_while_paused_and_after_the_end() -> None:
    room = Class().live(TESS)
    timer = started(room)
    end = START + 60 * SECOND
    assert room.facts(TESS, AddTime(30)) == (TimerExtended(timer, end + 30 * SECOND, None),)
    assert next_deadline(room.state) == end + 30 * SECOND
    room.facts(TESS, PauseTimer())
    assert room.facts(TESS, AddTime(10)) == (TimerExtended(timer, None, 100 * SECOND),)
    assert shown(room).status == "paused"
    room.facts(TESS, ResumeTimer())
    room.now += 100 * SECOND
    assert woken(room) == (TimerEnded(timer),)
    assert room.facts(TESS, PauseTimer()) == ()
    assert room.facts(TESS, ResumeTimer()) == ()
    assert room.facts(TESS, AddTime(5)) == (TimerExtended(timer, room.now + 5 * SECOND, None),)
    assert shown(room).status == "running"


def test_a_countdown_is_bounded() -> None:
    room = Class().live(TESS)
    started(room, TIMER_S_MAX)
    assert room.refusal(TESS, AddTime(1)) is Code.LIMIT_REACHED
    room.facts(TESS, PauseTimer())
    assert room.refusal(TESS, AddTime(1)) is Code.LIMIT_REACHED


def test_a_new_timer_takes_the_last_ones_place_and_a_stopped_one_is_gone() -> None:
    room = Class().live(TESS)
    first, second = started(room), started(room, None)
    assert first != second
    assert room.facts(TESS, StopTimer()) == (TimerStopped(second),)
    assert room.facts(TESS, StopTimer()) == ()
    assert view(room.state, viewer(room.state, None)).clock is None


def test_a_timer_ends_with_its_class() -> None:
    room = Class().live(TESS)
    started(room)
    room.facts(TESS, EndSession())
    assert room.state.timer.clock is None
    assert next_deadline(room.state) is None


def test_the_same_command_names_the_same_timer() -> None:
    room = Class().live(TESS)
    assert room.ask(TESS, StartTimer(5), "once") == room.ask(TESS, StartTimer(5), "once")
