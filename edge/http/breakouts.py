"""Breakout rooms of a class, during it and after: who was put where, and who was there. For staff."""

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct

from edge.auth import Caller, HttpRequest, parts_of
from edge.http.access import see
from projectors.reads import breakouts as reads
from schemas.ids import SessionId


class GroupAttendance(Struct, frozen=True):
    """Participations in child rooms, in order of joining."""

    attendance: tuple[reads.GroupAttendanceRow, ...]


@get("/rooms/{room:str}/sessions/{session:str}/breakouts")
async def breakouts(
    request: HttpRequest, access: Caller, room: FromPath[str], session: FromPath[str]
) -> reads.BreakoutHistory:
    """What was opened in a class, who was put where, visits, calls for help and texts."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    return await reads.history(parts.pool, seen.key, SessionId(session))


@get("/rooms/{room:str}/sessions/{session:str}/breakouts/attendance")
async def group_attendance(
    request: HttpRequest, access: Caller, room: FromPath[str], session: FromPath[str]
) -> GroupAttendance:
    """Who was in which child room, and when."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    return GroupAttendance(await reads.attendance(parts.pool, seen.key, SessionId(session)))


ROUTES: list[HTTPRouteHandler] = [breakouts, group_attendance]
