"""What is known of a class afterwards, and during it: attendance, engagement, quality; and what a tenant
uses. Names and times of others are for people with ``see_attendance``; everybody sees their own."""

from datetime import date
from typing import Annotated

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from edge.auth import Caller, HttpRequest, parts_of
from edge.http.access import Seen, see
from edge.problems import forbidden, malformed, not_found
from edge.sheets import Cell, moment, sheet
from projectors import reads
from projectors.reads import engagement as engagements
from projectors.reads import features, quality
from schemas.ids import ParticipantId, SessionId
from schemas.limits import USAGE_DAYS_MAX
from schemas.permissions import Permission

_EVER = 1 << 53  # Milliseconds of the contract go no further.


class Attendance(Struct, frozen=True):
    """Who was in a class, when, and what they did there."""

    attendance: tuple[reads.AttendanceRow, ...]


class Quality(Struct, frozen=True):
    """How good people's lines were in a class."""

    quality: tuple[quality.QualityRow, ...]


class Usage(Struct, frozen=True):
    """What a tenant used, day by day (UTC)."""

    usage: tuple[features.UsageRow, ...]


@get("/rooms/{room:str}/sessions/{session:str}/attendance")
async def attendance(
    request: HttpRequest, access: Caller, room: FromPath[str], session: FromPath[str]
) -> Attendance:
    """Who was in a class; for people without ``see_attendance`` their own participations."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    rows = await reads.attendance(parts.pool, seen.key, SessionId(session), _only(seen))
    return Attendance(rows)


_HEAD = (
    "name",
    "role",
    "guest",
    "device",
    "joined",
    "left",
    "reason",
    "connected_s",
    "reconnects",
    "microphone_open_s",
    "camera_s",
    "screen_s",
    "hands",
    "messages",
    "questions",
    "poll_answers",
    "reactions",
)


@get("/rooms/{room:str}/sessions/{session:str}/attendance.csv")
async def attendance_sheet(
    request: HttpRequest, access: Caller, room: FromPath[str], session: FromPath[str]
) -> Response[bytes]:
    """The same as a CSV file, for people with ``see_attendance``. Times are UTC, lengths seconds."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require(Permission.SEE_ATTENDANCE)
    rows = await reads.attendance(parts.pool, seen.key, SessionId(session))
    return sheet("attendance", _HEAD, (_cells(row) for row in rows))


def _cells(row: reads.AttendanceRow) -> tuple[Cell, ...]:
    lengths = (row.microphone_ms, row.camera_ms, row.screen_ms)
    return (
        row.display_name,
        row.role.value,
        row.guest,
        row.device,
        moment(row.joined_at),
        moment(row.left_at),
        row.reason or "",
        row.connected_ms // 1000,
        row.reconnects,
        *(length // 1000 for length in lengths),
        row.hands,
        row.messages,
        row.questions,
        row.answers,
        row.reactions,
    )


@get("/rooms/{room:str}/sessions/{session:str}/engagement")
async def session_engagement(
    request: HttpRequest, access: Caller, room: FromPath[str], session: FromPath[str]
) -> engagements.Engagement:
    """Who did how much in a class, and when the class did; for people with ``see_attendance``."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require(Permission.SEE_ATTENDANCE)
    found = await engagements.engagement(
        parts.pool, seen.key, 0, _EVER, parts.clock(), session=SessionId(session)
    )
    if not found.sessions:
        raise not_found()
    return found


@get("/rooms/{room:str}/engagement")
async def room_engagement(
    request: HttpRequest,
    access: Caller,
    room: FromPath[str],
    *,
    since: Annotated[int, QueryParameter(name="from", ge=0, le=_EVER)] = 0,
    until: Annotated[int, QueryParameter(name="to", ge=0, le=_EVER)] = _EVER,
) -> engagements.Engagement:
    """The same over the classes of a room that began in ``[from, to)``, Unix milliseconds."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require(Permission.SEE_ATTENDANCE)
    return await engagements.engagement(parts.pool, seen.key, since, until, parts.clock())


@get("/rooms/{room:str}/sessions/{session:str}/quality")
async def session_quality(
    request: HttpRequest, access: Caller, room: FromPath[str], session: FromPath[str]
) -> Quality:
    """How good lines were in a class; for people without ``see_attendance`` their own."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    return Quality(await quality.quality(parts.pool, seen.key, SessionId(session), _only(seen)))


@get("/usage")
async def usage(
    request: HttpRequest,
    access: Caller,
    *,
    since: Annotated[date, QueryParameter(name="from")],
    until: Annotated[date, QueryParameter(name="to")],
) -> Usage:
    """What the asker's tenant used on the days ``[from, to]`` (UTC), for its administrators."""
    if "administer" not in access.person.capabilities:
        raise forbidden()
    if (until - since).days >= USAGE_DAYS_MAX:
        raise malformed(f"At most {USAGE_DAYS_MAX} days can be asked for at once.")
    return Usage(await features.usage(parts_of(request).pool, access.person.tenant, since, until))


def _only(seen: Seen) -> ParticipantId | None:
    """Whose rows the asker may see; None: everybody's."""
    return None if Permission.SEE_ATTENDANCE in seen.permissions else seen.participant


ROUTES: list[HTTPRouteHandler] = [
    attendance,
    attendance_sheet,
    session_engagement,
    room_engagement,
    session_quality,
    usage,
]
