"""Events of floor."""

from typing import ClassVar

from schemas.events.common import EventData
from schemas.ids import (
    ParticipantId,
)


class HandRaised(EventData, frozen=True):
    """A participant wants to speak."""

    type: ClassVar[str] = "floor.hand_raised"
    participant: ParticipantId


class HandLowered(EventData, frozen=True):
    """A hand is down, lowered by its owner or by a host."""

    type: ClassVar[str] = "floor.hand_lowered"
    participant: ParticipantId
    by: ParticipantId | None = None


EVENTS: tuple[type[EventData], ...] = (
    HandRaised,
    HandLowered,
)
