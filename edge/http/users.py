"""The REST resource: users of the asker's tenant, for its administrators."""

from typing import Annotated

from litestar import Response, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED
from msgspec import Meta, Struct

from edge.asking import Answer, once
from edge.auth import Caller, HttpRequest, require_csrf
from edge.http.arrivals import administrator, note
from edge.http.paging import CURSOR_CHARS_MAX, after, next_cursor
from edge.identity import canonical
from edge.letters import addressee, write_letter
from edge.logins import end_logins
from edge.parts import Parts
from edge.problems import Problem, malformed, not_found
from edge.queries import sql
from edge.tokens import Access
from schemas.commands.common import Name
from schemas.envelope import Capability
from schemas.ids import CommandId, derived_id
from schemas.limits import PAGE_ROWS_MAX

Email = Annotated[str, Meta(min_length=3, max_length=254, pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$")]


class User(Struct, frozen=True):
    """A user as administrators see them; times in Unix ms."""

    id: str
    email: str
    display_name: str
    capabilities: tuple[Capability, ...]
    created_at: int
    disabled_at: int | None
    email_verified: bool
    has_password: bool


class Users(Struct, frozen=True):
    """Users, the latest first; ``cursor`` asks for the next page and is None after the last."""

    users: tuple[User, ...]
    cursor: str | None


class NewUser(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to have an account; ``invite`` sends the letter by which they choose their password."""

    email: Email
    display_name: Name
    capabilities: tuple[Capability, ...] = ("learn",)
    invite: bool = True


class UserChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different."""

    display_name: Name | None = None
    capabilities: tuple[Capability, ...] | None = None


@get("/users")
async def list_users(
    request: HttpRequest,
    access: Caller,
    *,
    cursor: Annotated[str | None, QueryParameter(max_length=CURSOR_CHARS_MAX)] = None,
    search: Annotated[str | None, QueryParameter(min_length=1, max_length=100)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_ROWS_MAX)] = 50,
) -> Users:
    """The users of the school; those whose name or address has these letters."""
    parts = administrator(request, access)
    at, id_ = after(cursor) or (None, None)
    rows = await parts.pool.fetch(sql("users"), access.person.tenant, at, id_, _pattern(search), limit + 1)
    found = tuple(User(**dict(row)) for row in rows)
    return Users(found[:limit], next_cursor(found, limit))


def _pattern(search: str | None) -> str | None:
    if search is None:
        return None
    escaped = search.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


@get("/users/{user:str}")
async def get_user(request: HttpRequest, access: Caller, user: FromPath[str]) -> User:
    """One of them."""
    return await _find(administrator(request, access), access, user)


@post("/users", guards=[require_csrf])
async def create_user(request: HttpRequest, access: Caller, data: JSONBody[NewUser]) -> Response[User]:
    """Makes an account and, unless told otherwise, invites its owner."""
    parts = administrator(request, access)
    if not data.display_name.strip():
        raise malformed("A name is needed.")

    async def act(command_id: CommandId) -> Answer:
        user = derived_id("u", access.person.tenant, access.person.id, command_id)
        made = await parts.pool.fetchval(
            sql("add_person"),
            user,
            access.person.tenant,
            canonical(data.email),
            data.display_name.strip(),
            sorted(set(data.capabilities)),
            parts.clock(),
            None,
        )
        if made is None:
            known = await parts.pool.fetchrow(sql("user"), access.person.tenant, user)
            if known is None:
                raise Problem(409, "email_taken", "There is an account with this address.")
        await note(request, access, "user.created", about=user, email=data.email)
        if data.invite:
            await _invite(request, parts, access, user)
        return Answer(201, await _find(parts, access, user))

    return await once(request, act)


@patch("/users/{user:str}", guards=[require_csrf])
async def change_user(
    request: HttpRequest, access: Caller, user: FromPath[str], data: JSONBody[UserChange]
) -> User:
    """Changes name or capabilities. Who loses a capability is signed out: their tokens say the old ones."""
    parts = administrator(request, access)
    before = await _find(parts, access, user)
    if data.display_name is not None and not data.display_name.strip():
        raise malformed("A name is needed.")
    name = data.display_name.strip() if data.display_name is not None else None
    lost = set(before.capabilities) - set(data.capabilities) if data.capabilities is not None else set()
    capabilities = sorted(set(data.capabilities)) if data.capabilities is not None else None
    async with parts.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(sql("lock_administrators"), access.person.tenant)
        if "administer" in lost:
            _check_another([row["id"] for row in rows], user)
        await connection.execute(sql("change_person"), access.person.tenant, user, name, capabilities)
        ended = await end_logins(connection, user, "capabilities_changed", parts.clock()) if lost else []
    for login in ended:
        parts.revocations.add(login)
    await note(request, access, "user.changed", about=user)
    return await _find(parts, access, user)


@post("/users/{user:str}/disable", status_code=HTTP_200_OK, guards=[require_csrf])
async def disable_user(request: HttpRequest, access: Caller, user: FromPath[str]) -> User:
    """Shuts a user out: no new login, and the present ones end on every edge."""
    parts = administrator(request, access)
    await _find(parts, access, user)
    async with parts.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(sql("lock_administrators"), access.person.tenant)
        _check_another([row["id"] for row in rows], user)
        await connection.execute(sql("disable_person"), user, parts.clock())
        ended = await end_logins(connection, user, "disabled", parts.clock())
    for login in ended:
        parts.revocations.add(login)
    await note(request, access, "user.disabled", about=user)
    return await _find(parts, access, user)


@post("/users/{user:str}/enable", status_code=HTTP_200_OK, guards=[require_csrf])
async def enable_user(request: HttpRequest, access: Caller, user: FromPath[str]) -> User:
    """Lets a user in again."""
    parts = administrator(request, access)
    await _find(parts, access, user)
    await parts.pool.execute(sql("enable_person"), access.person.tenant, user)
    await note(request, access, "user.enabled", about=user)
    return await _find(parts, access, user)


@post("/users/{user:str}/invitation", status_code=HTTP_202_ACCEPTED, guards=[require_csrf])
async def invite_user(request: HttpRequest, access: Caller, user: FromPath[str]) -> User:
    """Sends the letter by which a user chooses a password."""
    parts = administrator(request, access)
    found = await _find(parts, access, user)
    if found.disabled_at is not None:
        raise Problem(409, "user_disabled", "This user is disabled. Enable them first.")
    await _invite(request, parts, access, user)
    return found


async def _invite(request: HttpRequest, parts: Parts, access: Access, user: str) -> None:
    row = await parts.pool.fetchrow(sql("person_with_id"), user)
    assert row is not None, "it was found before, and users are not deleted"
    mail = await write_letter(parts.pool, addressee(row), "invite", parts.site.origin, parts.clock())
    if mail is None or not parts.mail.has_room():
        raise Problem(409, "limit_reached", "This user has invitations that were not answered yet.")
    parts.mail.put(mail)
    await note(request, access, "user.invited", about=user)


async def _find(parts: Parts, access: Access, user: str) -> User:
    row = await parts.pool.fetchrow(sql("user"), access.person.tenant, user)
    if row is None:
        raise not_found()
    return User(**dict(row))


def _check_another(administrators: list[str], user: str) -> None:
    """A school without administrator could not be helped by anybody but the operator."""
    if administrators == [user]:
        raise Problem(409, "last_administrator", "This is the school's last administrator.")


ROUTES = [list_users, get_user, create_user, change_user, disable_user, enable_user, invite_user]
