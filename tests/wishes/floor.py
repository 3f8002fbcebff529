"""Wishes about the floor: hands, turns, spotlight, microphones, feelings."""

from random import Random

from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.floor import (
    AskToUnmute,
    GiveFloor,
    LowerAllHands,
    LowerHand,
    NextHand,
    RaiseHand,
    React,
    Spotlight,
    TakeFloor,
)
from schemas.commands.tracks import MuteAll
from schemas.ids import ParticipantId
from schemas.reactions import Reaction
from tests.wishes.cast import Cast, Wish

NOBODY = ParticipantId("nobody")

EXAMPLES: tuple[Command, ...] = (
    LowerAllHands(),
    NextHand(),
    GiveFloor(NOBODY),
    TakeFloor(),
    AskToUnmute(NOBODY),
    Spotlight(),
    React(Reaction.CLAP),
    MuteAll(),
)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    people = [*state.participants, NOBODY]
    one = chance.choice(people)
    anyone = cast.anyone(chance)
    staff = chance.choice((cast.host, cast.host, cast.assistant))
    seconds = chance.choice((None, 5, 60))
    lit = tuple(chance.choice(list(state.participants) or people) for _ in range(chance.randrange(3)))
    return [
        (anyone, RaiseHand()),
        (anyone, RaiseHand()),
        (anyone, LowerHand()),
        (staff, NextHand(seconds)),
        (staff, GiveFloor(one, seconds)),
        (staff, TakeFloor(chance.choice([*state.floor.speaking, one]))),
        (anyone, TakeFloor()),
        (staff, AskToUnmute(one)),
        (staff, Spotlight(lit)),
        (anyone, React(chance.choice(list(Reaction)))),
        (anyone, React(Reaction.CLAP)),
        (staff, MuteAll(chance.random() < 0.5)),
        (anyone, chance.choice((LowerAllHands(), NextHand(), Spotlight(lit), GiveFloor(one), MuteAll()))),
        (cast.host, LowerAllHands()),
    ]
