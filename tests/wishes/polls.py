"""Wishes about polls."""

from random import Random

from rooms.state import RoomState
from rooms.state.polls import Poll
from schemas.commands import Command
from schemas.commands.polls import (
    AnswerPoll,
    AskPoll,
    ClosePoll,
    CreatePoll,
    DeletePoll,
    EditPoll,
    OpenPoll,
    PublishResults,
    ReopenPoll,
)
from schemas.ids import PollId
from schemas.polls import Answer, PollItem
from tests.wishes.cast import Cast, Wish

SUM = PollItem("single", "2 + 2?", ("3", "4", "5"), correct=(1,), points=2)
PRIMES = PollItem("multiple", "Which are prime?", ("2", "4", "7"), correct=(0, 2), points=3)
PACE = PollItem("scale", "How was the pace?", ("slow", "fast"), steps=5)
WHY = PollItem("text", "Why?")
QUIZ = (SUM, PRIMES, PACE, WHY)
NONE = PollId("gone")

EXAMPLES: tuple[Command, ...] = (
    CreatePoll(QUIZ, "Warm-up"),
    EditPoll(NONE, (WHY,)),
    DeletePoll(NONE),
    OpenPoll(NONE),
    AskPoll((PACE,), anonymous=True),
    AnswerPoll(NONE, (Answer((1,)),)),
    ClosePoll(NONE),
    ReopenPoll(NONE),
    PublishResults(NONE),
)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    polls = state.polls.polls
    poll = chance.choice(polls) if polls else Poll(NONE, "", (WHY,))
    latest = state.polls.open[-1] if state.polls.open else poll
    some = chance.choice(((SUM, WHY), QUIZ, (PACE,), (WHY, WHY)))
    is_anonymous, seconds = chance.random() < 0.25, chance.choice((None, None, 5, 60))
    staff = chance.choice((cast.host, cast.assistant))
    anyone = cast.anyone(chance)
    return [
        (staff, CreatePoll(some, chance.choice(("", "Quiz")), is_anonymous, seconds)),
        (staff, EditPoll(poll.id, some, "Edited", is_anonymous, seconds)),
        *[(staff, OpenPoll(poll.id, seconds))] * 2,
        (staff, AskPoll(some, "Now", is_anonymous, seconds)),
        *[(who, AnswerPoll(latest.id, _answers(latest, chance))) for who in (*cast.everyone, *cast.others)],
        (staff, ClosePoll(latest.id)),
        *[(staff, ReopenPoll(poll.id, seconds))] * 2,
        *[(staff, PublishResults(poll.id))] * 2,
        (anyone, chance.choice((DeletePoll(poll.id), ClosePoll(poll.id), AskPoll(some)))),
    ]


def _answers(poll: Poll, chance: Random) -> tuple[Answer, ...]:
    return tuple(_answer(item, chance) for item in poll.items)


def _answer(item: PollItem, chance: Random) -> Answer:
    if chance.random() < 0.1:
        return Answer()
    if item.kind == "text":
        return Answer(text=chance.choice(("Because.", "∂²u/∂t²", "<b>bold?</b>")))
    many = chance.randint(1, 2) if item.kind == "multiple" else 1
    return Answer(tuple(chance.sample(range(item.width), many)))
