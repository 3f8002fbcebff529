"""The questions of a poll and what was answered, as commands, events and views all speak of them.

A poll is one to many items; one with a single item is a plain question, one with right answers a quiz.
Options are named by their position, beginning with 0; a scale's steps likewise.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from schemas.limits import (
    POLL_ITEMS_MAX,
    POLL_OPTION_CHARS_MAX,
    POLL_OPTIONS_MAX,
    POLL_POINTS_MAX,
    POLL_QUESTION_CHARS_MAX,
    POLL_S_MAX,
    POLL_S_MIN,
    POLL_TEXT_CHARS_MAX,
)

PollKind = Literal["single", "multiple", "scale", "text"]
PollOption = Annotated[str, Meta(min_length=1, max_length=POLL_OPTION_CHARS_MAX)]
Choice = Annotated[int, Meta(ge=0, lt=POLL_OPTIONS_MAX)]
Choices = Annotated[tuple[Choice, ...], Meta(max_length=POLL_OPTIONS_MAX)]
PollSeconds = Annotated[int, Meta(ge=POLL_S_MIN, le=POLL_S_MAX)]

Sheet = tuple[tuple[int, ...], ...]
"""What somebody chose, item by item; a text that was written counts as choosing 0."""

Counts = tuple[tuple[int, ...], ...]
"""How often each option was chosen, item by item; for a text, how many have written one."""


class PollItem(Struct, frozen=True, forbid_unknown_fields=True):
    """One question.

    ``options`` are those of ``single`` and ``multiple``, or the labels of a scale's two ends; ``steps``
    is how long a scale is. ``points`` are for a right answer, and 0 where none is known to be right.
    """

    kind: PollKind
    question: Annotated[str, Meta(min_length=1, max_length=POLL_QUESTION_CHARS_MAX)]
    options: Annotated[tuple[PollOption, ...], Meta(max_length=POLL_OPTIONS_MAX)] = ()
    correct: Choices = ()
    points: Annotated[int, Meta(ge=0, le=POLL_POINTS_MAX)] = 1
    steps: Annotated[int, Meta(ge=2, le=POLL_OPTIONS_MAX)] = 5

    @property
    def width(self) -> int:
        """How many numbers its count has."""
        match self.kind:
            case "scale":
                return self.steps
            case "text":
                return 1
            case _:
                return len(self.options)


PollItems = Annotated[tuple[PollItem, ...], Meta(min_length=1, max_length=POLL_ITEMS_MAX)]


class Answer(Struct, frozen=True, forbid_unknown_fields=True):
    """An answer to one item: choices, or a text. With neither the item is left out."""

    choices: Choices = ()
    text: Annotated[str, Meta(max_length=POLL_TEXT_CHARS_MAX)] = ""


Answers = Annotated[tuple[Answer, ...], Meta(min_length=1, max_length=POLL_ITEMS_MAX)]


class PollText(Struct, frozen=True):
    """A text somebody wrote. ``voter`` is empty where it is nobody's business, or nobody knows."""

    item: int
    text: str
    voter: str = ""


def without_solution(items: Sequence[PollItem]) -> tuple[PollItem, ...]:
    """The items as those see them who are still to answer."""
    return tuple(replace(item, correct=()) for item in items)


def sheet_of(answers: Sequence[Answer]) -> Sheet:
    """What was chosen, without the texts."""
    return tuple(answer.choices or ((0,) if answer.text else ()) for answer in answers)


def no_counts(items: Sequence[PollItem]) -> Counts:
    """The counts of a poll that nobody has answered."""
    return tuple((0,) * item.width for item in items)


def counted(counts: Counts, sheet: Sheet, by: Literal[1, -1]) -> Counts:
    """The counts with this sheet in them, or without it again."""
    return tuple(
        tuple(number + by if place in chosen else number for place, number in enumerate(numbers))
        for numbers, chosen in zip(counts, sheet, strict=True)
    )


def score(items: Sequence[PollItem], sheet: Sheet) -> int:
    """The points of a sheet. Of several right options a ``single`` item wants one, ``multiple`` all."""
    return sum(item.points for item, chosen in zip(items, sheet, strict=True) if _is_right(item, chosen))


def points_possible(items: Sequence[PollItem]) -> int:
    """The points of a sheet without fault; 0: this is no quiz."""
    return sum(item.points for item in items if item.correct)


def _is_right(item: PollItem, chosen: tuple[int, ...]) -> bool:
    if not item.correct or not chosen:
        return False
    return set(chosen) <= set(item.correct) if item.kind == "single" else set(chosen) == set(item.correct)
