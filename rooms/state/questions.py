"""Questions of the running class: the part of the state that belongs to ``rooms.questions``.

Votes are bits: each voter of the class has a place in ``Questions.voters``, and a question has the bits
of those places. A hundred questions with two thousand votes each are 25 kB so, and not four megabytes.
"""

from typing import Literal

from msgspec import Struct

from schemas.ids import ParticipantId, QuestionId


class Moment(Struct, frozen=True):
    """Where in the class something was: the event's time (Unix milliseconds) and seq."""

    at: int
    seq: int


class Question(Struct, frozen=True):
    """A question. ``voted`` has the bit of everybody who voted, lowest place first, no zero byte last."""

    id: QuestionId
    asked_at: int
    text: str
    anonymous: bool
    participant: ParticipantId
    display_name: str
    status: Literal["waiting", "open", "answering", "answered", "dismissed"]
    voted: bytes
    answer: str = ""
    moment: Moment | None = None

    @property
    def votes(self) -> int:
        """How many voted."""
        return int.from_bytes(self.voted, "little").bit_count()


class Questions(Struct, frozen=True):
    """Questions of the running class. ``open`` are all that wait or can be answered; of ``answered`` and
    ``dismissed`` only the latest are here."""

    open: tuple[Question, ...] = ()
    answered: tuple[Question, ...] = ()
    dismissed: tuple[Question, ...] = ()
    voters: dict[ParticipantId, int] = {}

    def find(self, question: QuestionId) -> Question | None:
        """The question, wherever it is."""
        everywhere = (*self.open, *self.answered, *self.dismissed)
        return next((q for q in everywhere if q.id == question), None)

    def has_voted(self, question: Question, who: ParticipantId | None) -> bool:
        """Whether this person's vote is counted."""
        place = self.voters.get(who) if who is not None else None
        return place is not None and bool(int.from_bytes(question.voted, "little") >> place & 1)
