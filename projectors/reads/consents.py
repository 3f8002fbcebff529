"""Who agreed to being recorded, and what was redacted: what the edge asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from projectors.model import queries
from schemas.ids import MessageId, ParticipantId, RecordingId, RedactionId, RoomKey

if TYPE_CHECKING:
    from projectors.reads import Pool

_sql = queries("consents")


class ConsentRow(Struct, frozen=True):
    """What one person said of a recording, and whether they are left out of it. Who is in no row said
    nothing."""

    participant: ParticipantId
    display_name: str
    answer: Literal["unanswered", "agreed", "declined"]
    answered_at: int | None
    left_out: bool


class RedactionRow(Struct, frozen=True):
    """What was taken out of everything that is kept, by whom and why."""

    id: RedactionId
    what: Literal["person", "span", "message"]
    participant: ParticipantId | None
    recordings: tuple[RecordingId, ...]
    since_ms: int
    until_ms: int
    message: MessageId | None
    reason: str
    by: ParticipantId | None
    at: int
    seq: int


async def consents(pool: Pool, key: RoomKey, recording: RecordingId) -> tuple[ConsentRow, ...]:
    """Who answered or was left out of a recording."""
    rows = await pool.fetch(_sql["consents"], key.tenant, key.room, recording)
    return tuple(msgspec.convert(dict(row), ConsentRow) for row in rows)


async def redactions(pool: Pool, key: RoomKey, before: int | None, limit: int) -> tuple[RedactionRow, ...]:
    """A room's redactions before a seq (None: the latest), the latest first."""
    rows = await pool.fetch(_sql["redactions"], key.tenant, key.room, before, limit)
    return tuple(msgspec.convert(dict(row), RedactionRow) for row in rows)
