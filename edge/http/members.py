"""Who has a lasting role in a room: for its staff, who may name accounts."""

from litestar import get
from litestar.params import FromPath
from msgspec import Struct

from edge.auth import Caller, HttpRequest, parts_of
from edge.http.access import see
from edge.queries import sql
from projectors.reads import members as reads
from schemas.ids import UserId
from schemas.media import Role


class Member(Struct, frozen=True):
    """A user's lasting role in the room, and the name of their account."""

    user: UserId
    display_name: str
    role: Role
    custom_role: str
    since: int


class Members(Struct, frozen=True):
    """The longest first; the owner hosts without being named here."""

    members: tuple[Member, ...]


@get("/rooms/{room:str}/members")
async def list_members(request: HttpRequest, access: Caller, room: FromPath[str]) -> Members:
    """The lasting roles of a room."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    rows = await reads.members(parts.pool, seen.key)
    found = await parts.pool.fetch(sql("names"), seen.key.tenant, [row.person for row in rows])
    names: dict[str, str] = {row["id"]: row["display_name"] for row in found}
    return Members(
        tuple(
            Member(row.person, names.get(row.person, ""), row.role, row.custom_role, row.since)
            for row in rows
        )
    )


ROUTES = [list_members]
