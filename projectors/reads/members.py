"""Who has a lasting role in a room: what the edge asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from projectors.model import queries
from schemas.ids import RoomKey, UserId
from schemas.media import Role

if TYPE_CHECKING:
    from projectors.reads import Pool

_sql = queries("rooms")


class MemberRow(Struct, frozen=True):
    """A user's lasting role; ``custom_role`` names the tenant's own of which ``role`` is the base."""

    person: UserId
    role: Role
    custom_role: str
    since: int


async def members(pool: Pool, key: RoomKey) -> tuple[MemberRow, ...]:
    """Who has one, the longest first."""
    rows = await pool.fetch(_sql["members"], key.tenant, key.room)
    return tuple(msgspec.convert(dict(row), MemberRow) for row in rows)
