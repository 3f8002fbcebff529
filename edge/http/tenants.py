"""The REST resource: tenants. Everybody sees one, their own; its administrators change it."""

from typing import Annotated

from litestar import get, patch
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from edge.auth import Caller, HttpRequest, parts_of, require_csrf
from edge.http.arrivals import administrator, note
from edge.parts import Parts
from edge.problems import malformed, not_found
from edge.queries import sql
from edge.tokens import Access
from schemas.limits import TITLE_CHARS_MAX


class Tenant(Struct, frozen=True):
    """A school. Its domains are given by the operator, who has seen that they are the school's."""

    id: str
    title: str
    created_at: int
    domains: tuple[str, ...]


class Tenants(Struct, frozen=True):
    """The asker's own; ``cursor`` is as in other lists, and always None."""

    tenants: tuple[Tenant, ...]
    cursor: str | None = None


class TenantChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different."""

    title: Annotated[str, Meta(min_length=1, max_length=TITLE_CHARS_MAX)]


@get("/tenants")
async def list_tenants(request: HttpRequest, access: Caller) -> Tenants:
    """The tenants that the asker belongs to: one."""
    return Tenants((await _find(parts_of(request), access),))


@get("/tenants/{tenant:str}")
async def get_tenant(request: HttpRequest, access: Caller, tenant: FromPath[str]) -> Tenant:
    """The asker's own; any other looks like none."""
    return await _find(parts_of(request), access, tenant)


@patch("/tenants/{tenant:str}", guards=[require_csrf])
async def change_tenant(
    request: HttpRequest, access: Caller, tenant: FromPath[str], data: JSONBody[TenantChange]
) -> Tenant:
    """Changes the school's name."""
    parts = parts_of(request)
    await _find(parts, access, tenant)
    administrator(request, access)
    if not data.title.strip():
        raise malformed("A title is needed.")
    await parts.pool.execute(sql("rename_tenant"), tenant, data.title.strip())
    await note(request, access, "tenant.changed", about=tenant)
    return await _find(parts, access, tenant)


async def _find(parts: Parts, access: Access, tenant: str | None = None) -> Tenant:
    if tenant is not None and tenant != access.person.tenant:
        raise not_found()
    row = await parts.pool.fetchrow(sql("tenant"), access.person.tenant)
    if row is None:
        raise not_found()
    return Tenant(**dict(row))


ROUTES = [list_tenants, get_tenant, change_tenant]
