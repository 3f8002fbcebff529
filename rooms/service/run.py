"""The service, put together on a bus."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bus.background import background
from bus.interface import Bus, Clock
from rooms.service.context import Context
from rooms.service.control import Control
from rooms.service.neighbours import NeighbourWatch
from rooms.service.ownership import Ownership
from schemas.subjects import CONTROL_ALL

_QUEUE = "rooms"  # One of the processes answers an operator.


@asynccontextmanager
async def rooms_service(bus: Bus, clock: Clock | None = None) -> AsyncIterator[Ownership]:
    """Decides for all rooms, or its share of them, while the block is open; by the log's clock unless
    another is given."""
    neighbours = NeighbourWatch(bus)
    context = Context(bus, clock or bus.clock, neighbours)
    ownership = Ownership(context)
    async with (
        neighbours.watching(),
        bus.core.serve(CONTROL_ALL, Control(context).answer, queue=_QUEUE),
        background(ownership.run()),
    ):
        yield ownership
