"""Wishes about pulse."""

from random import Random

from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.pulse import SendPulse
from tests.wishes.cast import Cast, Wish

EXAMPLES: tuple[Command, ...] = (SendPulse("lost", "deck1.3"),)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    values = ("lost", "too_fast", "fine")
    return [
        (who, SendPulse(value, chance.choice(("", "deck1.1")))) for who in cast.everyone for value in values
    ]
