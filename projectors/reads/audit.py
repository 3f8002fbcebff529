"""The audit trail: who changed what about whom, before and after: what the edge asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Raw, Struct

from projectors.model import queries
from schemas.ids import ParticipantId, RoomKey

if TYPE_CHECKING:
    from projectors.reads import Pool

_sql = queries("audit")


class AuditRow(Struct, frozen=True):
    """A decision. ``action`` is the event's type; ``participant`` whom it was about, ``about`` what else;
    names are those last used in the room. ``before`` and ``after`` are as the event has them."""

    seq: int
    at: int
    action: str
    actor_kind: Literal["user", "guest", "service", "operator"]
    actor: str
    actor_participant: ParticipantId | None
    actor_name: str | None
    participant: ParticipantId | None
    display_name: str | None
    about: str
    before: Raw
    after: Raw


class AuditPage(Struct, frozen=True):
    """Decisions, the latest first; ``cursor`` asks for the next page and is None after the last."""

    audit: tuple[AuditRow, ...]
    cursor: int | None


async def audit(
    pool: Pool, key: RoomKey, cursor: int | None, limit: int, participant: ParticipantId | None = None
) -> AuditPage:
    """A room's decisions before the cursor; if ``participant`` is given, only those by or about them."""
    rows = await pool.fetch(_sql["page"], key.tenant, key.room, cursor, participant, limit + 1)
    page = tuple(msgspec.convert(_fields(dict(row)), AuditRow) for row in rows[:limit])
    return AuditPage(page, page[-1].seq if len(rows) > limit else None)


def _fields(row: dict[str, object]) -> dict[str, object]:
    """``before`` and ``after`` are handed on as they were stored."""
    raw = {name: Raw(str(row[name] or "null").encode()) for name in ("before", "after")}
    return {**row, **raw}
