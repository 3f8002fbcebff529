"""Events of pulse."""

from schemas.events.common import EventData

EVENTS: tuple[type[EventData], ...] = ()
