"""Who may speak, who is in the light: the part of the state that belongs to ``rooms.floor``."""

from msgspec import Struct

from schemas.ids import ParticipantId
from schemas.reactions import Reaction


class Floor(Struct, frozen=True):
    """Who may speak, who is in the light, what people feel; empty outside a class.

    ``speaking`` says until when (None: until it is taken). ``asked_at`` is when somebody was asked to
    open the microphone and has not yet. ``reacted_at`` forgets those who may react again anyway.
    """

    speaking: dict[ParticipantId, int | None] = {}
    spotlight: tuple[ParticipantId, ...] = ()
    asked_at: dict[ParticipantId, int] = {}
    reactions: dict[Reaction, int] = {}
    reacted_at: dict[ParticipantId, int] = {}
