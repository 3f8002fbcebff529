"""Events of floor."""

from typing import ClassVar

from schemas.events.common import EventData
from schemas.ids import ParticipantId
from schemas.reactions import Reaction


class HandRaised(EventData, frozen=True):
    """A participant wants to speak."""

    type: ClassVar[str] = "floor.hand_raised"
    participant: ParticipantId


class HandLowered(EventData, frozen=True):
    """A hand is down, lowered by its owner or by a host."""

    type: ClassVar[str] = "floor.hand_lowered"
    participant: ParticipantId
    by: ParticipantId | None = None


class FloorGiven(EventData, frozen=True):
    """A person may speak and be seen until ``until`` (Unix milliseconds; None: until it is taken),
    leaves, or the class ends. A second one for the same person replaces the time."""

    type: ClassVar[str] = "floor.given"
    participant: ParticipantId
    by: ParticipantId | None
    until: int | None


class FloorTaken(EventData, frozen=True):
    """A turn is over: by a person, or by itself (``by`` None). Tracks that it alone allowed are closed
    and the microphone is muted by further events of the same commit."""

    type: ClassVar[str] = "floor.taken"
    participant: ParticipantId
    by: ParticipantId | None


class UnmuteAsked(EventData, frozen=True):
    """Staff ask this person to open the microphone. For that person and staff."""

    type: ClassVar[str] = "floor.unmute_asked"
    participant: ParticipantId
    by: ParticipantId | None


class Spotlighted(EventData, frozen=True):
    """Who is in everybody's view now, in this order; nobody: the spotlight is off."""

    type: ClassVar[str] = "floor.spotlighted"
    participants: tuple[ParticipantId, ...]
    by: ParticipantId | None


class Reacted(EventData, frozen=True):
    """A person showed a feeling; it counts once in the totals of the class."""

    type: ClassVar[str] = "floor.reacted"
    participant: ParticipantId
    reaction: Reaction


EVENTS: tuple[type[EventData], ...] = (
    HandRaised,
    HandLowered,
    FloorGiven,
    FloorTaken,
    UnmuteAsked,
    Spotlighted,
    Reacted,
)
