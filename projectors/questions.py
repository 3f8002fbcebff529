"""Questions, their votes and answers."""

from typing import assert_never

from projectors.model import Fact, Model, Write, queries
from schemas.events.lifecycle import SessionEnded
from schemas.events.questions import (
    AnsweringStarted,
    QuestionAnswered,
    QuestionAsked,
    QuestionDismissed,
    QuestionEdited,
    QuestionHidden,
    QuestionOpened,
    QuestionReopened,
    QuestionsMerged,
    QuestionWithdrawn,
    VoteCast,
    VotesCounted,
    VoteTakenBack,
)
from schemas.events.redaction import REMOVED_PERSON, Redacted
from schemas.ids import RoomId, TenantId

_sql = queries("questions")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in questions and votes."""
    at = (fact.key.tenant, fact.key.room)
    match fact.data:
        case QuestionAsked() | QuestionOpened():
            return (_listed(fact, fact.data),)
        case QuestionEdited(question, text):
            return (Write(_sql["edit"], (*at, question, text)),)
        case QuestionWithdrawn(question):
            return (Write(_sql["withdraw"], (*at, question)),)
        case VoteCast() | VoteTakenBack() | VotesCounted():
            return (_voted(at, fact.data),)
        case AnsweringStarted(question):
            return (Write(_sql["start"], (*at, question, fact.at, fact.seq)),)
        case QuestionAnswered(question, text):
            return (Write(_sql["answer"], (*at, question, text, fact.at, fact.seq)),)
        case QuestionDismissed(question, reason):
            return (
                Write(_sql["dismiss"], (*at, question, reason)),
                Write(_sql["forget_votes"], (*at, question)),
            )
        case QuestionHidden(question):
            return (Write(_sql["hide"], (*at, question)),)
        case QuestionReopened(question):
            return (Write(_sql["reopen"], (*at, question)),)
        case QuestionsMerged(into, questions, votes):
            return (
                Write(_sql["gather_votes"], (*at, into, questions)),
                Write(_sql["merge"], (*at, into, questions)),
                Write(_sql["count"], (*at, into, votes)),
            )
        case Redacted(what="person", participant=who) if who is not None:
            return (Write(_sql["rename"], (*at, who, REMOVED_PERSON)),)
        case SessionEnded(session):
            return (Write(_sql["end"], (*at, session, fact.at)),)
    return ()


def _voted(at: tuple[TenantId, RoomId], data: VoteCast | VoteTakenBack | VotesCounted) -> Write:
    match data:
        case VoteCast(question, participant):
            return Write(_sql["vote"], (*at, question, participant))
        case VoteTakenBack(question, participant):
            return Write(_sql["take_vote_back"], (*at, question, participant))
        case VotesCounted(question, votes):
            return Write(_sql["count"], (*at, question, votes))
        case _:
            assert_never(data)


def _listed(fact: Fact, data: QuestionAsked | QuestionOpened) -> Write:
    row = (
        fact.key.tenant,
        fact.key.room,
        data.question,
        data.session,
        data.asked_at or fact.at,
        data.text,
        data.anonymous,
        data.participant,
        data.display_name,
    )
    return Write(_sql["ask" if isinstance(data, QuestionAsked) else "open"], row)


MODEL = Model("questions", ("questions", "question_votes"), _sql["tables"], writes)
