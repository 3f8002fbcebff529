"""Guest links of a room: making, listing, ending. Only staff of the room may."""

from typing import Annotated

from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_204_NO_CONTENT
from msgspec import Meta, Struct

from edge.asking import Answer, once
from edge.auth import Caller, HttpRequest, parts_of, require_csrf
from edge.guests import GuestLink, add_guest_link, guest_links, revoke_guest_link
from edge.http.access import see
from edge.problems import Problem, not_found
from edge.tokens import derive_secret
from schemas.ids import CommandId, derived_id
from schemas.limits import GUEST_LINK_S, GUEST_LINK_S_MAX, PASSCODE_CHARS_MAX, PASSCODE_CHARS_MIN


class NewGuestLink(Struct, frozen=True, forbid_unknown_fields=True):
    """How long and how often a link works, the passcode that it asks for, and whether it ``admits``
    past the lobby."""

    expires_in_s: Annotated[int, Meta(ge=60, le=GUEST_LINK_S_MAX)] = GUEST_LINK_S
    max_uses: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    passcode: Annotated[str, Meta(min_length=PASSCODE_CHARS_MIN, max_length=PASSCODE_CHARS_MAX)] | None = None
    admits: bool = False


class GuestLinkMade(Struct, frozen=True):
    """A link; its address is told this once."""

    id: str
    url: str
    expires_at: int
    max_uses: int | None
    has_passcode: bool
    admits: bool


class GuestLinks(Struct, frozen=True):
    """The links that still work, newest first."""

    links: tuple[GuestLink, ...]


@get("/rooms/{room:str}/guest-links")
async def list_guest_links(request: HttpRequest, access: Caller, room: FromPath[str]) -> GuestLinks:
    """The links of a room."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    return GuestLinks(await guest_links(parts.pool, seen.key, parts.clock()))


@post("/rooms/{room:str}/guest-links", guards=[require_csrf])
async def create_guest_link(
    request: HttpRequest, access: Caller, room: FromPath[str], data: JSONBody[NewGuestLink | None] = None
) -> Response[GuestLinkMade]:
    """Makes a link. The token stands behind ``#``, where no server and no log sees it."""
    parts, wish = parts_of(request), data or NewGuestLink()
    seen = await see(parts, access, room)
    seen.require_staff()

    async def act(command_id: CommandId) -> Answer:
        token = derive_secret(parts.ring, "guest-link", str(seen.key), access.person.id, command_id)
        link, now = derived_id("gl", str(seen.key), access.person.id, command_id), parts.clock()
        hashed = await parts.passwords.hash(wish.passcode) if wish.passcode is not None else None
        expires_at = await add_guest_link(
            parts.pool,
            seen.key,
            link=link,
            token=token,
            created_by=access.person.id,
            now=now,
            expires_at=now + wish.expires_in_s * 1000,
            max_uses=wish.max_uses,
            passcode_hash=hashed,
            admits=wish.admits,
        )
        if expires_at is None:
            raise Problem(409, "limit_reached", "This room has too many guest links. End one first.")
        url = f"{parts.site.origin}/r/{seen.key.room}#guest={token}"
        made = GuestLinkMade(link, url, expires_at, wish.max_uses, hashed is not None, wish.admits)
        return Answer(201, made)

    return await once(request, act)


@delete("/rooms/{room:str}/guest-links/{link:str}", status_code=HTTP_204_NO_CONTENT, guards=[require_csrf])
async def end_guest_link(
    request: HttpRequest, access: Caller, room: FromPath[str], link: FromPath[str]
) -> None:
    """Ends a link; who came in by it is signed out."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    if not await revoke_guest_link(parts.pool, seen.key, link, parts.clock()):
        raise not_found()


ROUTES = [list_guest_links, create_guest_link, end_guest_link]
