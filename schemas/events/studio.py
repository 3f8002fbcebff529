"""Events of studio."""

from schemas.events.common import EventData

EVENTS: tuple[type[EventData], ...] = ()
