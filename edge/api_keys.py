"""Keys for machines: ``Authorization: Bearer cw_…`` instead of a browser's cookies.

A key acts for the school as a whole, as an administrator would, but only as far as its scopes go: each
scope opens a family of routes to reading or to writing (``scope_of``), and a route that no family names
is closed to keys. So no key makes keys, reads logins, or changes a password. Kept is its hash; it is shown
once, ends by itself, and is refused on every edge from the moment that it is revoked. A browser never sends
one by itself, so nothing of CSRF is asked of it.
"""

import secrets
from typing import Literal, get_args

import asyncpg
from msgspec import Struct

from edge.identity import Person, secret_hash
from edge.queries import sql
from schemas.ids import LoginId, TenantId
from schemas.limits import API_KEY_USE_S

PREFIX = "cw_"
"""So that scanners of leaked secrets know one when they see it."""

Scope = Literal[
    "rooms:read",
    "rooms:write",
    "users:read",
    "users:write",
    "tenant:read",
    "tenant:write",
    "webhooks:read",
    "webhooks:write",
    "live",
]

# The first word of a path under /api/v1, and the family of scopes that opens it.
_FAMILIES = {
    "attendance": "rooms",
    "courses": "rooms",
    "enrolments": "rooms",
    "recordings": "rooms",
    "rooms": "rooms",
    "sessions": "rooms",
    "timetable": "rooms",
    "users": "users",
    "policy": "tenant",
    "tenants": "tenant",
    "usage": "tenant",
    "audit": "tenant",
    "webhooks": "webhooks",
}
_API = "/api/v1/"


class ApiKey(Struct, frozen=True):
    """A key as administrators see it: its text was shown once."""

    id: str
    title: str
    scopes: tuple[Scope, ...]
    created_by: str
    created_at: int
    expires_at: int
    used_at: int | None


class Machine(Struct, frozen=True):
    """Who asks by a key, and what for it may."""

    person: Person
    login: LoginId
    scopes: frozenset[str]
    expires_at: int


def scope_of(path: str, method: str | None) -> Scope | None:
    """The scope that a request by key needs; None: no key may. Without a method it is a socket."""
    if not path.startswith(_API):
        return None
    if method is None:
        return "live"
    family = _FAMILIES.get(path.removeprefix(_API).partition("/")[0])
    if family is None:
        return None
    needed = f"{family}:{'read' if method in ('GET', 'HEAD', 'OPTIONS') else 'write'}"
    return next((scope for scope in get_args(Scope) if scope == needed), None)


def new_text() -> str:
    """A fresh key."""
    return PREFIX + secrets.token_urlsafe(32)


async def find_machine(pool: asyncpg.Pool, text: str, now: int) -> Machine | None:
    """Whom a key names, if it works. Its last use is noted, to the minute."""
    row = await pool.fetchrow(sql("find_api_key"), secret_hash(text), now)
    if row is None:
        return None
    if row["used_at"] is None or now - row["used_at"] > API_KEY_USE_S * 1000:
        await pool.execute(sql("use_api_key"), row["id"], now)
    person = Person("user", row["id"], TenantId(row["tenant"]), row["title"], ("administer",))
    return Machine(person, LoginId(row["id"]), frozenset(row["scopes"]), row["expires_at"])
