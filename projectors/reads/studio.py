"""What was on stage when: what the edge asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from projectors.model import queries
from schemas.ids import RoomKey, SessionId

if TYPE_CHECKING:
    from projectors.reads import Pool

_sql = queries("studio")


class StageRow(Struct, frozen=True):
    """From ``at`` on, ``what`` showed ``thing``: a scene, a deck, a board, an address; None: nothing.

    ``page`` is that of a deck ("1", "2", ...) or of a board (None: its first).
    """

    seq: int
    at: int
    what: Literal["scene", "slides", "board", "call"]
    thing: str | None
    page: str | None
    title: str


async def stage(
    pool: Pool, key: RoomKey, session: SessionId, after: int | None, limit: int
) -> tuple[StageRow, ...]:
    """The course of a class's stage after a seq, in order; first what was there when the class began."""
    rows = await pool.fetch(_sql["stage"], key.tenant, key.room, session, after, limit)
    return tuple(msgspec.convert(dict(row), StageRow) for row in rows)
