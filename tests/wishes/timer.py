"""Wishes about the timer."""

from random import Random

from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.timer import AddTime, PauseTimer, ResumeTimer, StartTimer, StopTimer
from tests.wishes.cast import Cast, Wish

EXAMPLES: tuple[Command, ...] = (
    StartTimer(300, "Group work"),
    PauseTimer(),
    ResumeTimer(),
    AddTime(60),
    StopTimer(),
)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    who = chance.choice((cast.host, cast.host, cast.assistant, cast.anyone(chance)))
    return [
        (who, StartTimer(chance.choice([None, 1, 4, 600]), chance.choice(["", "Group work"]))),
        *[(who, PauseTimer())] * 2,
        *[(who, ResumeTimer())] * 2,
        *[(who, AddTime(chance.choice([1, 60, 43_000])))] * 2,
        (who, StopTimer()),
    ]
