"""Chat messages that are no longer in the live view, and how often each reaction was shown."""

from typing import Annotated

from litestar import get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from edge.auth import Caller, HttpRequest, parts_of
from edge.cursors import Before
from edge.http.access import see
from projectors.reads import chat, floor
from schemas.envelope import STAFF
from schemas.ids import SessionId, participant_id
from schemas.limits import PAGE_ROWS_MAX


class Messages(Struct, frozen=True):
    """Messages in order of seq."""

    messages: tuple[chat.MessageRow, ...]


class Reactions(Struct, frozen=True):
    """Reactions in a class, the most frequent first."""

    reactions: tuple[chat.ReactionRow, ...]


@get("/rooms/{room:str}/messages")
async def list_messages(
    request: HttpRequest,
    access: Caller,
    room: FromPath[str],
    before: Before = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_ROWS_MAX)] = 50,
) -> Messages:
    """The last messages before a seq that the asker may read: to everyone, from or to the asker, and
    for staff also those to staff and those that are held. A private one of others is nobody's."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    reader = participant_id(seen.key, access.person.id)
    rows = await chat.messages(
        parts.pool, seen.key, before, limit, reader=reader, is_staff=seen.role in STAFF
    )
    return Messages(rows)


@get("/rooms/{room:str}/sessions/{session:str}/reactions")
async def list_reactions(
    request: HttpRequest, access: Caller, room: FromPath[str], session: FromPath[str]
) -> Reactions:
    """How often each reaction was shown in a class."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    return Reactions(await floor.reactions(parts.pool, seen.key, SessionId(session)))


ROUTES = [list_messages, list_reactions]
