"""Wishes about media: what nodes report of people's lines."""

from random import Random

from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.media import ReportQuality
from schemas.commands.roster import JoinSession
from schemas.ids import ParticipantId, SessionId
from schemas.media import LineQuality
from tests.wishes.cast import SERVICE, Cast, Wish

NOBODY = ParticipantId("nobody")
LINE = LineQuality(12, 1_400_000, 0.01, 0.2, 3.5, 40.0)

EXAMPLES: tuple[Command, ...] = (ReportQuality(NOBODY, SessionId("s1"), 1, 12, 20.5, 90.0, LINE, None),)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """Reports about people who are there or were, by the node that has the room or had it, or by nobody."""
    session = state.session.id if state.session else SessionId("none")
    one = chance.choice([*state.participants, NOBODY])
    epoch = max(1, state.placement.epoch + chance.choice((-1, 0, 0, 1)))
    report = ReportQuality(one, session, epoch, chance.randrange(1, 900), up=LINE)
    return [
        (cast.anyone(chance), JoinSession("Somebody")),
        (SERVICE, report),
        (SERVICE, report),
        (cast.host, report),
    ]
