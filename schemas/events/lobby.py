"""Events of lobby."""

from schemas.events.common import EventData

EVENTS: tuple[type[EventData], ...] = ()
