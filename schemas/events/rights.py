"""Events of rights."""

from schemas.events.common import EventData

EVENTS: tuple[type[EventData], ...] = ()
