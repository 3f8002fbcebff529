"""The REST resource: boards. What is on a page; how a browser puts it together with events that it
gets at the same time says ``schemas.view.boards``."""

from litestar import Response, get
from litestar.params import FromPath

from edge.auth import Caller, HttpRequest, parts_of
from edge.http.access import see
from edge.problems import not_found
from projectors.reads import boards as reads
from rooms.drawing import page_of
from schemas.ids import BoardId, PageId


@get("/rooms/{room:str}/boards/{board:str}/pages/{page:str}")
async def get_page(
    request: HttpRequest, access: Caller, room: FromPath[str], board: FromPath[str], page: FromPath[str]
) -> Response[reads.PageRow]:
    """Everything on a page of a board, or of slides, after the event ``seq``."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    known = seen.state.boards.boards.get(BoardId(board))
    if known is None or page_of(known, PageId(page)) is None:
        raise not_found()
    row = await reads.page(parts.pool, seen.key, BoardId(board), PageId(page))
    return Response(row or reads.PageRow(0, 0, ()), headers={"Cache-Control": "no-store"})


ROUTES = [get_page]
