"""Polls, answers and scores: what the edge asks.

Results are counted from the answers here, so that they cannot differ from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from projectors.model import queries
from schemas.ids import ParticipantId, PollId, SessionId
from schemas.limits import PAGE_ROWS_MAX
from schemas.polls import Answer, Counts, PollItem, counted, no_counts, points_possible, score, sheet_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from schemas.ids import RoomKey

    Pool = asyncpg.Pool[asyncpg.Record]

_sql = queries("polls")
_answers_decoder = msgspec.json.Decoder(tuple[Answer, ...])
_items_decoder = msgspec.json.Decoder(tuple[PollItem, ...])


class PollRow(Struct, frozen=True):
    """A poll of a room, right answers included: not for everybody."""

    id: PollId
    title: str
    items: tuple[PollItem, ...]
    anonymous: bool
    status: Literal["draft", "open", "closed"]
    published: bool
    answered: int
    created_at: int
    session: SessionId | None
    opened_at: int | None
    closed_at: int | None


class AnswerRow(Struct, frozen=True):
    """What one person answered. Of an anonymous poll nobody's name is known."""

    participant: ParticipantId | None
    display_name: str | None
    answers: tuple[Answer, ...]


class Results(Struct, frozen=True):
    """How often each option was chosen, and every text that was written, item by item."""

    counts: Counts
    texts: tuple[tuple[str, ...], ...]
    points_possible: int


async def list_polls(pool: Pool, key: RoomKey, *, with_drafts: bool) -> tuple[PollRow, ...]:
    """The latest polls of a room, those it no longer holds included."""
    rows = await pool.fetch(_sql["list"], key.tenant, key.room, None, with_drafts, PAGE_ROWS_MAX)
    return tuple(_poll(row) for row in rows)


async def get_poll(pool: Pool, key: RoomKey, poll: str, *, with_drafts: bool) -> PollRow | None:
    """One poll, or None."""
    row = await pool.fetchrow(_sql["list"], key.tenant, key.room, poll, with_drafts, 1)
    return _poll(row) if row is not None else None


async def answers(pool: Pool, key: RoomKey, poll: PollId) -> tuple[AnswerRow, ...]:
    """Every answer to a poll, ordered by name; those of nobody in an order without meaning."""
    rows = await pool.fetch(_sql["answers"], key.tenant, key.room, poll)
    return tuple(
        AnswerRow(row["participant"], row["display_name"], _answers_decoder.decode(row["answers"]))
        for row in rows
    )


def results(items: Sequence[PollItem], given: Sequence[AnswerRow]) -> Results:
    """What the answers come to."""
    counts = no_counts(items)
    for row in given:
        counts = counted(counts, sheet_of(row.answers), 1)
    texts = tuple(tuple(sorted(t for row in given if (t := row.answers[i].text))) for i in range(len(items)))
    return Results(counts, texts, points_possible(items))


def score_of(items: Sequence[PollItem], given: Sequence[Answer]) -> int | None:
    """The points of these answers; None where nothing is right or wrong."""
    return score(items, sheet_of(given)) if points_possible(items) else None


def _poll(row: asyncpg.Record) -> PollRow:
    return msgspec.convert({**row, "items": _items_decoder.decode(row["items"])}, PollRow)
