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
from schemas.limits import POLLS_KEPT_MAX
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
    """What somebody may want now: to prepare, to answer, to go on, or something odd."""
    staff = chance.choice((cast.host, cast.assistant, cast.host))
    items = chance.choice(((SUM, WHY), QUIZ, (PACE,), (WHY, WHY)))
    is_anonymous, seconds = chance.random() < 0.25, chance.choice((None, None, 5, 60))
    polls = state.polls.polls
    poll = chance.choice(polls) if polls else Poll(NONE, "", (WHY,))
    latest = state.polls.open[-1] if state.polls.open else poll
    # A teacher who has begun to collect polls goes on until the room is full.
    prepares = 12 if 4 < len(polls) < POLLS_KEPT_MAX else 4
    match chance.choices(("prepare", "answer", "go on", "odd"), (prepares, 4, 4, 3))[0]:
        case "prepare":
            return [(staff, CreatePoll(items, chance.choice(("", "Quiz")), is_anonymous, seconds))]
        case "answer":
            there = [a for a in cast.everyone if a.participant in state.participants] or cast.everyone
            return [(who, AnswerPoll(latest.id, _answers(latest, chance))) for who in there]
        case "go on":
            return [(staff, command) for command in _next_steps(state, seconds)]
        case _:
            return [
                (staff, EditPoll(poll.id, items, "Edited", is_anonymous, seconds)),
                *[(staff, DeletePoll(poll.id))] * 3,
                (staff, AskPoll(items, "Now", is_anonymous, seconds)),
                (cast.anyone(chance), AskPoll(items)),
                (cast.anyone(chance), ClosePoll(poll.id)),
                (staff, OpenPoll(NONE)),
            ]


def _next_steps(state: RoomState, seconds: int | None) -> list[Command]:
    """For the latest poll of each status what comes next."""
    latest = {poll.status: poll for poll in state.polls.polls if not poll.published}
    steps: list[Command] = []
    if draft := latest.get("draft"):
        steps.append(OpenPoll(draft.id, seconds))
    if running := latest.get("open"):
        steps.append(ClosePoll(running.id))
    if over := latest.get("closed"):
        steps += [ReopenPoll(over.id, seconds), PublishResults(over.id)]
    return steps


def _answers(poll: Poll, chance: Random) -> tuple[Answer, ...]:
    return tuple(_answer(item, chance) for item in poll.items)


def _answer(item: PollItem, chance: Random) -> Answer:
    if chance.random() < 0.1:
        return Answer()
    if item.kind == "text":
        return Answer(text=chance.choice(("Because.", "∂²u/∂t²", "<b>bold?</b>")))
    many = chance.randint(1, 2) if item.kind == "multiple" else 1
    return Answer(tuple(chance.sample(range(item.width), many)))
