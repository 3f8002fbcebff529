"""Events: facts, in the past tense, stored for ever. One module per topic.

An event's wire type is ``topic.verb``. Names and meanings never change; a field may be added with a
default. Each stored event has a golden file in ``tests/golden/events/v1``. Followers skip a type
they do not know.
"""

from schemas.events import (
    boards,
    breakouts,
    chat,
    files,
    floor,
    lifecycle,
    lobby,
    media,
    notes,
    polls,
    pulse,
    questions,
    recording,
    redaction,
    rights,
    roster,
    studio,
    timer,
    tracks,
)
from schemas.events.common import EventData

__all__ = ["EVENTS", "EventData"]

_TOPICS = (
    lifecycle,
    rights,
    lobby,
    roster,
    floor,
    tracks,
    chat,
    questions,
    polls,
    pulse,
    studio,
    notes,
    timer,
    boards,
    files,
    breakouts,
    recording,
    redaction,
    media,
)

EVENTS: dict[str, type[EventData]] = {e.type: e for topic in _TOPICS for e in topic.EVENTS}
