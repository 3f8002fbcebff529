"""Chat messages that are no longer in the live view."""

from typing import Annotated, Any

from litestar import Request, get
from litestar.params import Parameter
from msgspec import Struct

from edge.auth import parts_of
from edge.http.access import see
from edge.tokens import Access
from projectors import reads
from schemas.limits import PAGE_ROWS_MAX


class Messages(Struct, frozen=True):
    """Messages in order of seq."""

    messages: tuple[reads.MessageRow, ...]


@get("/rooms/{room:str}/messages")
async def list_messages(
    request: Request[Any, Any, Any],
    access: Access,
    room: str,
    before: Annotated[int | None, Parameter(ge=1)] = None,
    limit: Annotated[int, Parameter(ge=1, le=PAGE_ROWS_MAX)] = 50,
) -> Messages:
    """The last messages before a seq."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    return Messages(await reads.messages(parts.pool, seen.key, before, limit))


ROUTES = [list_messages]
