"""Wishes about floor."""

from random import Random

from rooms.state import RoomState
from schemas.commands import Command
from tests.wishes.cast import Cast, Wish

EXAMPLES: tuple[Command, ...] = ()


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    return []
