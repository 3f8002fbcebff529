"""The REST resource: sign-in servers of the asker's tenant, for its administrators."""

from typing import Annotated, Literal

import asyncpg
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_204_NO_CONTENT
from msgspec import UNSET, Meta, Struct, UnsetType

from edge.asking import Answer, once
from edge.auth import Caller, HttpRequest, require_csrf
from edge.http.arrivals import administrator, note
from edge.http.paging import CURSOR_CHARS_MAX, after, next_cursor
from edge.parts import Parts
from edge.problems import Problem, malformed, not_found
from edge.queries import sql
from edge.tokens import Access, seal
from schemas.ids import CommandId, derived_id
from schemas.limits import (
    PAGE_ROWS_MAX,
    PROVIDER_DOMAINS_MAX,
    PROVIDERS_PER_TENANT_MAX,
    TITLE_CHARS_MAX,
    URL_CHARS_MAX,
)
from schemas.webhooks import read_url

Title = Annotated[str, Meta(min_length=1, max_length=TITLE_CHARS_MAX)]
Domains = Annotated[tuple[Annotated[str, Meta(max_length=253)], ...], Meta(max_length=PROVIDER_DOMAINS_MAX)]
ClientId = Annotated[str, Meta(min_length=1, max_length=500)]
Secret = Annotated[str, Meta(min_length=1, max_length=1_000)]
Default = Literal["learn", "teach"]
"""What somebody may who comes for the first time. Administrators are made by administrators."""


class SignInServer(Struct, frozen=True):
    """An OpenID Connect provider; its secret is never shown. ``domains`` lead to it."""

    id: str
    title: str
    issuer: str
    client_id: str
    is_trusted: bool
    default_capability: Default | None
    domains: tuple[str, ...]
    created_by: str
    created_at: int
    return_address: str


class SignInServers(Struct, frozen=True):
    """Providers, the latest first; ``cursor`` asks for the next page and is None after the last."""

    providers: tuple[SignInServer, ...]
    cursor: str | None


class NewProvider(Struct, frozen=True, forbid_unknown_fields=True):
    """A provider. One that ``is_trusted`` may say, of addresses in the school's own domains, whose account
    they are; others only lead to accounts that were made by them."""

    title: Title
    issuer: Annotated[str, Meta(max_length=URL_CHARS_MAX)]
    client_id: ClientId
    client_secret: Secret
    domains: Domains = ()
    is_trusted: bool = False
    default_capability: Default | None = None


class ProviderChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different. The issuer stays: another one is another provider."""

    title: Title | None = None
    client_id: ClientId | None = None
    client_secret: Secret | None = None
    domains: Domains | None = None
    is_trusted: bool | None = None
    default_capability: Default | UnsetType | None = UNSET


@get("/providers")
async def list_providers(
    request: HttpRequest,
    access: Caller,
    *,
    cursor: Annotated[str | None, QueryParameter(max_length=CURSOR_CHARS_MAX)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_ROWS_MAX)] = 50,
) -> SignInServers:
    """The school's sign-in servers."""
    parts = administrator(request, access)
    at, id_ = after(cursor) or (None, None)
    rows = await parts.pool.fetch(sql("providers"), access.person.tenant, None, at, id_, limit + 1)
    found = tuple(_read(parts, row) for row in rows)
    return SignInServers(found[:limit], next_cursor(found, limit))


@get("/providers/{provider:str}")
async def get_provider(request: HttpRequest, access: Caller, provider: FromPath[str]) -> SignInServer:
    """One of them."""
    return await _find(administrator(request, access), access, provider)


@post("/providers", guards=[require_csrf])
async def create_provider(
    request: HttpRequest, access: Caller, data: JSONBody[NewProvider]
) -> Response[SignInServer]:
    """Adds one; domains that led elsewhere lead to it from now on."""
    parts = administrator(request, access)
    try:
        read_url(data.issuer, parts.providers.networks)
    except ValueError as error:
        raise Problem(422, "provider_address", str(error)) from error

    async def act(command_id: CommandId) -> Answer:
        provider = derived_id("op", access.person.tenant, access.person.id, command_id)
        async with parts.pool.acquire() as connection, connection.transaction():
            await connection.execute(sql("lock_tenant"), access.person.tenant)
            if (
                await connection.fetchval(sql("count_providers"), access.person.tenant)
                >= PROVIDERS_PER_TENANT_MAX
            ):
                raise Problem(409, "limit_reached", "There are too many providers. Delete one first.")
            await connection.execute(
                sql("add_provider"),
                provider,
                access.person.tenant,
                data.title,
                data.issuer,
                data.client_id,
                seal(parts.ring, f"provider/{provider}", data.client_secret.encode()),
                data.is_trusted,
                data.default_capability,
                access.person.id,
                parts.clock(),
            )
            await _lead_domains(connection, access, provider, data.domains)
        await note(request, access, "provider.created", about=provider)
        return Answer(201, await _find(parts, access, provider))

    return await once(request, act)


@patch("/providers/{provider:str}", guards=[require_csrf])
async def change_provider(
    request: HttpRequest, access: Caller, provider: FromPath[str], data: JSONBody[ProviderChange]
) -> SignInServer:
    """Changes one."""
    parts = administrator(request, access)
    secret = data.client_secret
    sealed = seal(parts.ring, f"provider/{provider}", secret.encode()) if secret is not None else None
    has_default = not isinstance(data.default_capability, UnsetType)
    async with parts.pool.acquire() as connection, connection.transaction():
        changed = await connection.fetchval(
            sql("change_provider"),
            access.person.tenant,
            provider,
            data.title,
            data.client_id,
            sealed,
            data.is_trusted,
            has_default,
            data.default_capability if has_default else None,
        )
        if changed is None:
            raise not_found()
        if data.domains is not None:
            await _lead_domains(connection, access, provider, data.domains)
    await note(request, access, "provider.changed", about=provider)
    return await _find(parts, access, provider)


@delete("/providers/{provider:str}", status_code=HTTP_204_NO_CONTENT, guards=[require_csrf])
async def delete_provider(request: HttpRequest, access: Caller, provider: FromPath[str]) -> None:
    """Removes one; who came by it signs in otherwise from now on."""
    parts = administrator(request, access)
    if await parts.pool.fetchval(sql("delete_provider"), access.person.tenant, provider) is None:
        raise not_found()
    await note(request, access, "provider.deleted", about=provider)


async def _lead_domains(
    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
    access: Access,
    provider: str,
    domains: tuple[str, ...],
) -> None:
    wanted = {domain.strip().casefold() for domain in domains}
    rows = await connection.fetch(sql("lead_domains"), access.person.tenant, provider, list(wanted))
    if {row["domain"] for row in rows if row["provider"] == provider} != wanted:
        raise malformed("A domain is not the school's. The operator gives domains to schools.")


async def _find(parts: Parts, access: Access, provider: str) -> SignInServer:
    row = await parts.pool.fetchrow(sql("providers"), access.person.tenant, provider, None, None, 1)
    if row is None:
        raise not_found()
    return _read(parts, row)


def _read(parts: Parts, row: asyncpg.Record) -> SignInServer:
    returns_to = f"{parts.site.origin}/api/v1/login/oidc/{row['id']}/return"
    return SignInServer(**dict(row), return_address=returns_to)


ROUTES = [list_providers, get_provider, create_provider, change_provider, delete_provider]
