"""The timer: the part of the state that belongs to ``rooms.timer``."""

from typing import Literal

from msgspec import Struct

from schemas.ids import TimerId


class Clock(Struct, frozen=True):
    """A countdown or a stopwatch.

    ``zero_at`` (while running) is when a countdown is over, or when a stopwatch showed nothing;
    ``shows_ms`` (while paused) what it shows. Neither: a countdown that is over.
    """

    id: TimerId
    label: str
    mode: Literal["countdown", "stopwatch"]
    zero_at: int | None = None
    shows_ms: int | None = None

    @property
    def ends_at(self) -> int | None:
        """When a running countdown is over."""
        return self.zero_at if self.mode == "countdown" else None


class Timer(Struct, frozen=True):
    """The clock that everybody sees, if there is one."""

    clock: Clock | None = None
