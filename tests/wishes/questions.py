"""Wishes about questions."""

from random import Random

from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.questions import (
    AnswerQuestion,
    ApproveQuestion,
    AskQuestion,
    DismissQuestion,
    EditQuestion,
    MergeQuestions,
    ReopenQuestion,
    StartAnswering,
    UpvoteQuestion,
    WithdrawQuestion,
    WithdrawVote,
)
from schemas.commands.roster import JoinSession
from schemas.ids import QuestionId
from tests.wishes.cast import Cast, Wish

_Q = QuestionId("q")
EXAMPLES: tuple[Command, ...] = (
    AskQuestion("Why?"),
    EditQuestion(_Q, "Why not?"),
    WithdrawQuestion(_Q),
    UpvoteQuestion(_Q),
    WithdrawVote(_Q),
    ApproveQuestion(_Q),
    StartAnswering(_Q),
    AnswerQuestion(_Q, "Because."),
    DismissQuestion(_Q, "Off topic."),
    ReopenQuestion(_Q),
    MergeQuestions(_Q, (QuestionId("q2"),)),
)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    known = state.questions
    active = [q.id for q in known.open] or [QuestionId("gone")]
    there = [*(q.id for q in (*known.answered, *known.dismissed)), *active]
    one, other = chance.choice(active), chance.choice(there)
    inside = [a for a in cast.everyone if a.participant in state.participants]
    who = chance.choice(inside or cast.everyone) if chance.random() < 0.9 else cast.anyone(chance)
    staff = cast.assistant if chance.random() < 0.2 else cast.host
    author = next(
        (a for q in known.open if q.id == one for a in cast.everyone if a.participant == q.participant), who
    )
    outside = [a for a in cast.everyone if a not in inside]
    return [
        *[(a, JoinSession(a.display_name)) for a in outside * 5],
        *[(who, AskQuestion(chance.choice(["Why?", "How far?", "أين؟"]), chance.random() < 0.5))] * 5,
        (author, EditQuestion(one, chance.choice(["Why so?", "How near?"]))),
        (author, WithdrawQuestion(one)),
        *[(who, UpvoteQuestion(one))] * 3,
        *[(who, WithdrawVote(one))] * 2,
        (staff, ApproveQuestion(one)),
        (staff, StartAnswering(one)),
        (staff, AnswerQuestion(one, chance.choice(["", "Because.", "See page 7."]))),
        (who, AnswerQuestion(one)),
        (staff, DismissQuestion(one, chance.choice(["", "Off topic."]))),
        (staff, ReopenQuestion(other)),
        *[(staff, MergeQuestions(one, (chance.choice(active),)))] * 2,
    ]
