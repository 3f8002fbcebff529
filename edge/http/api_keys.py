"""The REST resource: API keys of the asker's tenant, for its administrators. No key makes keys."""

from typing import Annotated

from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_204_NO_CONTENT
from msgspec import Meta, Struct

from edge.api_keys import PREFIX, ApiKey, Scope
from edge.asking import Answer, once
from edge.auth import Caller, HttpRequest, require_csrf
from edge.http.arrivals import administrator, note
from edge.http.paging import CURSOR_CHARS_MAX, after, next_cursor
from edge.identity import secret_hash
from edge.logins import notify_revoked
from edge.problems import Problem, not_found
from edge.queries import sql
from edge.tokens import derive_secret
from schemas.ids import CommandId, LoginId, derived_id
from schemas.limits import API_KEY_S, API_KEY_S_MAX, API_KEYS_PER_TENANT_MAX, PAGE_ROWS_MAX, TITLE_CHARS_MAX


class NewApiKey(Struct, frozen=True, forbid_unknown_fields=True):
    """What a key is for, what it may, and for how long."""

    title: Annotated[str, Meta(min_length=1, max_length=TITLE_CHARS_MAX)]
    scopes: Annotated[tuple[Scope, ...], Meta(min_length=1, max_length=20)]
    expires_in_s: Annotated[int, Meta(ge=60, le=API_KEY_S_MAX)] = API_KEY_S


class ApiKeyMade(Struct, frozen=True):
    """A key; ``key``, its text, is told this once."""

    api_key: ApiKey
    key: str


class ApiKeys(Struct, frozen=True):
    """The keys that work, the latest first; ``cursor`` asks for the next page and is None after the last."""

    api_keys: tuple[ApiKey, ...]
    cursor: str | None


@get("/api-keys")
async def list_api_keys(
    request: HttpRequest,
    access: Caller,
    *,
    cursor: Annotated[str | None, QueryParameter(max_length=CURSOR_CHARS_MAX)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_ROWS_MAX)] = 50,
) -> ApiKeys:
    """The keys of the school."""
    parts = administrator(request, access)
    at, id_ = after(cursor) or (None, None)
    rows = await parts.pool.fetch(sql("api_keys"), access.person.tenant, parts.clock(), at, id_, limit + 1)
    found = tuple(ApiKey(**dict(row)) for row in rows)
    return ApiKeys(found[:limit], next_cursor(found, limit))


@post("/api-keys", guards=[require_csrf])
async def create_api_key(
    request: HttpRequest, access: Caller, data: JSONBody[NewApiKey]
) -> Response[ApiKeyMade]:
    """Makes a key."""
    parts = administrator(request, access)

    async def act(command_id: CommandId) -> Answer:
        cause = (access.person.tenant, access.person.id, command_id)
        key, text = derived_id("k", *cause), PREFIX + derive_secret(parts.ring, "api-key", *cause)
        now, scopes = parts.clock(), tuple(sorted(set(data.scopes)))
        async with parts.pool.acquire() as connection, connection.transaction():
            await connection.execute(sql("lock_tenant"), access.person.tenant)
            count = await connection.fetchval(sql("count_api_keys"), access.person.tenant, now)
            if count >= API_KEYS_PER_TENANT_MAX:
                raise Problem(409, "limit_reached", "There are too many API keys. Revoke one first.")
            row = await connection.fetchrow(
                sql("add_api_key"),
                key,
                secret_hash(text),
                access.person.tenant,
                data.title,
                list(scopes),
                access.person.id,
                now,
                now + data.expires_in_s * 1000,
            )
        assert row is not None, "the statement returns the row it wrote"
        made = ApiKey(key, data.title, scopes, access.person.id, row["created_at"], row["expires_at"], None)
        await note(request, access, "api_key.created", about=key)
        return Answer(201, ApiKeyMade(made, text))

    return await once(request, act)


@delete("/api-keys/{key:str}", status_code=HTTP_204_NO_CONTENT, guards=[require_csrf])
async def revoke_api_key(request: HttpRequest, access: Caller, key: FromPath[str]) -> None:
    """Ends a key at once, on every edge, with its sockets."""
    parts = administrator(request, access)
    async with parts.pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(sql("revoke_api_key"), access.person.tenant, key, parts.clock()) is None:
            raise not_found()
        await notify_revoked(connection, LoginId(key))
    parts.revocations.add(LoginId(key))
    await note(request, access, "api_key.revoked", about=key)


ROUTES = [list_api_keys, create_api_key, revoke_api_key]
