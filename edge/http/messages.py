"""Chat messages that are no longer in the live view."""

from typing import Annotated

from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from edge.auth import Caller, HttpRequest, parts_of
from edge.http.access import see
from projectors import reads
from schemas.limits import PAGE_ROWS_MAX


class Messages(Struct, frozen=True):
    """Messages in order of seq."""

    messages: tuple[reads.MessageRow, ...]


@get("/rooms/{room:str}/messages")
async def list_messages(
    request: HttpRequest,
    access: Caller,
    room: FromPath[str],
    before: Annotated[int | None, QueryParameter(ge=1)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_ROWS_MAX)] = 50,
) -> Messages:
    """The last messages before a seq."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    return Messages(await reads.messages(parts.pool, seen.key, before, limit))


ROUTES = [list_messages]
