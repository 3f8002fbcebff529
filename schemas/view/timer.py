"""The timer of the class, as everybody sees it."""

from typing import Literal

from msgspec import Struct

from schemas.ids import TimerId


class ClockView(Struct, frozen=True):
    """A countdown or a stopwatch.

    While it is ``running`` it shows the time to ``zero_at`` (countdown) or since then (stopwatch);
    while it is ``paused``, ``shows_ms``; when it is ``over``, nothing is left.
    """

    id: TimerId
    label: str
    mode: Literal["countdown", "stopwatch"]
    status: Literal["running", "paused", "over"]
    zero_at: int | None
    shows_ms: int | None


class TimerView(Struct, frozen=True):
    """The clock that everybody sees, if there is one."""

    clock: ClockView | None
