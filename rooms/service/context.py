"""What every part of the service shares."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bus.interface import Bus
from rooms.service.neighbours import NeighbourWatch
from schemas.envelope import Actor
from schemas.limits import COMMAND_DEADLINE_S

ACTOR = Actor("service", "rooms")
"""Whoever keeps a room signs with the same name, so that two keepers' same wish is one command."""

Clock = Callable[[], int]


def wall_clock() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class Context:
    """The bus, the clock, and who else is there."""

    bus: Bus
    clock: Clock
    neighbours: NeighbourWatch

    def deadline(self) -> int:
        """Of a command that the service sends now."""
        return self.clock() + int(COMMAND_DEADLINE_S * 1000)
