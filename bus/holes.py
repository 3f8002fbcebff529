"""What a follower of all rooms finds missing in the stream, because it was put away.

A purged message leaves a hole in the positions of the stream: at the first one a follower reads the archived
logs that reach beyond its position. A log that is put away while it is being read shows as a hole in a
room's ``seq``: then a follower begins again where it was, and finds more archives.
"""

from collections.abc import Mapping, Sequence

from bus.interface import Purged, Stored
from schemas.ids import RoomKey


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
