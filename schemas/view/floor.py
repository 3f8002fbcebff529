"""Who may speak, who is in the light, what people feel, as somebody sees it."""

from msgspec import Struct

from schemas.ids import ParticipantId
from schemas.reactions import Reaction


class SpeakingView(Struct, frozen=True):
    """A person who has the floor, until a time (Unix milliseconds) or until it is taken (None)."""

    participant: ParticipantId
    until: int | None


class ReactionCount(Struct, frozen=True):
    """How often a reaction was shown in the running class."""

    reaction: Reaction
    count: int


class FloorView(Struct, frozen=True):
    """Who may speak, who is in the light, what people feel.

    ``asked_to_unmute`` are, for staff, all who were asked and have not opened the microphone since;
    for others only the viewer. ``reactions`` are in the order in which each was first shown.
    """

    speaking: tuple[SpeakingView, ...]
    spotlight: tuple[ParticipantId, ...]
    asked_to_unmute: tuple[ParticipantId, ...]
    reactions: tuple[ReactionCount, ...]
