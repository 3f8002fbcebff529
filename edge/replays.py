"""The access log of replays: every signed address of a recording, and every reading by it.

An address works for whoever holds it, so a reading is laid to the person who asked for the address. Rows
are kept as long as AUDIT keeps its facts.
"""

import secrets

import asyncpg
from msgspec import Struct

from edge.queries import sql
from schemas.ids import ArtifactId, LoginId, RecordingId, RoomKey
from schemas.limits import AUDIT_AGE_S

Pool = asyncpg.Pool


class Link(Struct, frozen=True):
    """Who gets an address of what. Times are Unix milliseconds."""

    recording: RecordingId
    artifact: ArtifactId
    person: str
    name: str
    login: LoginId
    at: int
    expires_at: int


class Access(Struct, frozen=True):
    """One address, and what was read by it: how often, last when, how many bytes in all."""

    id: str
    recording: RecordingId
    artifact: ArtifactId
    person: str
    name: str
    at: int
    expires_at: int
    reads: int
    last_read_at: int | None
    bytes: int


def new_link_id() -> str:
    """A random name of an address; it says nothing and opens nothing."""
    return "l" + secrets.token_hex(12)


async def record_link(pool: Pool, key: RoomKey, link_id: str, link: Link) -> None:
    """Writes down that somebody got an address, before they get it; forgets what is too old."""
    await pool.execute(
        sql("add_media_link"),
        link_id,
        key.tenant,
        key.room,
        link.recording,
        link.artifact,
        link.person,
        link.name,
        link.login,
        link.at,
        link.expires_at,
    )
    await pool.execute(sql("forget_media_links"), link.at - AUDIT_AGE_S * 1000)


async def record_read(pool: Pool, link_id: str, at: int, since_byte: int, until_byte: int) -> None:
    """Writes down that these bytes ``[since, until)`` are about to be read."""
    await pool.execute(sql("add_media_read"), link_id, at, since_byte, until_byte)


async def accesses(
    pool: Pool, key: RoomKey, recording: RecordingId, before: int | None, limit: int
) -> tuple[Access, ...]:
    """The addresses of a recording that were given before a time (None: until now), the latest first."""
    rows = await pool.fetch(sql("list_media_links"), key.tenant, key.room, recording, before, limit)
    return tuple(Access(**dict(row)) for row in rows)
