"""The REST resource: one's own logins. Which browsers are signed in; ending one, or all."""

from typing import Annotated

from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT
from msgspec import Struct

from edge.auth import Caller, HttpRequest, ended_cookies, parts_of, require_csrf
from edge.http.arrivals import NO_STORE, note
from edge.http.paging import CURSOR_CHARS_MAX, after, next_cursor
from edge.logins import Known, Stolen, close_login, end_logins, known_logins, stolen_logins
from edge.problems import not_found
from edge.queries import sql
from schemas.ids import LoginId
from schemas.limits import PAGE_ROWS_MAX


class Logins(Struct, frozen=True):
    """The logins that still work, the latest first, and those that were ended as stolen."""

    logins: tuple[Known, ...]
    stolen: tuple[Stolen, ...]
    cursor: str | None


class Ended(Struct, frozen=True):
    """How many logins ended."""

    ended: int


class Everywhere(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether this login stays."""

    but_here: bool = False


@get("/logins")
async def list_logins(
    request: HttpRequest,
    access: Caller,
    *,
    cursor: Annotated[str | None, QueryParameter(max_length=CURSOR_CHARS_MAX)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_ROWS_MAX)] = 50,
) -> Logins:
    """Where one is signed in."""
    pool, now = parts_of(request).pool, parts_of(request).clock()
    rows = await known_logins(pool, access.person.id, access.login, now, after=after(cursor), limit=limit + 1)
    return Logins(rows[:limit], await stolen_logins(pool, access.person.id), next_cursor(rows, limit))


@delete("/logins/{login:str}", status_code=HTTP_204_NO_CONTENT, guards=[require_csrf])
async def end_login(request: HttpRequest, access: Caller, login: FromPath[str]) -> None:
    """Ends one of one's own logins; its sockets close on every edge."""
    parts = parts_of(request)
    if await parts.pool.fetchval(sql("own_login"), login, access.person.id) is None:
        raise not_found()
    await close_login(parts.pool, LoginId(login), "ended_by_owner", parts.clock())
    parts.revocations.add(LoginId(login))
    await note(request, access, "login.ended", about=login)


@post("/logout/everywhere", status_code=HTTP_200_OK, guards=[require_csrf])
async def sign_out_everywhere(
    request: HttpRequest, access: Caller, data: JSONBody[Everywhere | None] = None
) -> Response[Ended]:
    """Ends all of one's logins, or all but this one."""
    parts = parts_of(request)
    stays = access.login if data is not None and data.but_here else None
    async with parts.pool.acquire() as connection, connection.transaction():
        ended = await end_logins(
            connection, access.person.id, "signed_out_everywhere", parts.clock(), but=stays
        )
    if stays is None and access.login not in ended:  # A guest has this one only.
        await close_login(parts.pool, access.login, "signed_out_everywhere", parts.clock())
        ended.append(access.login)
    for login in ended:
        parts.revocations.add(login)
    await note(request, access, "login.ended_everywhere")
    cookies = ended_cookies(parts.site) if stays is None else []
    return Response(Ended(len(ended)), cookies=cookies, headers=NO_STORE)


@post("/logins/stolen/seen", status_code=HTTP_200_OK, guards=[require_csrf])
async def have_seen_stolen(request: HttpRequest, access: Caller) -> Response[dict[str, str]]:
    """Says that one knows of the logins that were ended as stolen: they are not told any more."""
    parts = parts_of(request)
    await parts.pool.execute(sql("tell_stolen_logins"), access.person.id, parts.clock())
    return Response({}, headers=NO_STORE)


ROUTES = [list_logins, end_login, sign_out_everywhere, have_seen_stolen]
