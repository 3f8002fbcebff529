"""The queries of the read models, as the edge serves them. Times are Unix milliseconds.

Every query names its tenant; none can be asked across tenants. The tables are those of schema ``read``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from projectors.model import queries
from schemas.artifacts import ArtifactKind
from schemas.ids import (
    ArtifactId,
    CourseId,
    ParticipantId,
    RecordingId,
    RoomId,
    RoomKey,
    SeriesId,
    SessionId,
    TenantId,
    TrackId,
    UserId,
)
from schemas.media import Device, MediaKind, Role, Source

if TYPE_CHECKING:
    from collections.abc import Iterable

    import asyncpg

    Pool = asyncpg.Pool[asyncpg.Record]

_sql = queries("reads")


class SessionRow(Struct, frozen=True):
    """A class: planned, running, over, or taken off the time table. ``series`` names the recurring
    lessons that it is one of."""

    id: SessionId
    title: str
    status: Literal["scheduled", "live", "ended", "cancelled"]
    starts_at: int | None
    minutes: int | None
    started_at: int | None
    ended_at: int | None
    series: SeriesId | None = None


class RoomRow(Struct, frozen=True):
    """A room with its running class, its next planned one, and how many recordings it has."""

    room: RoomId
    title: str
    owner: UserId
    default_role: Role
    created_at: int
    live: SessionRow | None
    next_scheduled: SessionRow | None
    recordings: int
    archived_at: int | None
    course: CourseId | None


class RoomPage(Struct, frozen=True):
    """Rooms, newest first; ``cursor`` asks for the next page and is None after the last."""

    rooms: tuple[RoomRow, ...]
    cursor: str | None


class Interval(Struct, frozen=True):
    """A time of being connected; ``until`` is None while it lasts."""

    since: int
    until: int | None


class AttendanceRow(Struct, frozen=True):
    """One participation. ``left_at`` and ``reason`` are None while the person is in class;
    ``connected_ms`` and the times of media then count what is over.

    ``microphone_ms`` is how long the microphone was open, which is not how long somebody talked: loudness
    is never written down. ``answers`` are first answers to polls by name; anonymous ones are nobody's.
    """

    participant: ParticipantId
    person: str
    display_name: str
    role: Role
    guest: bool
    device: Device
    joined_at: int
    left_at: int | None
    reason: str | None
    connected_ms: int
    reconnects: int
    microphone_ms: int
    camera_ms: int
    screen_ms: int
    hands: int
    messages: int
    questions: int
    answers: int
    reactions: int
    intervals: tuple[Interval, ...]


class StepRow(Struct, frozen=True):
    """Where one step of a recording's pipeline stands."""

    step: str
    status: Literal["started", "finished", "failed"]
    progress_percent: int
    detail: str
    at: int


class ArtifactRow(Struct, frozen=True):
    """A finished object of a recording. A track's names whose it is and what it shows."""

    id: ArtifactId
    kind: ArtifactKind
    key: str
    media_type: str
    bytes: int
    sha256: str
    duration_ms: int
    offset_ms: int
    width_px: int
    height_px: int
    track: TrackId | None
    track_kind: MediaKind | None
    source: Source | None
    participant: ParticipantId | None
    display_name: str | None


class PauseRow(Struct, frozen=True):
    """A time of which nothing was kept; ``until`` is None while it lasts."""

    since: int
    until: int | None


class RecordingRow(Struct, frozen=True):
    """A recording with its steps and artifacts, in the order in which they came.

    ``title`` is its own, or that of its class. ``keep_until`` None: as the tenant's policy says; 0: for
    ever. ``asked``: only who agreed is in it. ``left_out`` counts the people who are not.
    """

    id: RecordingId
    session: SessionId
    title: str
    status: Literal["recording", "paused", "processing", "ready", "failed"]
    started_at: int
    stopped_at: int | None
    duration_ms: int | None
    keep_until: int | None
    asked: bool
    left_out: int
    pauses: tuple[PauseRow, ...]
    steps: tuple[StepRow, ...]
    artifacts: tuple[ArtifactRow, ...]

    def artifact(self, kind: ArtifactKind) -> ArtifactRow | None:
        """The first artifact of a kind, if it is there yet."""
        return next((a for a in self.artifacts if a.kind is kind), None)


class BadCursorError(ValueError):
    """This page cursor is not one of ours."""


async def list_rooms(
    pool: Pool,
    tenant: TenantId,
    cursor: str | None,
    limit: int,
    *,
    person: str | None = None,
    archived: bool = False,
    course: str | None = None,
) -> RoomPage:
    """A tenant's rooms in use (or those archived), newest first; if ``course`` is given, only its rooms; if
    ``person`` is, only those the person owns, has a lasting role in, or has been in.

    Raises BadCursorError.
    """
    created_at, room = _read_cursor(cursor)
    rows = await pool.fetch(_sql["list_rooms"], tenant, created_at, room, limit + 1, person, archived, course)
    page = tuple(_room(row) for row in rows[:limit])
    more = len(rows) > limit
    return RoomPage(page, f"{page[-1].created_at}.{page[-1].room}" if more and page else None)


async def get_room(pool: Pool, key: RoomKey) -> RoomRow | None:
    """One room, or None when there is no such room (yet)."""
    row = await pool.fetchrow(_sql["get_room"], key.tenant, key.room)
    return _room(row) if row is not None else None


async def member_role(pool: Pool, key: RoomKey, user: str) -> Role | None:
    """The lasting role of a user in a room: host for its owner, None for no member."""
    role = await pool.fetchval(_sql["member_role"], key.tenant, key.room, user)
    return Role(role) if role is not None else None


async def list_sessions(pool: Pool, key: RoomKey, limit: int = 200) -> tuple[SessionRow, ...]:
    """A room's classes: running and planned ones first, then those over, the latest first."""
    rows = await pool.fetch(_sql["list_sessions"], key.tenant, key.room, limit)
    return tuple(msgspec.convert(dict(row), SessionRow) for row in rows)


async def attendance(
    pool: Pool, key: RoomKey, session: SessionId, participant: ParticipantId | None = None
) -> tuple[AttendanceRow, ...]:
    """Who was (or is) in a class, in order of joining; a person who left and came back has two rows.

    If ``participant`` is given, only theirs.
    """
    rows = await pool.fetch(_sql["attendance"], key.tenant, key.room, session, participant)
    return tuple(_attendance(row) for row in rows)


async def recordings(pool: Pool, key: RoomKey, limit: int = 100) -> tuple[RecordingRow, ...]:
    """A room's recordings, the latest first."""
    return await _recordings(pool, key, None, limit)


async def recording(pool: Pool, key: RoomKey, recording_id: RecordingId) -> RecordingRow | None:
    """One recording, or None."""
    found = await _recordings(pool, key, recording_id, 1)
    return found[0] if found else None


async def _recordings(
    pool: Pool, key: RoomKey, one: RecordingId | None, limit: int
) -> tuple[RecordingRow, ...]:
    rows = await pool.fetch(_sql["recordings"], key.tenant, key.room, one, limit)
    ids = [row["id"] for row in rows]
    steps = _by_recording(await pool.fetch(_sql["steps"], key.tenant, key.room, ids))
    artifacts = _by_recording(await pool.fetch(_sql["artifacts"], key.tenant, key.room, ids))
    pauses = _by_recording(await pool.fetch(_sql["pauses"], key.tenant, key.room, ids))
    return tuple(
        msgspec.convert(
            {
                **row,
                "steps": steps.get(row["id"], ()),
                "artifacts": artifacts.get(row["id"], ()),
                "pauses": pauses.get(row["id"], ()),
            },
            RecordingRow,
        )
        for row in rows
    )


def _by_recording(rows: Iterable[asyncpg.Record]) -> dict[str, list[dict[str, object]]]:
    grouped: dict[str, list[dict[str, object]]] = {}
    for row in rows:
        grouped.setdefault(row["recording"], []).append(dict(row))
    return grouped


def _room(row: asyncpg.Record) -> RoomRow:
    fields = dict(row)
    for name in ("live", "next_scheduled"):
        fields[name] = msgspec.json.decode(fields[name]) if fields[name] is not None else None
    return msgspec.convert(fields, RoomRow)


def _attendance(row: asyncpg.Record) -> AttendanceRow:
    fields = dict(row)
    since, until = fields.pop("connected_from"), fields.pop("connected_to")
    ends = [*until, *([None] * (len(since) - len(until)))]
    intervals = [Interval(f, u) for f, u in zip(since, ends, strict=True)]
    return msgspec.convert({**fields, "intervals": intervals}, AttendanceRow)


def _read_cursor(cursor: str | None) -> tuple[int | None, str | None]:
    if cursor is None:
        return None, None
    created_at, _, room = cursor.partition(".")
    if not (created_at.isdecimal() and len(created_at) < 19 and room):
        raise BadCursorError("This page cursor is not one of ours.")
    return int(created_at), room
