"""The audit trail of a room: who decided what about whom in it."""

from typing import Annotated

from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from edge.auth import Caller, HttpRequest, parts_of
from edge.cursors import Cursor, Limit, cursor_of, number_of
from edge.http.access import see
from projectors.reads.audit import AuditRow, audit
from schemas.ids import TOKEN_PATTERN, ParticipantId


class Trail(Struct, frozen=True):
    """Decisions, the latest first; ``cursor`` asks for the next page and is None after the last."""

    audit: tuple[AuditRow, ...]
    cursor: str | None


@get("/rooms/{room:str}/audit")
async def list_audit(
    request: HttpRequest,
    access: Caller,
    room: FromPath[str],
    *,
    cursor: Cursor = None,
    participant: Annotated[str | None, QueryParameter(pattern=TOKEN_PATTERN)] = None,
    limit: Limit = 50,
) -> Trail:
    """The room's decisions, the latest first, for staff; of one participant if named."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    whom = ParticipantId(participant) if participant else None
    name, tenant = f"audit {seen.key.room}", seen.key.tenant
    page = await audit(parts.pool, seen.key, number_of(parts, name, tenant, cursor), limit, whom)
    following = None if page.cursor is None else cursor_of(parts, name, tenant, (page.cursor,))
    return Trail(page.audit, following)


ROUTES = [list_audit]
