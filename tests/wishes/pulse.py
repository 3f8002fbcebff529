"""Wishes about pulse."""

from random import Random

from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.pulse import SendPulse
from schemas.commands.rights import ApplyPolicy
from schemas.policy import Policy
from schemas.pulse import PulseValue
from tests.wishes.cast import SERVICE, Cast, Wish

EXAMPLES: tuple[Command, ...] = (SendPulse("lost", "deck1.3"),)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    values: tuple[PulseValue, ...] = ("lost", "too_fast", "fine")
    taps: list[Wish] = [
        (who, SendPulse(value, chance.choice(("", "deck1.1")))) for who in cast.everyone for value in values
    ]
    policy = Policy(version=state.policy.version + 1, named_pulse=not state.policy.named_pulse)
    return [*taps, (SERVICE, ApplyPolicy(policy))]
