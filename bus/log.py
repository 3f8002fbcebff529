"""EVT on NATS: append with the expected position, read by direct get, follow (``bus.follow``)."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

from bus import follow
from bus.connection import Connection
from bus.direct import read_after, read_last
from bus.interface import Conflict, Stored
from bus.publisher import store
from schemas import subjects
from schemas.envelope import Commit, encode_commit
from schemas.ids import RoomKey


class NatsLog:
    """``interface.Log`` on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def append(self, key: RoomKey, commit: Commit, *, topic: str, expected_stream_seq: int) -> int:
        """Appends if the room's last commit is at ``expected_stream_seq``.

        A "duplicate" is a conflict, too: an earlier attempt got through, perhaps by another owner, and
        only reading tells what it said. (A single server reports 10071 for it, a cluster "duplicate";
        bus-facts §0.10.)"""
        ack = await store(
            self._connection,
            subjects.EVT,
            subjects.event(key, topic),
            encode_commit(commit),
            headers=headers(key, commit, topic),
            expected_last=expected_stream_seq,
            expected_filter=subjects.room_events(key),
            message_id=f"{key}/{commit.seq}/{commit.cause}",
        )
        if ack.duplicate:
            raise Conflict("This append is on the log already.", ack.seq)
        return ack.seq

    async def read(self, key: RoomKey, *, after_stream_seq: int = 0) -> AsyncIterator[Stored]:
        """The room's commits after a position."""
        room = subjects.room_events(key)
        async for found in read_after(self._connection, subjects.EVT, room, after_stream_seq):
            yield follow.stored(found)

    def follow(
        self, key: RoomKey, *, after_seq: int, after_stream_seq: int
    ) -> AbstractAsyncContextManager[AsyncIterator[Stored]]:
        """The room's commits for ever."""
        return follow.room(self._connection, key, after_seq=after_seq, after_stream_seq=after_stream_seq)

    def follow_all(
        self, *, after_stream_seq: int, batch: int = 500
    ) -> AbstractAsyncContextManager[AsyncIterator[tuple[Stored, ...]]]:
        """Everybody's commits for ever."""
        return follow.everything(self._connection, after_stream_seq=after_stream_seq, batch=batch)

    async def last_stream_seq(self) -> int:
        """The last position in EVT."""
        last = await read_last(self._connection, subjects.EVT, subjects.ALL_EVENTS)
        return last.stream_seq if last else 0


def headers(key: RoomKey, commit: Commit, topic: str) -> dict[str, str]:
    """CloudEvents in binary mode, so that ``nats sub`` and any CloudEvents reader understand a commit."""
    return {
        "ce-specversion": "1.0",
        "ce-id": f"{key}/{commit.seq}",
        "ce-source": f"/{key}",
        "ce-type": f"classwire.{topic}",
        "ce-time": datetime.fromtimestamp(commit.at / 1000, UTC).isoformat(timespec="milliseconds"),
        "content-type": "application/json",
        "Schema": "commit/1",
    }
