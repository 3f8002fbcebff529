"""Guest links: whoever has one enters one room, under a name of their own, without an account."""

import asyncpg
from msgspec import Struct

from edge.identity import Person, new_id, secret_hash
from edge.logins import notify_revoked
from edge.queries import sql
from schemas.ids import LoginId, RoomKey
from schemas.limits import GUEST_LINKS_PER_ROOM_MAX


class GuestLink(Struct, frozen=True):
    """A link as its makers see it: the token itself was shown once, when it was made."""

    id: str
    created_by: str
    created_at: int
    expires_at: int
    max_uses: int | None
    uses: int


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


async def redeem_guest_link(pool: asyncpg.Pool, token: str, display_name: str, now: int) -> Person | None:
    """A new guest, if the link still works."""
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(sql("take_guest_link"), secret_hash(token), now)
        if row is None:
            return None
        guest = Person("guest", new_id("g"), row["tenant"], display_name, (), row["room"])
        await connection.execute(
            sql("add_guest"), guest.id, guest.tenant, row["room"], row["id"], display_name, now
        )
    return guest
