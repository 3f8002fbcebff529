"""The shared notes of a room, those of earlier lessons too: what the edge asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from projectors.model import queries
from schemas.ids import RoomKey

if TYPE_CHECKING:
    from projectors.reads import Pool

_sql = queries("notes")


class TextRow(Struct, frozen=True):
    """One generation of the notes: how long it is, and when it was written."""

    generation: int
    paragraphs: int
    first_at: int
    last_at: int


async def texts(pool: Pool, key: RoomKey, limit: int) -> tuple[TextRow, ...]:
    """The generations that have words, the latest first."""
    rows = await pool.fetch(_sql["texts"], key.tenant, key.room, limit)
    return tuple(msgspec.convert(dict(row), TextRow) for row in rows)


async def text(pool: Pool, key: RoomKey, generation: int) -> tuple[str, ...]:
    """The paragraphs of a generation, in order."""
    rows = await pool.fetch(_sql["text"], key.tenant, key.room, generation)
    return tuple(row["text"] for row in rows)
