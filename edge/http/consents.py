"""Who agreed to being recorded, and what was redacted: for staff."""

from typing import Annotated

from litestar import get
from litestar.params import FromPath, QueryParameter

from edge.auth import Caller, HttpRequest, parts_of
from edge.cursors import Before
from edge.http.access import see
from projectors.reads import consents
from schemas.ids import RecordingId
from schemas.limits import PAGE_ROWS_MAX


@get("/rooms/{room:str}/recordings/{recording:str}/consents")
async def list_consents(
    request: HttpRequest, access: Caller, room: FromPath[str], recording: FromPath[str]
) -> tuple[consents.ConsentRow, ...]:
    """Who agreed to a recording, declined, or is left out of it. Who is not named said nothing."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    return await consents.consents(parts.pool, seen.key, RecordingId(recording))


@get("/rooms/{room:str}/redactions")
async def list_redactions(
    request: HttpRequest,
    access: Caller,
    room: FromPath[str],
    before: Before = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_ROWS_MAX)] = 50,
) -> tuple[consents.RedactionRow, ...]:
    """What was redacted in a room before a seq, the latest first, with whom and why."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    return await consents.redactions(parts.pool, seen.key, before, limit)


ROUTES = [list_consents, list_redactions]
