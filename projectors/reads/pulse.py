"""The pulse of a class, per slide: what the edge asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from projectors.model import queries

if TYPE_CHECKING:
    import asyncpg

    from schemas.ids import RoomKey, SessionId

    Pool = asyncpg.Pool[asyncpg.Record]

_sql = queries("pulse")


class PulseRow(Struct, frozen=True):
    """How many signals came in ``PULSE_BUCKET_S`` from ``at`` on (Unix ms), while this slide was shown."""

    slide: str
    at: int
    lost: int
    too_fast: int
    fine: int


async def curve(pool: Pool, key: RoomKey, session: SessionId) -> tuple[PulseRow, ...]:
    """The whole class in order of time; empty buckets are left out."""
    rows = await pool.fetch(_sql["curve"], key.tenant, key.room, session)
    return tuple(msgspec.convert(dict(row), PulseRow) for row in rows)
