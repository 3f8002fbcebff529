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
from schemas.commands.roster import JoinSession
from schemas.commands.tracks import MuteAll, UnmuteTrack
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
    """What somebody may want now. Without its host a class has nothing to say: first people come."""
    absent = [person for person in cast.everyone if person.participant not in state.participants]
    if len(absent) > 1 or cast.host in absent:
        return [(person, JoinSession(person.display_name)) for person in absent]
    host, anyone = cast.host, cast.anyone(chance)
    one = chance.choice([*state.participants, *state.participants, NOBODY])
    seconds = chance.choice((None, 5, 60))
    lit = tuple(chance.choice(list(state.participants)) for _ in range(chance.randrange(3)))
    forbidden = (LowerAllHands(), NextHand(), Spotlight(lit), GiveFloor(one), MuteAll(), AskToUnmute(one))
    possible: list[Wish] = [
        (anyone, RaiseHand()),
        (anyone, LowerHand()),
        (host, GiveFloor(one, seconds)),
        (anyone, TakeFloor(one)),
        (host, AskToUnmute(one)),
        (host, Spotlight(lit)),
        (anyone, React(chance.choice(list(Reaction)))),
        (anyone, React(Reaction.CLAP)),
        (host, MuteAll(chance.random() < 0.5)),
        (anyone, chance.choice(forbidden)),
        *[(host, TakeFloor(who)) for who in state.floor.speaking],
        *[(p, TakeFloor()) for p in cast.everyone if p.participant in state.floor.speaking],
        *[
            (p, UnmuteTrack(t.id))
            for t in state.tracks.values()
            for p in cast.everyone
            if p.participant == t.participant
        ],
    ]
    if state.hands:
        possible += [(host, NextHand(seconds)), (host, NextHand(seconds)), (host, LowerAllHands())]
    return possible
