"""Events of polls."""

from schemas.events.common import EventData

EVENTS: tuple[type[EventData], ...] = ()
