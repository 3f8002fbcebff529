"""Events of boards."""

from schemas.events.common import EventData

EVENTS: tuple[type[EventData], ...] = ()
