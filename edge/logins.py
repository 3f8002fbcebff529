"""Logins: authenticated browsers, each a family of refresh tokens that descend from one sign-in.

A refresh token is used once; its use gives the next one. Using one again means that two hold it, and
nobody can tell which of them is the thief: the whole family ends (RFC 9700 §4.14.2). The exception is
``REFRESH_GRACE_S``: two tabs of one browser, or a lost answer, use the same token within moments, and
each then gets a successor of its own.
"""

import secrets
from typing import Literal

import asyncpg
from msgspec import Struct

from edge.identity import Person, secret_hash
from edge.queries import sql
from schemas.ids import LoginId
from schemas.limits import (
    LOGIN_UNUSED_S,
    REFRESH_GRACE_S,
    REFRESH_TOKEN_S,
    STOLEN_LOGINS_TOLD_MAX,
    USER_AGENT_CHARS_MAX,
)

REVOKED_CHANNEL = "identity_login_revoked"
"""The PostgreSQL channel on which every edge hears which logins ended."""

RefreshRefusal = Literal["unknown", "expired", "revoked", "reused"]


class Login(Struct, frozen=True):
    """A signed-in person with the refresh token that was just made."""

    id: LoginId
    person: Person
    refresh_token: str


class Refused(Struct, frozen=True):
    """Why a refresh token gave nothing; ``login`` names the family when there is one."""

    reason: RefreshRefusal
    login: LoginId | None = None
    person: Person | None = None


class Browser(Struct, frozen=True):
    """What is kept of a browser that signs in, so that its owner knows it again."""

    method: str = ""
    address: str = ""
    device: str = ""
    agent: str = ""


class Known(Struct, frozen=True):
    """A login as its owner sees it; times in Unix ms."""

    id: str
    method: str
    address: str
    device: str
    agent: str
    created_at: int
    used_at: int
    is_this: bool = False


class Stolen(Struct, frozen=True):
    """A login that was ended because a refresh token of it came twice."""

    id: str
    method: str
    address: str
    device: str
    agent: str
    created_at: int
    revoked_at: int


async def open_login(
    pool: asyncpg.Pool,
    person: Person,
    now: int,
    browser: Browser = Browser(),  # noqa: B008 - It is frozen.
) -> Login:
    """Begins a family."""
    login = LoginId("l" + secrets.token_hex(10))
    async with pool.acquire() as connection, connection.transaction():
        user, guest = (person.id, None) if person.kind == "user" else (None, person.id)
        await connection.execute(
            sql("add_login"),
            login,
            user,
            guest,
            now,
            now + REFRESH_TOKEN_S * 1000,
            browser.method,
            browser.address,
            browser.device,
            browser.agent[:USER_AGENT_CHARS_MAX],
        )
        token = await _add_refresh(connection, login, now)
    return Login(login, person, token)


async def refresh(pool: asyncpg.Pool, token: str, now: int) -> Login | Refused:
    """Uses a refresh token up and gives the next one."""
    hashed = secret_hash(token)
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(sql("lock_refresh"), hashed)
        if row is None:
            return Refused("unknown")
        login, person = LoginId(row["login"]), _person(row)
        if row["revoked_at"] is not None or row["disabled_at"] is not None:
            return Refused("revoked", login, person)
        if row["expires_at"] <= now or now - row["seen_at"] > LOGIN_UNUSED_S * 1000:
            return Refused("expired", login, person)
        if row["used_at"] is not None and now - row["used_at"] > REFRESH_GRACE_S * 1000:
            await _revoke(connection, login, "reused", now)
            return Refused("reused", login, person)
        if row["used_at"] is None:  # The first use counts; the grace does not move with the second.
            await connection.execute(sql("use_refresh"), hashed, now)
            await connection.execute(sql("use_login"), login, now)
        return Login(login, person, await _add_refresh(connection, login, now))


async def close_login(pool: asyncpg.Pool, login: LoginId, reason: str, now: int) -> None:
    """Ends a family; every edge closes its sockets."""
    async with pool.acquire() as connection, connection.transaction():
        await _revoke(connection, login, reason, now)


async def end_logins(
    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
    person: str,
    reason: str,
    now: int,
    *,
    but: LoginId | None = None,
) -> list[LoginId]:
    """Ends all logins of a person ``but`` one, on every edge, and returns which."""
    rows = await connection.fetch(sql("end_logins_of_person"), person, now, reason, but)
    for row in rows:
        await notify_revoked(connection, LoginId(row["id"]))
    return [LoginId(row["id"]) for row in rows]


async def known_logins(
    pool: asyncpg.Pool, person: str, this: LoginId, now: int, *, after: tuple[int, str] | None, limit: int
) -> tuple[Known, ...]:
    """The logins of a person that still work, the latest first."""
    at, id_ = after or (None, None)
    rows = await pool.fetch(sql("logins"), person, now, at, id_, limit)
    return tuple(Known(**dict(row), is_this=row["id"] == this) for row in rows)


async def stolen_logins(pool: asyncpg.Pool, person: str) -> tuple[Stolen, ...]:
    """The stolen ones of which the person has not yet said that they know."""
    rows = await pool.fetch(sql("stolen_logins"), person, STOLEN_LOGINS_TOLD_MAX)
    return tuple(Stolen(**dict(row)) for row in rows)


async def disable_user(pool: asyncpg.Pool, user: str, now: int) -> bool:
    """Shuts a user out: no new login, and the present ones end on every edge. False: no such user."""
    async with pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(sql("disable_person"), user, now) is None:
            return False
        for row in await connection.fetch(sql("revoke_logins_of_person"), user, now):
            await notify_revoked(connection, LoginId(row["id"]))
    return True


async def notify_revoked(
    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", login: LoginId
) -> None:
    """Tells every edge; delivered when the transaction commits."""
    await connection.execute(sql("notify_revoked"), login)


async def _revoke(
    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", login: LoginId, reason: str, now: int
) -> None:
    if await connection.fetchval(sql("revoke_login"), login, now, reason) is not None:
        await notify_revoked(connection, login)


async def _add_refresh(
    connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", login: LoginId, now: int
) -> str:
    token = secrets.token_urlsafe(32)
    await connection.execute(sql("add_refresh"), secret_hash(token), login, now)
    return token


def _person(row: asyncpg.Record) -> Person:
    if row["guest"] is not None:
        return Person(
            "guest", row["guest"], row["guest_tenant"], row["guest_name"], (), row["room"], row["admitted"]
        )
    return Person("user", row["person"], row["tenant"], row["display_name"], tuple(row["capabilities"]))
