"""What people do in class that can be counted, for attendance and engagement.

Counted once each: a hand raised, a message written (also one that waits to be checked), a question
asked, a poll answered (the first answer, not its changes), a reaction shown, a batch of strokes drawn
(at most ten per second and person). An anonymous answer is nobody's. Votes for questions are secret and
not counted.
"""

from typing import Literal, NamedTuple

from projectors.model import Fact
from schemas.events.boards import Drawn
from schemas.events.chat import MessageHeld, MessagePosted
from schemas.events.floor import HandRaised, Reacted
from schemas.events.polls import PollAnswered
from schemas.events.questions import QuestionAsked, QuestionOpened
from schemas.ids import ParticipantId

Kind = Literal["hands", "messages", "questions", "answers", "reactions", "drawings"]
KINDS: tuple[Kind, ...] = ("hands", "messages", "questions", "answers", "reactions", "drawings")


class Act(NamedTuple):
    """Somebody did this; None: nobody is to know who."""

    participant: ParticipantId | None
    kind: Kind

    @property
    def counts(self) -> tuple[int, ...]:
        """One for its kind and zero for the others, in the order of ``KINDS``."""
        return tuple(int(kind == self.kind) for kind in KINDS)


def act(fact: Fact) -> Act | None:
    """What a fact says that somebody did, if it says so for the first time."""
    match fact.data:
        case HandRaised(participant):
            return Act(participant, "hands")
        case MessagePosted(participant=author):
            # A held message counted when it was written; whoever approves it is somebody else.
            return Act(author, "messages") if fact.actor.participant in {author, None} else None
        case MessageHeld(participant=author):
            return Act(author, "messages")
        case QuestionAsked(asked_at=0, participant=author):
            return Act(author, "questions")
        case QuestionOpened(asked_at=0, anonymous=False, participant=author):
            return Act(author, "questions")
        case PollAnswered(voter=voter, before=None, anonymous=anonymous):
            return Act(None if anonymous else ParticipantId(voter), "answers")
        case Reacted(participant):
            return Act(participant, "reactions")
        case Drawn():
            return Act(fact.actor.participant, "drawings") if fact.actor.participant else None
    return None
