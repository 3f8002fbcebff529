"""Questions of the running class, as somebody sees it."""

from typing import Literal

from msgspec import Struct

from schemas.ids import ParticipantId, QuestionId


class MomentView(Struct, frozen=True):
    """Where in the class something was: Unix milliseconds, and the event's seq."""

    at: int
    seq: int


class QuestionView(Struct, frozen=True):
    """A question. ``waiting`` is for approval, and shown to its author and staff only.

    Of an anonymous one ``participant`` is None and ``display_name`` empty for others than these.
    ``moment`` is when its answer began; ``answer`` is empty for one that was given aloud.
    """

    id: QuestionId
    asked_at: int
    text: str
    anonymous: bool
    participant: ParticipantId | None
    display_name: str
    status: Literal["waiting", "open", "answering", "answered"]
    votes: int
    mine: bool
    voted: bool
    answer: str
    moment: MomentView | None


class QuestionsView(Struct, frozen=True):
    """Questions of the running class: those to be answered, and the latest answered ones, in the order
    in which they became so."""

    open: tuple[QuestionView, ...]
    answered: tuple[QuestionView, ...]
