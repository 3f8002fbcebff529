"""What every part of the service shares."""

from dataclasses import dataclass

from bus.interface import Bus, Clock
from rooms.service.neighbours import NeighbourWatch
from schemas.envelope import Actor
from schemas.limits import COMMAND_DEADLINE_S

ACTOR = Actor("service", "rooms")
"""Whoever keeps a room signs with the same name, so that two keepers' same wish is one command."""


@dataclass(frozen=True)
class Context:
    """The bus, the clock, and who else is there."""

    bus: Bus
    clock: Clock
    neighbours: NeighbourWatch

    def deadline(self) -> int:
        """Of a command that the service sends now."""
        return self.clock() + int(COMMAND_DEADLINE_S * 1000)
