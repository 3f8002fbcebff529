"""The REST resource: studio. What was on stage when, and the shared notes as text."""

from typing import Annotated

from litestar import Response, get
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from edge.auth import Caller, HttpRequest, parts_of
from edge.http.access import see
from projectors.reads import notes, studio
from rooms.notes import in_order
from schemas.ids import SessionId
from schemas.limits import EXACT_INTEGER_MAX, PAGE_ROWS_MAX


class Stage(Struct, frozen=True):
    """The course of a class's stage; the next page is after the last ``seq``."""

    stage: tuple[studio.StageRow, ...]


class Texts(Struct, frozen=True):
    """The notes of a room, the latest first; ``generation`` is the present one."""

    generation: int
    texts: tuple[notes.TextRow, ...]


@get("/rooms/{room:str}/sessions/{session:str}/stage")
async def list_stage(
    request: HttpRequest,
    access: Caller,
    room: FromPath[str],
    session: FromPath[str],
    *,
    after: Annotated[int | None, QueryParameter(ge=0, le=EXACT_INTEGER_MAX)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_ROWS_MAX)] = PAGE_ROWS_MAX,
) -> Stage:
    """What was before everybody's eyes when."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    return Stage(await studio.stage(parts.pool, seen.key, SessionId(session), after, limit))


@get("/rooms/{room:str}/notes")
async def list_notes(request: HttpRequest, access: Caller, room: FromPath[str]) -> Texts:
    """The texts that were written in the room, each until it was cleared."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    return Texts(seen.state.notes.generation, await notes.texts(parts.pool, seen.key, PAGE_ROWS_MAX))


@get("/rooms/{room:str}/notes/{generation:int}/text")
async def export_notes(
    request: HttpRequest, access: Caller, room: FromPath[str], generation: FromPath[int]
) -> Response[str]:
    """One text, a line per paragraph; the present one from the log, so that nothing is missing."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    now = seen.state.notes
    if generation == now.generation:
        paragraphs = tuple(p.text for p in in_order(now))
    else:
        paragraphs = await notes.text(parts.pool, seen.key, generation)
    text = "".join(f"{paragraph}\n" for paragraph in paragraphs)
    name = f'attachment; filename="notes-{generation}.txt"'
    headers = {"Cache-Control": "no-store", "Content-Disposition": name}
    return Response(text, media_type="text/plain", headers=headers)


ROUTES = [list_stage, list_notes, export_notes]
