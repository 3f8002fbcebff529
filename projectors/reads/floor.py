"""Reactions of classes: what the edge asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from projectors.model import queries
from projectors.reads.chat import ReactionRow
from schemas.ids import RoomKey, SessionId

if TYPE_CHECKING:
    from projectors.reads import Pool

_sql = queries("floor")


async def reactions(pool: Pool, key: RoomKey, session: SessionId) -> tuple[ReactionRow, ...]:
    """How often each reaction was shown in a class, the most frequent first."""
    rows = await pool.fetch(_sql["totals"], key.tenant, key.room, session)
    return tuple(msgspec.convert(dict(row), ReactionRow) for row in rows)
