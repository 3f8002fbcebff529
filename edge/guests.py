"""Guest links: whoever has one enters one room, under a name of their own, without an account.

A link may ask for a passcode, which people choose and may guess: it is kept as argon2id, and guesses are
counted by the caller.
"""

from collections.abc import Callable
from typing import Literal

import asyncpg
from msgspec import Struct

from edge.identity import Passwords, Person, new_id, secret_hash
from edge.logins import notify_revoked
from edge.queries import sql
from schemas.ids import LoginId, RoomKey
from schemas.limits import GUEST_LINKS_PER_ROOM_MAX


class GuestLink(Struct, frozen=True):
    """A link as its makers see it: the token itself was shown once, when it was made.

    One that ``admits`` leads past the lobby.
    """

    id: str
    created_by: str
    created_at: int
    expires_at: int
    max_uses: int | None
    uses: int
    has_passcode: bool
    admits: bool


class Turned(Struct, frozen=True):
    """Why a link let nobody in."""

    reason: Literal["unknown", "passcode_needed", "wrong_passcode", "too_many_guesses"]


async def add_guest_link(
    pool: asyncpg.Pool,
    key: RoomKey,
    *,
    link: str,
    token: str,
    created_by: str,
    now: int,
    expires_at: int,
    max_uses: int | None,
    passcode_hash: str | None = None,
    admits: bool = False,
) -> int | None:
    """Stores a link and returns when it ends; None when the room has too many. Repeating is safe."""
    if await pool.fetchval(sql("count_guest_links"), key.tenant, key.room, now) >= GUEST_LINKS_PER_ROOM_MAX:
        return None
    ends: int = await pool.fetchval(
        sql("add_guest_link"),
        link,
        secret_hash(token),
        key.tenant,
        key.room,
        created_by,
        now,
        expires_at,
        max_uses,
        passcode_hash,
        admits,
    )
    return ends


async def guest_links(pool: asyncpg.Pool, key: RoomKey, now: int) -> tuple[GuestLink, ...]:
    """The links of a room that still work, newest first."""
    rows = await pool.fetch(sql("guest_links"), key.tenant, key.room, now, GUEST_LINKS_PER_ROOM_MAX)
    return tuple(GuestLink(**dict(row)) for row in rows)


async def revoke_guest_link(pool: asyncpg.Pool, key: RoomKey, link: str, now: int) -> bool:
    """Ends a link and signs out who came in by it; False when there is no such link."""
    async with pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(sql("revoke_guest_link"), link, key.tenant, key.room, now) is None:
            return False
        for row in await connection.fetch(sql("revoke_logins_of_link"), link, now):
            await notify_revoked(connection, LoginId(row["id"]))
    return True


async def redeem_guest_link(
    pool: asyncpg.Pool,
    passwords: Passwords,
    token: str,
    display_name: str,
    now: int,
    *,
    passcode: str | None,
    may_guess: Callable[[], bool],
) -> Person | Turned:
    """A new guest, if the link still works and the passcode is right. ``may_guess`` is asked right
    before a passcode is checked."""
    found = await pool.fetchrow(sql("find_guest_link"), secret_hash(token), now)
    if found is None:
        return Turned("unknown")
    if found["passcode_hash"] is not None:
        if not passcode:
            return Turned("passcode_needed")
        is_right = await passwords.matches(found["passcode_hash"], passcode, may_guess)
        if not is_right:
            return Turned("too_many_guesses" if is_right is None else "wrong_passcode")
    return await _enter(pool, token, display_name, now)


async def _enter(pool: asyncpg.Pool, token: str, display_name: str, now: int) -> Person | Turned:
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(sql("take_guest_link"), secret_hash(token), now)
        if row is None:
            return Turned("unknown")  # Somebody else took its last use meanwhile.
        guest = Person("guest", new_id("g"), row["tenant"], display_name, (), row["room"], row["admits"])
        await connection.execute(
            sql("add_guest"),
            guest.id,
            guest.tenant,
            row["room"],
            row["id"],
            display_name,
            now,
            row["admits"],
        )
    return guest
