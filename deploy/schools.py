"""What only the operator does about schools: making them, giving them domains, changing signing keys.

A domain decides whose people a sign-in server may speak for, so no school takes one by itself.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from edge import identity
from edge.clock import now_ms
from edge.keys import Keys
from edge.queries import sql
from edge.tokens import load_ring
from schemas.ids import TOKEN_PATTERN, TenantId
from schemas.settings import Settings, SettingsError

_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")


class School(Struct, frozen=True):
    """What is to be there: the school, its domains, and perhaps an administrator."""

    tenant: str
    title: str
    domains: Sequence[str] = ()
    administrator: str = ""


async def make(settings: Settings, school: School) -> str | None:
    """Makes what is missing; returns a sign-in link for the administrator. ``settings`` are the edge's.

    Raises SettingsError for what cannot be, IdentityError for an address that is another school's.
    """
    tenant = TenantId(school.tenant)
    if not re.match(TOKEN_PATTERN, tenant):
        raise SettingsError(f"{school.tenant!r} is no name of a tenant: letters, digits, - and _.")
    domains = [domain.strip().casefold() for domain in school.domains]
    for domain in domains:
        if not _DOMAIN.fullmatch(domain):
            raise SettingsError(f"{domain!r} is no domain, such as school.example.")
    async with identity.open_pool(settings.postgres, connections_max=2) as pool:
        await identity.ensure_tenant(pool, tenant, school.title)
        for domain in domains:
            if await pool.fetchval(sql("add_tenant_domain"), domain, tenant, now_ms()) is None:
                raise SettingsError(f"{domain} is another school's.")
        if not school.administrator:
            return None
        person = await identity.ensure_user(
            pool,
            tenant,
            email=school.administrator,
            display_name=school.administrator.partition("@")[0],
            capabilities=("administer", "teach"),
        )
        token = await identity.create_sign_in_link(pool, person.id)
    return f"{settings.public_url}/signin#token={token}"


async def rotate_keys(settings: Settings) -> str:
    """Announces a fresh signing key to all edges and returns its name. Nobody is signed out."""
    async with identity.open_pool(settings.postgres, connections_max=2) as pool:
        return await Keys(load_ring(Path(settings.secret_file), now_ms()), pool, now_ms).rotate()
