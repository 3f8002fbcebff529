"""Who agreed to being recorded, as somebody sees it."""

from typing import Literal

from msgspec import Struct

from schemas.ids import ParticipantId, RecordingId

Standing = Literal["unanswered", "agreed", "declined", "left_out"]


class ConsentView(Struct, frozen=True):
    """What one person said; ``left_out``: staff keep this person out. ``answer`` stays known then."""

    participant: ParticipantId
    answer: Literal["unanswered", "agreed", "declined"]
    left_out: bool


class ConsentsView(Struct, frozen=True):
    """The running recording (None: none), and whether only those who agree are in it.

    ``mine`` is None while nothing is recorded. ``people`` has everybody of whom something is known for
    staff, and the viewer alone for others.
    """

    recording: RecordingId | None
    asks: bool
    mine: Standing | None
    people: tuple[ConsentView, ...]
