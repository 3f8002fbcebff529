"""Events of timer. Times are Unix milliseconds, so that a page that comes late shows the same clock."""

from typing import ClassVar

from schemas.events.common import EventData
from schemas.ids import TimerId


class TimerStarted(EventData, frozen=True):
    """A clock runs. A countdown ends at ``ends_at``; one without end is a stopwatch and starts at the
    time of this event."""

    type: ClassVar[str] = "timer.started"
    timer: TimerId
    label: str
    ends_at: int | None


class TimerPaused(EventData, frozen=True):
    """The clock stands; it shows so many milliseconds, left or gone by."""

    type: ClassVar[str] = "timer.paused"
    timer: TimerId
    shows_ms: int


class TimerResumed(EventData, frozen=True):
    """The clock runs again: it shows the time from now to ``zero_at``, or since then."""

    type: ClassVar[str] = "timer.resumed"
    timer: TimerId
    zero_at: int


class TimerExtended(EventData, frozen=True):
    """A countdown has another end: ``ends_at``, or so much left (``shows_ms``) while it is paused."""

    type: ClassVar[str] = "timer.extended"
    timer: TimerId
    ends_at: int | None
    shows_ms: int | None


class TimerEnded(EventData, frozen=True):
    """A countdown is over."""

    type: ClassVar[str] = "timer.ended"
    timer: TimerId


class TimerStopped(EventData, frozen=True):
    """The timer was taken away."""

    type: ClassVar[str] = "timer.stopped"
    timer: TimerId


EVENTS: tuple[type[EventData], ...] = (
    TimerStarted,
    TimerPaused,
    TimerResumed,
    TimerExtended,
    TimerEnded,
    TimerStopped,
)
