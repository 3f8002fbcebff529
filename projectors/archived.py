"""What the stream no longer holds: rooms whose log was put away are read from the archive.

A purged message leaves a hole in the positions of the stream. At the first hole all archived logs that
reach beyond the checkpoint are applied, room by room (rooms share no rows); ``covered`` remembers, in the
same transaction as the rows, how far each room's archive was applied, so that what lies in both is applied
once. A log that is put away while it is being read shows as a hole in a room's ``seq`` (``bus.holes``):
then one begins again behind the checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bus.interface import Stored
from projectors.model import queries
from schemas.ids import RoomId, RoomKey, TenantId

if TYPE_CHECKING:
    from projectors.database import Connection

_sql = queries("checkpoint")


async def covered(connection: Connection, batch: Sequence[Stored], after: int) -> dict[RoomKey, int]:
    """How far the archives of a batch's rooms were applied, where that is beyond a position."""
    keys = {stored.key for stored in batch}
    rows = await connection.fetch(
        _sql["covered"], after, [key.tenant for key in keys], [key.room for key in keys]
    )
    return {RoomKey(TenantId(row["tenant"]), RoomId(row["room"])): row["stream_seq"] for row in rows}


async def cover(connection: Connection, key: RoomKey, stream_seq: int) -> None:
    """Remembers how far a room's archive is applied; in the transaction of the rows."""
    await connection.execute(_sql["cover"], key.tenant, key.room, stream_seq)
