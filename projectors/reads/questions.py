"""Questions, their votes and answers: what the edge asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from projectors.model import queries
from schemas.ids import ParticipantId, QuestionId, SessionId

if TYPE_CHECKING:
    import asyncpg

    from schemas.ids import RoomKey

    Pool = asyncpg.Pool[asyncpg.Record]

_sql = queries("questions")


class QuestionRow(Struct, frozen=True):
    """A question of a class, its author named whether or not the class knows.

    ``visible``: whether the class sees it, or saw it last. ``voted``: whether the one who looks voted
    for it, their own question apart. The moment is when its answer began.
    """

    id: QuestionId
    asked_at: int
    text: str
    anonymous: bool
    participant: ParticipantId | None
    display_name: str
    status: Literal["waiting", "open", "answering", "answered", "dismissed", "withdrawn", "merged"]
    visible: bool
    votes: int
    answer: str
    moment_at: int | None
    moment_seq: int | None
    answered_at: int | None
    reason: str
    merged_into: QuestionId | None
    voted: bool


async def of_session(
    pool: Pool, key: RoomKey, session: SessionId, viewer: ParticipantId
) -> tuple[QuestionRow, ...]:
    """The questions of a class, in order of asking, as one who may know all about them finds them."""
    rows = await pool.fetch(_sql["of_session"], key.tenant, key.room, session, viewer)
    return tuple(msgspec.convert(dict(row), QuestionRow) for row in rows)
