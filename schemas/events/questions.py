"""Events of questions."""

from schemas.events.common import EventData

EVENTS: tuple[type[EventData], ...] = ()
