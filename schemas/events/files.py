"""Events of files."""

from schemas.events.common import EventData

EVENTS: tuple[type[EventData], ...] = ()
