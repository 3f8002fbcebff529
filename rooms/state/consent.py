"""Who agreed to being recorded: the part of the state that belongs to ``rooms.consent``."""

from typing import Literal

from msgspec import Struct

from schemas.ids import ParticipantId, RecordingId

Answer = Literal["unanswered", "agreed", "declined"]


class Standing(Struct, frozen=True, array_like=True):
    """What one person said, and whether staff keep them out whatever they said."""

    answer: Answer = "unanswered"
    kept_out: bool = False


class Consents(Struct, frozen=True):
    """The running recording, whether it keeps only those who agreed, and who said what.

    Who is not in ``people`` said nothing, and staff said nothing about them.
    """

    recording: RecordingId | None = None
    asks: bool = False
    people: dict[ParticipantId, Standing] = {}
