"""Streams in memory: what of JetStream's storage our bus relies on, by the same configuration.

The configuration is the table of ``bus.setup``. Kept from the real server: conditional writes and their
error, which is checked before the duplicate window (bus-facts §0.10); per-message time to live and the
markers that expiry leaves; history per subject; the size limits; transform and republish.
"""

import asyncio
import bisect
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct

from bus.api import NANOSECONDS
from bus.kv import MARKER_REASON
from bus.publisher import EXPECTED_LAST, EXPECTED_LAST_FILTER, TTL
from schemas.subjects import MESSAGE_ID, partition_hash


class Record(Struct, frozen=True):
    """A stored message."""

    seq: int
    subject: str
    data: bytes
    headers: Mapping[str, str]


class StreamError(Exception):
    """A write that the stream refuses, as the server's error."""

    def __init__(self, code: int, err_code: int, description: str) -> None:
        super().__init__(description)
        self.answer = {"code": code, "err_code": err_code, "description": description}


@lru_cache(maxsize=65_536)
def matches(pattern: str, subject: str) -> bool:
    """NATS wildcards: ``*`` is one token, ``>`` one or more at the end."""
    wanted, found = pattern.split("."), subject.split(".")
    for index, token in enumerate(wanted):
        if token == ">":
            return len(found) > index
        if index >= len(found) or token not in ("*", found[index]):
            return False
    return len(wanted) == len(found)


class Stream:
    """One stream. ``changed`` is called after each stored message."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.name: str = config["name"]
        self.config = config
        self.last_seq = 0
        self._bytes = 0
        self._records: list[Record] = []
        self._last: dict[str, Record] = {}  # By subject.
        self._by_subject: dict[str, list[int]] = {}
        self._ids: dict[str, tuple[int, float]] = {}
        self.consumers: dict[str, Any] = {}

    def takes(self, subject: str) -> bool:
        """Whether messages on this subject are stored here."""
        return any(matches(pattern, subject) for pattern in self.config["subjects"])

    def store(self, subject: str, data: bytes, headers: Mapping[str, str]) -> tuple[int, bool]:
        """Stores a message. Returns its position, and whether it was here before. Raises StreamError."""
        self._check_size(data)
        stored_as = self._transformed(subject)
        if EXPECTED_LAST in headers:
            last = self.last(headers.get(EXPECTED_LAST_FILTER, stored_as))
            at = last.seq if last else 0
            if at != int(headers[EXPECTED_LAST]):
                raise StreamError(400, 10071, f"wrong last sequence: {at}")
        now = asyncio.get_running_loop().time()
        message_id = headers.get(MESSAGE_ID)
        if message_id is not None:
            earlier, until = self._ids.get(message_id, (0, 0.0))
            if until > now:
                return earlier, True
        record = self._add(stored_as, data, headers)
        if message_id is not None:
            window_s = self.config.get("duplicate_window", 120 * NANOSECONDS) / NANOSECONDS
            self._ids[message_id] = (record.seq, now + window_s)
        return record.seq, False

    def republished(self, record: Record) -> str | None:
        """Where a stored message is published again."""
        rule = self.config.get("republish")
        if rule is None or not matches(rule["src"], record.subject):
            return None
        return _mapped(rule["src"], rule["dest"], record.subject)

    def after(self, seq: int, pattern: str) -> Iterator[Record]:
        """Messages from behind a position, of a filter."""
        start = bisect.bisect_right(self._records, seq, key=lambda record: record.seq)
        return (record for record in self._records[start:] if matches(pattern, record.subject))

    def get(self, seq: int) -> Record | None:
        """The message at a position."""
        index = bisect.bisect_left(self._records, seq, key=lambda record: record.seq)
        if index < len(self._records) and self._records[index].seq == seq:
            return self._records[index]
        return None

    def last(self, pattern: str) -> Record | None:
        """The last message of a subject or filter."""
        if "*" not in pattern and ">" not in pattern:
            return self._last.get(pattern)
        return max(self.last_per_subject(pattern), key=lambda record: record.seq, default=None)

    def last_per_subject(self, pattern: str) -> Iterator[Record]:
        """The last message of each subject of a filter."""
        return (record for subject, record in self._last.items() if matches(pattern, subject))

    def remove(self, seq: int) -> None:
        """Deletes a message."""
        index = bisect.bisect_left(self._records, seq, key=lambda record: record.seq)
        if index >= len(self._records) or self._records[index].seq != seq:
            return
        record = self._records.pop(index)
        self._bytes -= len(record.data)
        places = self._by_subject[record.subject]
        places.remove(seq)
        if places:
            last = self.get(places[-1])
            assert last is not None
            self._last[record.subject] = last
        else:
            del self._by_subject[record.subject], self._last[record.subject]

    def purge(self, pattern: str, before: int) -> int:
        """Deletes the messages of a filter before a position. Returns how many."""
        gone = [r.seq for r in self._records if r.seq < before and matches(pattern, r.subject)]
        for seq in gone:
            self.remove(seq)
        return len(gone)

    def _check_size(self, data: bytes) -> None:
        if len(data) > self.config.get("max_msg_size", len(data)):
            raise StreamError(400, 10054, "message size exceeds maximum allowed")
        if self._bytes + len(data) > self.config.get("max_bytes", 1 << 62):
            if self.config.get("discard") == "new":
                raise StreamError(503, 10077, "maximum bytes exceeded")
            while self._records and self._bytes + len(data) > self.config["max_bytes"]:
                self.remove(self._records[0].seq)

    def _transformed(self, subject: str) -> str:
        rule = self.config.get("subject_transform")
        return _mapped(rule["src"], rule["dest"], subject) if rule else subject

    def _add(self, subject: str, data: bytes, headers: Mapping[str, str]) -> Record:
        self.last_seq += 1
        record = Record(self.last_seq, subject, data, dict(headers))
        self._records.append(record)
        self._bytes += len(data)
        self._last[subject] = record
        places = self._by_subject.setdefault(subject, [])
        places.append(record.seq)
        history = self.config.get("max_msgs_per_subject", -1)
        if 0 < history < len(places):
            self.remove(places[0])
        if TTL in headers:
            ttl_s = int(headers[TTL].removesuffix("s"))
            asyncio.get_running_loop().call_later(ttl_s, self._expire, record)
        return record

    def _expire(self, record: Record) -> None:
        """Removes a message whose time is over. The last of its subject leaves a marker, which expires."""
        if self.get(record.seq) is None:
            return
        was_last = self._last[record.subject].seq == record.seq
        self.remove(record.seq)
        marker_s = self.config.get("subject_delete_marker_ttl", 0) // NANOSECONDS
        if was_last and marker_s and MARKER_REASON not in record.headers:
            self._add(record.subject, b"", {MARKER_REASON: "MaxAge", TTL: f"{marker_s}s"})
            self.changed()

    def changed(self) -> None:
        """Tells the durable subscriptions that there is something new."""
        for consumer in tuple(self.consumers.values()):
            consumer.pump()


def _mapped(source: str, target: str, subject: str) -> str:
    """Applies a subject mapping: ``{{wildcard(n)}}`` and ``{{partition(count,n,m)}}``."""
    stars = [
        token for token, pattern in zip(subject.split("."), source.split("."), strict=True) if pattern == "*"
    ]
    for number, token in enumerate(stars, 1):
        target = target.replace(f"{{{{wildcard({number})}}}}", token)
    head, found, rest = target.partition("{{partition(")
    if found:
        arguments, _, tail = rest.partition(")}}")
        count, *places = (int(argument) for argument in arguments.split(","))
        number = partition_hash("".join(stars[place - 1] for place in places)) % count
        target = f"{head}{number}{tail}"
    return target
