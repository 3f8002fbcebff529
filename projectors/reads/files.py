"""The libraries of rooms: what the edge asks. What is there now it knows from the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from projectors.model import queries
from schemas.ids import FileId, ParticipantId, RoomId, TenantId

if TYPE_CHECKING:
    import asyncpg

    from schemas.ids import RoomKey

    Pool = asyncpg.Pool[asyncpg.Record]

_sql = queries("files")


class FileRow(Struct, frozen=True):
    """A file that is or was in a room. ``removed_at`` is None while it is there."""

    id: FileId
    name: str
    bytes: int
    media_type: str
    sha256: str
    purpose: Literal["library", "chat", "slides"]
    scanned: bool
    participant: ParticipantId
    display_name: str
    added_at: int
    removed_at: int | None


async def history(pool: Pool, key: RoomKey, before: int | None, limit: int) -> tuple[FileRow, ...]:
    """All files that a room ever had, the latest first, added before a time (None: now)."""
    rows = await pool.fetch(_sql["history"], key.tenant, key.room, before, limit)
    return tuple(msgspec.convert(dict(row), FileRow) for row in rows)


class RemovedRow(Struct, frozen=True):
    """A file of which the bytes must go."""

    room: RoomId
    file: FileId
    media_type: str


async def removed_since(pool: Pool, tenant: TenantId, at: int) -> tuple[RemovedRow, ...]:
    """The files of a tenant that were removed since a time (Unix milliseconds)."""
    rows = await pool.fetch(_sql["removed_since"], tenant, at)
    return tuple(msgspec.convert(dict(row), RemovedRow) for row in rows)
