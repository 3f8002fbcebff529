"""The time table of a tenant, and who knocked at a room's door: what the edge asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from projectors.model import queries
from schemas.ids import ParticipantId, RoomId, RoomKey, SeriesId, SessionId, TenantId

if TYPE_CHECKING:
    from projectors.reads import Pool

_sql = queries("lessons")


class LessonRow(Struct, frozen=True):
    """A class in the time table, with its room."""

    room: RoomId
    room_title: str
    id: SessionId
    title: str
    status: Literal["scheduled", "live", "ended"]
    starts_at: int
    minutes: int
    started_at: int | None
    ended_at: int | None
    series: SeriesId | None


class KnockRow(Struct, frozen=True):
    """One wait at the door; ``outcome`` and ``decided_at`` are None while it lasts."""

    participant: ParticipantId
    person: str
    display_name: str
    guest: bool
    knocked_at: int
    outcome: Literal["admitted", "denied", "left", "timeout", "joined", "session_ended"] | None
    decided_at: int | None


async def timetable(
    pool: Pool, tenant: TenantId, since: int, until: int, *, room: RoomId | None, limit: int
) -> tuple[LessonRow, ...]:
    """The lessons that are planned to begin in ``[since, until)``, in order of time."""
    rows = await pool.fetch(_sql["timetable"], tenant, since, until, room, limit)
    return tuple(msgspec.convert(dict(row), LessonRow) for row in rows)


async def knocks(pool: Pool, key: RoomKey, session: SessionId, limit: int) -> tuple[KnockRow, ...]:
    """Who knocked during a class, in order of knocking."""
    rows = await pool.fetch(_sql["knocks"], key.tenant, key.room, session, limit)
    return tuple(msgspec.convert(dict(row), KnockRow) for row in rows)
