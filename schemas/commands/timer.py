"""Commands of timer: a countdown or a stopwatch that everybody sees."""

from typing import Annotated, ClassVar

from msgspec import Meta

from schemas.commands.common import Command
from schemas.limits import TIMER_LABEL_CHARS_MAX, TIMER_S_MAX

Seconds = Annotated[int, Meta(ge=1, le=TIMER_S_MAX)]


class StartTimer(Command, frozen=True, forbid_unknown_fields=True):
    """Starts a countdown of so many seconds; without them, a stopwatch. It takes the last one's place."""

    name: ClassVar[str] = "start_timer"
    seconds: Seconds | None = None
    label: Annotated[str, Meta(max_length=TIMER_LABEL_CHARS_MAX)] = ""


class PauseTimer(Command, frozen=True, forbid_unknown_fields=True):
    """Stops the clock where it is."""

    name: ClassVar[str] = "pause_timer"


class ResumeTimer(Command, frozen=True, forbid_unknown_fields=True):
    """Lets the clock go on from where it was paused."""

    name: ClassVar[str] = "resume_timer"


class AddTime(Command, frozen=True, forbid_unknown_fields=True):
    """Gives a countdown more seconds, also one that is over."""

    name: ClassVar[str] = "add_time"
    seconds: Seconds


class StopTimer(Command, frozen=True, forbid_unknown_fields=True):
    """Takes the timer away."""

    name: ClassVar[str] = "stop_timer"


CLIENT: tuple[type[Command], ...] = (StartTimer, PauseTimer, ResumeTimer, AddTime, StopTimer)
SERVICE: tuple[type[Command], ...] = ()
