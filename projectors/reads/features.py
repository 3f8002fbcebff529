"""What a tenant uses: what the edge asks."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from projectors.model import queries

if TYPE_CHECKING:
    from projectors.reads import Pool
    from schemas.ids import TenantId

_sql = queries("features")


class UsageRow(Struct, frozen=True):
    """How often a feature was used on a day (UTC), and in how many rooms."""

    day: dt.date
    feature: str
    count: int
    rooms: int


async def usage(pool: Pool, tenant: TenantId, since: dt.date, until: dt.date) -> tuple[UsageRow, ...]:
    """The days in ``[since, until]``, in order of time."""
    rows = await pool.fetch(_sql["usage"], tenant, since, until)
    return tuple(msgspec.convert(dict(row), UsageRow) for row in rows)
