"""Tenants, users and their credentials, and the links that let people in.

Secrets that are handed out (sign-in links, guest links) are kept as SHA-256 only: they are long and
random, so a slow hash would add nothing. Passwords are people's own and get argon2id.
"""

import asyncio
import hashlib
import secrets
from base64 import b32encode
from collections.abc import Callable, Sequence
from typing import Literal

import asyncpg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct

from edge.clock import now_ms
from edge.migrations import migrate
from edge.queries import sql
from schemas.envelope import Capability
from schemas.ids import RoomId, TenantId, UserId
from schemas.limits import (
    PASSWORD_CHARS_MAX,
    PASSWORD_CHARS_MIN,
    PASSWORD_CHECKS_AT_ONCE_MAX,
    SIGN_IN_LINK_S,
)

__all__ = [
    "IdentityError",
    "Passwords",
    "Person",
    "canonical",
    "create_sign_in_link",
    "ensure_tenant",
    "ensure_user",
    "migrate",
    "new_id",
    "open_pool",
    "redeem_sign_in_link",
    "secret_hash",
]


class IdentityError(Exception):
    """What an operator asked of the identity tables cannot be done; the text says why."""


class Person(Struct, frozen=True):
    """Who is signed in: a user of a tenant, or a guest of one ``room``, perhaps ``admitted`` past its
    lobby."""

    kind: Literal["user", "guest"]
    id: str
    tenant: TenantId
    display_name: str
    capabilities: tuple[Capability, ...] = ()
    room: RoomId | None = None
    admitted: bool = False


def open_pool(dsn: str, *, connections_max: int = 10) -> asyncpg.Pool:
    """A pool of connections; enter it with ``async with``."""
    return asyncpg.create_pool(dsn, min_size=1, max_size=connections_max, command_timeout=10.0)


def new_id(prefix: str) -> str:
    """A random identifier, the form that ``schemas.ids`` demands."""
    return prefix + b32encode(secrets.token_bytes(10)).decode().lower()


def secret_hash(secret: str) -> bytes:
    """What is stored of a secret that was handed out."""
    return hashlib.sha256(secret.encode()).digest()


# --- tenants and users ---------------------------------------------------------------------------
async def ensure_tenant(pool: asyncpg.Pool, tenant: TenantId, title: str) -> None:
    """Makes the tenant if it is missing."""
    await pool.execute(sql("ensure_tenant"), tenant, title, now_ms())


async def ensure_user(
    pool: asyncpg.Pool,
    tenant: TenantId,
    *,
    email: str,
    display_name: str,
    capabilities: Sequence[Capability],
    password: str | None = None,
) -> Person:
    """Makes the user with this e-mail address or brings the present one up to date.

    Raises IdentityError when the address belongs to another tenant or the password is unfit.
    """
    row = await pool.fetchrow(
        sql("ensure_person"),
        new_id("u"),
        tenant,
        canonical(email),
        display_name,
        list(capabilities),
        now_ms(),
    )
    if row is None:
        raise IdentityError(f"{email} belongs to another tenant.")
    person = user_of(row)
    if password is not None:
        await set_password(pool, UserId(person.id), password)
    return person


async def set_password(pool: asyncpg.Pool, user: UserId, password: str) -> None:
    """Replaces a user's password. Raises IdentityError when it is too short or too long."""
    if not PASSWORD_CHARS_MIN <= len(password) <= PASSWORD_CHARS_MAX:
        raise IdentityError(f"A password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters.")
    hashed = await asyncio.to_thread(PasswordHasher().hash, password)
    await pool.execute(sql("set_password"), user, hashed, now_ms())


def user_of(row: asyncpg.Record) -> Person:
    """Reads the columns id, tenant, display_name, capabilities."""
    return Person("user", row["id"], row["tenant"], row["display_name"], tuple(row["capabilities"]))


def canonical(email: str) -> str:
    """The form in which an e-mail address is kept and compared."""
    return email.strip().casefold()


class Passwords:
    """Checks passwords, a few at a time, and takes as long for an unknown person as for a known one."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_urlsafe())
        self._turns = asyncio.Semaphore(PASSWORD_CHECKS_AT_ONCE_MAX)

    async def check(self, pool: asyncpg.Pool, email: str, password: str) -> Person | None:
        """The user whom this pair identifies, if any."""
        row = await pool.fetchrow(sql("person_with_password"), canonical(email))
        hashed = self._nobody if row is None else row["password_hash"]
        async with self._turns:
            is_right = await asyncio.to_thread(self._verify, hashed, password)
        return user_of(row) if row is not None and is_right else None

    async def hash(self, secret: str) -> str:
        """What is stored of a secret that people choose themselves."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, secret)

    async def matches(self, hashed: str, secret: str, may_guess: Callable[[], bool]) -> bool | None:
        """Whether this is the hashed secret; None if, when its turn has come, no guess is left."""
        async with self._turns:
            if not may_guess():
                return None
            return await asyncio.to_thread(self._verify, hashed, secret)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password[:PASSWORD_CHARS_MAX])
        except (VerificationError, InvalidHashError):
            return False


# --- sign-in links -------------------------------------------------------------------------------
async def create_sign_in_link(
    pool: asyncpg.Pool, user: str, ttl_s: int = SIGN_IN_LINK_S, *, now: int | None = None
) -> str:
    """A token that signs this user in once; the page's address is ``<url>/signin#token=<token>``."""
    token = secrets.token_urlsafe(32)
    expires_at = (now_ms() if now is None else now) + ttl_s * 1000
    await pool.execute(sql("add_sign_in_link"), secret_hash(token), user, expires_at)
    return token


async def redeem_sign_in_link(pool: asyncpg.Pool, token: str, now: int) -> Person | None:
    """The user whom a link signs in; the link is used up."""
    row = await pool.fetchrow(sql("take_sign_in_link"), secret_hash(token), now)
    return None if row is None else user_of(row)
