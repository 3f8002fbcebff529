"""Who acts in a story."""

from random import Random
from typing import NamedTuple

from schemas.commands import Command
from schemas.envelope import Actor


class Cast(NamedTuple):
    """The owner of the room, who teaches; a co-teacher; others, of whom the last is a guest."""

    host: Actor
    assistant: Actor
    others: tuple[Actor, ...]

    @property
    def everyone(self) -> tuple[Actor, ...]:
        """All of them."""
        return (self.host, self.assistant, *self.others)

    def anyone(self, chance: Random) -> Actor:
        """One of them."""
        return chance.choice(self.everyone)


Wish = tuple[Actor, Command]
SERVICE = Actor("service", "test")
