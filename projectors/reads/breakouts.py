"""Breakout rooms and who was where: what the edge asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Struct

from projectors.model import queries
from schemas.breakouts import VisitMode
from schemas.ids import GroupId, OpeningId, ParticipantId, RoomId, SessionId
from schemas.media import Role

if TYPE_CHECKING:
    import asyncpg

    from schemas.ids import RoomKey

    Pool = asyncpg.Pool[asyncpg.Record]

_sql = queries("breakouts")


class GroupRow(Struct, frozen=True):
    """A group; ``child`` is its room, once that was there."""

    opening: OpeningId
    id: GroupId
    name: str
    child: RoomId | None


class PlaceRow(Struct, frozen=True):
    """A person in a group, until then or still."""

    opening: OpeningId
    group: GroupId
    participant: ParticipantId
    display_name: str
    since: int
    until: int | None


class VisitRow(Struct, frozen=True):
    """A visit; no group: to all of them at once, by voice."""

    opening: OpeningId
    group: GroupId | None
    participant: ParticipantId
    display_name: str
    mode: VisitMode
    since: int
    until: int | None


class CallRow(Struct, frozen=True):
    """A call for help; ``answered`` is false while it waits and when it was withdrawn."""

    opening: OpeningId
    group: GroupId
    number: int
    called_at: int
    ended_at: int | None
    answered: bool


class TextRow(Struct, frozen=True):
    """A text for all groups; no ``participant``: of somebody who was not in class."""

    opening: OpeningId
    number: int
    at: int
    text: str
    participant: ParticipantId | None
    display_name: str


class OpeningRow(Struct, frozen=True):
    """When groups were open."""

    id: OpeningId
    opened_at: int
    ends_at: int | None
    closed_at: int | None
    free_choice: bool
    carry: tuple[str, ...]


class BreakoutHistory(Struct, frozen=True):
    """The groups of a class, everything in the order in which it happened."""

    openings: tuple[OpeningRow, ...]
    groups: tuple[GroupRow, ...]
    places: tuple[PlaceRow, ...]
    visits: tuple[VisitRow, ...]
    calls: tuple[CallRow, ...]
    texts: tuple[TextRow, ...]


class GroupAttendanceRow(Struct, frozen=True):
    """A participation in a child room. ``participant`` is the person's in the parent room; None for
    somebody who was never in class there."""

    opening: OpeningId
    group: GroupId
    group_name: str
    child: RoomId
    participant: ParticipantId | None
    display_name: str
    role: Role
    joined_at: int
    left_at: int | None
    connected_ms: int


Row = TypeVar("Row", bound=Struct)


async def history(pool: Pool, key: RoomKey, session: SessionId) -> BreakoutHistory:
    """What was opened in a class, who was put where and when, who visited, called and told what."""
    return BreakoutHistory(
        await _rows(pool, "openings", key, session, OpeningRow),
        await _rows(pool, "groups", key, session, GroupRow),
        await _rows(pool, "places", key, session, PlaceRow),
        await _rows(pool, "visits", key, session, VisitRow),
        await _rows(pool, "calls", key, session, CallRow),
        await _rows(pool, "texts", key, session, TextRow),
    )


async def attendance(pool: Pool, key: RoomKey, session: SessionId) -> tuple[GroupAttendanceRow, ...]:
    """Who really was in which child room of a class, and when; in order of joining."""
    return await _rows(pool, "attendance", key, session, GroupAttendanceRow)


async def _rows(pool: Pool, query: str, key: RoomKey, session: SessionId, kind: type[Row]) -> tuple[Row, ...]:
    rows = await pool.fetch(_sql[query], key.tenant, key.room, session)
    return tuple(msgspec.convert(dict(row), kind) for row in rows)
