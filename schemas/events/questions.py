"""Events of questions.

Who asked anonymously and who voted is told to nobody but those whom an audience names: what everybody
gets carries neither, and hides its actor.
"""

from typing import ClassVar

from schemas.events.common import EventData
from schemas.ids import ParticipantId, QuestionId, SessionId


class QuestionAsked(EventData, frozen=True, omit_defaults=True):
    """A question as its author and staff see it before, or beside, what the class sees.

    Stored for questions that wait for approval and for anonymous ones. ``asked_at`` (Unix
    milliseconds) is set when it is an earlier one that is told again.
    """

    type: ClassVar[str] = "question.asked"
    question: QuestionId
    session: SessionId
    text: str
    anonymous: bool
    participant: ParticipantId
    display_name: str
    asked_at: int = 0

    @property
    def hides_actor(self) -> bool:
        """An anonymous author."""
        return self.anonymous


class QuestionOpened(EventData, frozen=True, omit_defaults=True):
    """A question is on everybody's list, with its author's vote. ``participant`` is None for an anonymous
    one. ``asked_at`` (Unix milliseconds) is set when it was asked earlier."""

    type: ClassVar[str] = "question.opened"
    question: QuestionId
    session: SessionId
    text: str
    anonymous: bool
    participant: ParticipantId | None = None
    display_name: str = ""
    asked_at: int = 0

    @property
    def hides_actor(self) -> bool:
        """An anonymous author."""
        return self.anonymous


class QuestionEdited(EventData, frozen=True):
    """Its author put it in other words."""

    type: ClassVar[str] = "question.edited"
    question: QuestionId
    text: str

    @property
    def hides_actor(self) -> bool:
        """It is the author, who may be anonymous."""
        return True


class QuestionWithdrawn(EventData, frozen=True):
    """Its author took it back."""

    type: ClassVar[str] = "question.withdrawn"
    question: QuestionId

    @property
    def hides_actor(self) -> bool:
        """It is the author, who may be anonymous."""
        return True


class VoteCast(EventData, frozen=True):
    """Somebody voted for a question. Only they are told."""

    type: ClassVar[str] = "question.vote_cast"
    question: QuestionId
    participant: ParticipantId

    @property
    def hides_actor(self) -> bool:
        """Votes are secret in class."""
        return True


class VoteTakenBack(EventData, frozen=True):
    """Somebody took their vote back. Only they are told."""

    type: ClassVar[str] = "question.vote_taken_back"
    question: QuestionId
    participant: ParticipantId

    @property
    def hides_actor(self) -> bool:
        """Votes are secret in class."""
        return True


class VotesCounted(EventData, frozen=True):
    """A question has so many votes now."""

    type: ClassVar[str] = "question.votes_counted"
    question: QuestionId
    votes: int

    @property
    def hides_actor(self) -> bool:
        """Votes are secret in class."""
        return True


class AnsweringStarted(EventData, frozen=True):
    """A question is being answered aloud: this is the moment to look for in the recording."""

    type: ClassVar[str] = "question.answering_started"
    question: QuestionId


class QuestionAnswered(EventData, frozen=True):
    """A question is answered: aloud (no text) or in this text. The first such event, or the beginning of
    the answer aloud if there was one, is its moment. A later one mends the text."""

    type: ClassVar[str] = "question.answered"
    question: QuestionId
    text: str


class QuestionDismissed(EventData, frozen=True):
    """Staff took a question off the list, for this reason. For its author and staff."""

    type: ClassVar[str] = "question.dismissed"
    question: QuestionId
    reason: str


class QuestionHidden(EventData, frozen=True):
    """A question that everybody saw is off the list, and its votes are gone."""

    type: ClassVar[str] = "question.hidden"
    question: QuestionId


class QuestionReopened(EventData, frozen=True):
    """A question that was answered, or began to be, is open again, without answer and moment."""

    type: ClassVar[str] = "question.reopened"
    question: QuestionId


class QuestionsMerged(EventData, frozen=True):
    """These questions are part of ``into`` now, which has so many votes."""

    type: ClassVar[str] = "question.merged"
    into: QuestionId
    questions: tuple[QuestionId, ...]
    votes: int


EVENTS: tuple[type[EventData], ...] = (
    QuestionAsked,
    QuestionOpened,
    QuestionEdited,
    QuestionWithdrawn,
    VoteCast,
    VoteTakenBack,
    VotesCounted,
    AnsweringStarted,
    QuestionAnswered,
    QuestionDismissed,
    QuestionHidden,
    QuestionReopened,
    QuestionsMerged,
)
