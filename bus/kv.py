"""A KV bucket on its raw stream: values with a time to live on every write, and expiry markers.

nats-py cannot give ``put`` a TTL and fails to create a key whose expiry left a marker (bus-facts §0.7).
Keys are subjects ``$KV.<bucket>.<key>`` of the stream ``KV_<bucket>``, as in every NATS client, so that
``nats kv`` reads them. A key is absent when its last message is a delete or an expiry marker; writing
"if absent" then means: if the last message is still that marker.
"""

import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager

from bus.connection import Connection
from bus.direct import Read, TooManyError, read_last, read_last_of_each
from bus.interface import Change, Conflict, Entry
from bus.ordered import Begin, ordered
from bus.publisher import TTL, store
from schemas.limits import MARKER_S

OPERATION = "KV-Operation"
MARKER_REASON = "Nats-Marker-Reason"


def stream(bucket: str) -> str:
    """The stream under a bucket."""
    return f"KV_{bucket}"


def subject(bucket: str, key: str) -> str:
    """Where a key's values lie."""
    return f"$KV.{bucket}.{key}"


class NatsBucket:
    """``interface.Bucket`` on a connection."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._name = name

    async def get(self, key: str) -> Entry | None:
        """The entry, or None when absent, deleted or expired."""
        last = await self._last(key)
        return None if last is None or is_gone(last.headers) else self._entry(last)

    async def create(self, key: str, value: bytes, *, ttl_s: float | None = None) -> int:
        """Writes if absent. Raises Conflict."""
        try:
            return await self._store(key, value, 0, ttl_s)
        except Conflict:
            last = await self._last(key)
            if last is None or not is_gone(last.headers):
                raise
            return await self._store(key, value, last.stream_seq, ttl_s)

    async def update(self, key: str, value: bytes, revision: int, *, ttl_s: float | None = None) -> int:
        """Writes if the revision is still this one. Raises Conflict."""
        return await self._store(key, value, revision, ttl_s)

    async def put(self, key: str, value: bytes, *, ttl_s: float | None = None) -> int:
        """Writes whatever is there."""
        return await self._store(key, value, None, ttl_s)

    async def delete(self, key: str, revision: int | None = None) -> None:
        """Deletes. The tombstone goes, too, once every watcher had its chance to see it."""
        await self._store(key, b"", revision, MARKER_S, {OPERATION: "DEL"})

    async def entries(self) -> dict[str, Entry]:
        """All entries, at one moment."""
        everything = subject(self._name, ">")
        try:
            reads = await read_last_of_each(self._connection, stream(self._name), everything)
        except TooManyError:
            reads = await self._read_present(everything)
        entries = (self._entry(read) for read in reads if not is_gone(read.headers))
        return {entry.key: entry for entry in entries}

    async def _read_present(self, everything: str) -> list[Read]:
        """The last message of each key, by an ordered subscription."""
        found: list[Read] = []
        async with ordered(self._connection, stream(self._name), everything, last_per_subject=True) as items:
            async for item in items:
                if isinstance(item, Begin):
                    found = []
                else:
                    found.append(item.read)
                if item.pending == 0:
                    return found
        raise AssertionError("an ordered subscription does not end")

    @asynccontextmanager
    async def watch(self, key: str = ">") -> AsyncIterator[AsyncIterator[Change]]:
        """First the present entries, then every change; after a reconnect only what changed meanwhile."""
        async with aclosing(self._changes(key)) as changes:
            yield changes

    async def _changes(self, key: str) -> AsyncGenerator[Change, None]:
        known: dict[str, int] = {}
        missing: set[str] = set()  # Known before a new beginning and not seen since.
        pending = 0
        async with ordered(
            self._connection, stream(self._name), subject(self._name, key), last_per_subject=True
        ) as items:
            async for item in items:
                if isinstance(item, Begin):
                    missing, pending = set(known), item.pending
                else:
                    pending = item.pending
                    change = self._change(item.read)
                    missing.discard(change.key)
                    if change.revision > known.get(change.key, 0):
                        if change.entry is not None:
                            known[change.key] = change.revision
                            yield change
                        elif known.pop(change.key, None) is not None:
                            yield change
                if pending == 0:
                    for gone in sorted(missing):
                        yield Change(gone, None, known.pop(gone), expired=True)
                    missing = set()

    async def _last(self, key: str) -> Read | None:
        return await read_last(self._connection, stream(self._name), subject(self._name, key))

    async def _store(
        self,
        key: str,
        value: bytes,
        expected: int | None,
        ttl_s: float | None,
        headers: Mapping[str, str] | None = None,
    ) -> int:
        sent = dict(headers or {})
        if ttl_s is not None:
            sent[TTL] = f"{max(1, math.ceil(ttl_s))}s"  # The server knows whole seconds, at least one.
        ack = await store(
            self._connection,
            stream(self._name),
            subject(self._name, key),
            value,
            headers=sent,
            expected_last=expected,
        )
        return ack.seq

    def _entry(self, read: Read) -> Entry:
        return Entry(self._key(read), read.data, read.stream_seq)

    def _change(self, read: Read) -> Change:
        gone = is_gone(read.headers)
        return Change(
            self._key(read),
            None if gone else self._entry(read),
            read.stream_seq,
            expired=read.headers.get(MARKER_REASON) == "MaxAge",
        )

    def _key(self, read: Read) -> str:
        return read.subject.removeprefix(subject(self._name, ""))


def is_gone(headers: Mapping[str, str]) -> bool:
    """Whether a key's last message says that it was deleted or has expired."""
    return OPERATION in headers or MARKER_REASON in headers
