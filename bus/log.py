"""EVT on NATS: append with the expected position, read by direct get, follow (``bus.follow``).

A log that was put away begins in the archive (``bus.putaway``); its last message always stays here.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

from msgspec import Raw

from bus import follow, putaway
from bus.api import call
from bus.connection import Connection
from bus.direct import read_after, read_last
from bus.interface import Archive, Archived, Conflict, Latest, Line, Purged, Stored
from bus.logfile import span
from bus.publisher import store
from schemas import subjects
from schemas.envelope import Commit, decode_commit, encode_commit
from schemas.ids import RoomKey


class NatsLog:
    """``interface.Log`` on a connection. ``archiver`` is the connection of the user that may purge."""

    def __init__(self, connection: Connection, archive: Archive, archiver: Connection) -> None:
        self._connection = connection
        self._archive = archive
        self._archiver = archiver

    async def append(self, key: RoomKey, commit: Commit, *, topic: str, expected_stream_seq: int) -> int:
        """Appends if the room's last commit is at ``expected_stream_seq``."""
        return await self._append(key, commit, encode_commit(commit), topic, expected_stream_seq)

    async def append_line(self, key: RoomKey, line: Line, *, expected_stream_seq: int) -> int:
        """Appends a commit that was put away, byte for byte."""
        commit = decode_commit(line.commit)
        return await self._append(key, commit, bytes(line.commit), line.topic, expected_stream_seq)

    async def _append(
        self, key: RoomKey, commit: Commit, body: bytes, topic: str, expected_stream_seq: int
    ) -> int:
        """A "duplicate" is a conflict, too: an earlier attempt got through, perhaps by another owner, and
        only reading tells what it said. (A single server reports 10071 for it, a cluster "duplicate";
        bus-facts §0.10.)"""
        ack = await store(
            self._connection,
            subjects.EVT,
            subjects.event(key, topic),
            body,
            headers=headers(key, commit, topic),
            expected_last=expected_stream_seq,
            expected_filter=subjects.room_events(key),
            message_id=f"{key}/{commit.seq}/{commit.cause}",
        )
        if ack.duplicate:
            raise Conflict("This append is on the log already.", ack.seq)
        return ack.seq

    async def read(self, key: RoomKey, *, after_stream_seq: int = 0) -> AsyncIterator[Stored]:
        """The room's commits after a position; from the first, those in the archive come first."""
        if after_stream_seq:
            room = subjects.room_events(key)
            async for found in read_after(self._connection, subjects.EVT, room, after_stream_seq):
                yield follow.stored(found)
            return
        async for line in self.lines(key):
            yield Stored(key, line.stream_seq, decode_commit(line.commit, line.stream_seq))

    async def lines(self, key: RoomKey) -> AsyncIterator[Line]:
        """All of a room's commits as they are stored. A hole in the stream is filled from the archive."""
        end = 0
        async for found in read_after(self._connection, subjects.EVT, subjects.room_events(key), 0):
            named = subjects.parse_event(found.subject)
            assert named is not None, f"{found.subject} lies in EVT"
            line = Line(found.stream_seq, named[1], Raw(found.data))
            first, last = span(line.commit)
            if first > end + 1:
                async for earlier in putaway.lines(self._archive, key):
                    at, through = span(earlier.commit)
                    if at == end + 1 and at < first:
                        end = through
                        yield earlier
            if first > end + 1:
                raise Purged(f"The log of {key} between {end} and {first} is neither here nor archived.")
            if last > end:
                end = last
                yield line

    async def archives(self) -> tuple[Archived, ...]:
        """The archived log of every room that has one."""
        return await putaway.archives(self._archive)

    async def read_archived(self, archived: Archived) -> AsyncIterator[Stored]:
        """The commits of an archived log."""
        async for line in putaway.lines(self._archive, archived.key):
            yield Stored(archived.key, line.stream_seq, decode_commit(line.commit, line.stream_seq))

    async def latest(self) -> tuple[Latest, ...]:
        """The end of every room's log."""
        return await putaway.latest(self._archiver)

    async def purge(self, key: RoomKey, *, before_stream_seq: int) -> None:
        """Removes a room's messages before a position."""
        body = {"filter": subjects.room_events(key), "seq": before_stream_seq}
        await call(self._archiver, f"STREAM.PURGE.{subjects.EVT}", body)

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
