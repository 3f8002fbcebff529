"""What the stream no longer holds: rooms whose log was put away are read from the archive.

A purged message leaves a hole in the positions of the stream. At the first hole all archived logs that
reach beyond the checkpoint are applied, room by room (rooms share no rows); ``covered`` remembers, in the
same transaction as the rows, how far each room's archive was applied, so that what lies in both is applied
once. A log that is put away while it is being read shows as a hole in a room's ``seq``: then one begins
again behind the checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bus.interface import Purged, Stored
from projectors.model import queries
from schemas.ids import RoomId, RoomKey, TenantId

if TYPE_CHECKING:
    from projectors.database import Connection

_sql = queries("checkpoint")


class Holes:
    """Looks for missing commits in the stream behind a position."""

    def __init__(self, after: int) -> None:
        self._position = after
        self._is_from_the_first = after == 0
        self._seqs: dict[RoomKey, int] = {}
        self._archived: Mapping[RoomKey, int] | None = None

    def wants_archive(self, batch: Sequence[Stored]) -> bool:
        """Whether something is missing before or in this batch for the first time."""
        missing = batch[-1].stream_seq - self._position != len(batch)
        self._position = batch[-1].stream_seq
        return missing and self._archived is None

    def filled(self, archived: Mapping[RoomKey, int]) -> None:
        """The archived logs are applied up to these positions."""
        self._archived = archived

    def check(self, batch: Sequence[Stored]) -> None:
        """Raises Purged when a room's commit is neither in the stream nor was in the archive."""
        archived = self._archived or {}
        for stored in batch:
            known = self._seqs.get(stored.key, 0 if self._is_from_the_first else None)
            follows = known is None or stored.commit.seq <= known + 1
            if not follows and stored.stream_seq > archived.get(stored.key, 0):
                raise Purged(f"{stored.key} was put away while it was read.")
            self._seqs[stored.key] = stored.commit.last_seq


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
