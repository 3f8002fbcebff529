"""The REST resource: audit. Who changed what about whom in a room."""

from typing import Annotated

from litestar import get
from litestar.params import FromPath, QueryParameter

from edge.auth import Caller, HttpRequest, parts_of
from edge.http.access import see
from projectors.reads.audit import AuditPage, audit
from schemas.ids import TOKEN_PATTERN, ParticipantId
from schemas.limits import PAGE_ROWS_MAX


@get("/rooms/{room:str}/audit")
async def list_audit(
    request: HttpRequest,
    access: Caller,
    room: FromPath[str],
    *,
    cursor: Annotated[int | None, QueryParameter(ge=1)] = None,
    participant: Annotated[str | None, QueryParameter(pattern=TOKEN_PATTERN)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_ROWS_MAX)] = 50,
) -> AuditPage:
    """The room's decisions, the latest first, for staff; of one participant if named."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    whom = ParticipantId(participant) if participant else None
    return await audit(parts.pool, seen.key, cursor, limit, whom)


ROUTES = [list_audit]
