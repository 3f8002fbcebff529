"""Events of breakouts."""

from schemas.events.common import EventData

EVENTS: tuple[type[EventData], ...] = ()
