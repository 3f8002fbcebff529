"""A file that comes in pieces, over broken lines and through several edges (tus 1.0, ``edge.http.tus``).

::

    open ──► piece, piece, … ──► the last piece ──► all as one body through ``edge.uploads``
               each an object of its own;              type, scanner, store, add_file; then the pieces go
               counted when it is in the store

The state is a row in Postgres and the pieces are objects under ``<tenant>/<room>/uploads/<file>/``, so any
edge goes on where another one stopped. Nothing is locked: a piece counts only at the offset that it was
sent for, so of two that are sent at once one is counted and the other taken away again. The last piece is
counted when the file is in the room, so an upload whose offset is its length has succeeded.

Pieces are objects and not the parts of an S3 multipart upload: a part has 5 MiB at least, which a broken
line does not respect, and finishing one would put bytes in place that nobody has looked at. The finished
file goes to its place in parts, as every file does.

An upload that is abandoned ends by itself after ``RESUMABLE_S``; ``sweep_uploads`` of any edge takes its
pieces away. Its row stays a while as a mark, for a piece may have been under way when it ended.
"""

import asyncio
import hashlib
import logging
import secrets
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, cast

import asyncpg
import msgspec
from msgspec import Struct

from artifacts.store import Store, StoreError  # type: ignore[attr-defined] # Its errors are part of it.
from edge import uploads
from edge.problems import Problem, not_found
from edge.queries import sql
from schemas.commands.files import Purpose
from schemas.ids import FileId, ParticipantId, RoomId, RoomKey, TenantId
from schemas.limits import (
    FILE_FORGET_S,
    FILE_ORPHAN_S,
    FILE_SNIFFED_BYTES,
    RESUMABLE_BYTES_PER_TENANT_MAX,
    RESUMABLE_PER_PERSON_MAX,
    RESUMABLE_PER_TENANT_MAX,
    RESUMABLE_PIECES_MAX,
    RESUMABLE_S,
    RESUMABLE_SWEPT_MAX,
    STORE_PART_BYTES,
)

if TYPE_CHECKING:
    from edge.parts import Parts  # Which holds a Places of ``edge.uploads``.

log = logging.getLogger(__name__)

_AWAY = 503
"""A problem with this status says nothing of the file: what has come is kept."""


class Upload(Struct, frozen=True):
    """A file on its way; ``received`` bytes of it are in the store, in these pieces."""

    id: FileId
    tenant: TenantId
    room: RoomId
    person: str
    name: str
    bytes: int
    sha256: str
    purpose: Purpose
    expires_at: int
    received: int = 0
    pieces: tuple[str, ...] = ()
    ended_at: int | None = None

    @property
    def key(self) -> RoomKey:
        """The room that it is for."""
        return RoomKey(self.tenant, self.room)

    @property
    def is_complete(self) -> bool:
        """Whether the file is in the room."""
        return self.ended_at is not None and self.received == self.bytes

    def is_over(self, now: int) -> bool:
        """Whether nothing more is taken, although it is not complete."""
        return not self.is_complete and (self.ended_at is not None or self.expires_at <= now)


class Checksum(Struct, frozen=True):
    """What the bytes of one request must hash to; ``algorithm`` is one of ``ALGORITHMS``."""

    algorithm: str
    digest: bytes


ALGORITHMS = ("sha1", "sha256")
"""tus asks for SHA-1 at least (protocol 1.0.0, Checksum). It finds damage; a forger it need not stop."""


class Sender(Struct, frozen=True):
    """In whose name the finished file is put into the room."""

    participant: ParticipantId
    display_name: str
    administers: bool


def folder(key: RoomKey, file: FileId) -> str:
    """Where the pieces of an upload lie."""
    return f"{key.tenant}/{key.room}/uploads/{file}/"


# --- opening and finding -------------------------------------------------------------------------
async def open_upload(pool: asyncpg.Pool, upload: Upload) -> Upload:
    """Begins an upload, or finds the one that was begun under the same id. Raises Problem."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(sql("lock_uploads"), upload.tenant)  # The bounds hold also at a rush.
        known = await connection.fetchrow(sql("get_upload"), upload.id)
        if known is not None:
            return _same(_read(known), upload)
        counted = await connection.fetchrow(sql("count_uploads"), upload.tenant, upload.person)
        assert counted is not None
        _check_bounds(counted, upload)
        await connection.execute(
            sql("add_upload"),
            upload.id,
            upload.tenant,
            upload.room,
            upload.person,
            upload.name,
            upload.bytes,
            upload.sha256,
            upload.purpose,
            upload.expires_at,
        )
    return upload


def _same(known: Upload, asked: Upload) -> Upload:
    def wish(upload: Upload) -> tuple[object, ...]:
        return upload.key, upload.person, upload.name, upload.bytes, upload.sha256, upload.purpose

    if wish(known) != wish(asked):
        raise Problem(422, "idempotency_key_reused", "This Idempotency-Key was used for another file.")
    return known


def _check_bounds(counted: asyncpg.Record, upload: Upload) -> None:
    if counted["own"] >= RESUMABLE_PER_PERSON_MAX:
        raise Problem(409, "limit_reached", "You are sending as many files as you can. Finish some first.")
    bytes_max = RESUMABLE_BYTES_PER_TENANT_MAX
    if counted["all_of_them"] >= RESUMABLE_PER_TENANT_MAX or counted["bytes"] + upload.bytes > bytes_max:
        raise Problem(
            503, "busy", "Many files are being sent. Please try again.", headers={"Retry-After": "30"}
        )


async def find(pool: asyncpg.Pool, key: RoomKey, file: FileId, person: str) -> Upload:
    """One's own upload. Another's is as one that is not there. Raises Problem."""
    row = await pool.fetchrow(sql("get_upload"), file)
    if row is None or (row["tenant"], row["room"], row["person"]) != (key.tenant, key.room, person):
        raise not_found()
    return _read(row)


def _read(row: asyncpg.Record) -> Upload:
    return msgspec.convert(dict(row), Upload)


# --- receiving -----------------------------------------------------------------------------------
async def receive(
    parts: "Parts", upload: Upload, body: AsyncGenerator[bytes, None], checksum: Checksum | None, who: Sender
) -> int:
    """Takes the bytes that follow; how many have come by then. With the last one the file is in the room.

    Without a checksum what came before a line broke is kept. Raises Problem.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="classwire-piece-") as scratch:
            return await _Taking(parts, upload, Path(scratch), checksum).take(body, who)
    except StoreError as error:
        log.warning("the object store: %r", error)
        raise Problem(
            _AWAY, "unavailable", "Please try again in a moment.", headers={"Retry-After": "2"}
        ) from error


class _Taking:
    """One request's bytes on their way into pieces.

    Those of ``_stored`` are in the store and not counted yet: they are counted, or taken away again.
    """

    def __init__(self, parts: "Parts", upload: Upload, scratch: Path, checksum: Checksum | None) -> None:
        self._parts = parts
        self._upload = upload
        self._scratch = scratch / "piece"
        self._checksum = checksum
        self._digest = _hash(checksum.algorithm if checksum else ALGORITHMS[0])
        self._received = upload.received
        self._pieces = upload.pieces
        self._stored: list[str] = []
        self._stored_bytes = 0

    async def take(self, body: AsyncGenerator[bytes, None], who: Sender) -> int:
        try:
            await self._read(body)
            if self._checksum and self._digest.digest() != self._checksum.digest:
                raise Problem(460, "checksum_mismatch", "The bytes were damaged on the way. Send them again.")
            if self._reached < self._upload.bytes:
                await self._count()
            else:
                await self._finish(who)
        finally:
            await self._drop(self._stored)
        return self._received

    @property
    def _reached(self) -> int:
        return self._received + self._stored_bytes

    async def _read(self, body: AsyncGenerator[bytes, None]) -> None:
        waiting = bytearray()
        size = 0
        try:
            async with aclosing(uploads.awake(body)) as chunks:
                async for chunk in chunks:
                    if self._reached + size + len(chunk) > self._upload.bytes:
                        raise Problem(413, "too_large", "The file is larger than was said.")
                    size += len(chunk)
                    waiting += chunk
                    if len(waiting) >= uploads.WRITTEN_BYTES or size >= STORE_PART_BYTES:
                        await asyncio.to_thread(self._write, bytes(waiting))
                        waiting.clear()
                    if size >= STORE_PART_BYTES:
                        await self._store(size)
                        size = 0
        except Problem as problem:
            if problem.code in {"cut_off", "too_slow"} and not self._checksum:
                await self._keep(bytes(waiting), size)
            raise
        await asyncio.to_thread(self._write, bytes(waiting))
        await self._store(size)

    async def _keep(self, waiting: bytes, size: int) -> None:
        """Counts what came before the line broke; but finishing is for a request that is answered."""
        if self._reached + size < self._upload.bytes:
            await asyncio.to_thread(self._write, waiting)
            await self._store(size)
            await self._count()

    def _write(self, data: bytes) -> None:
        self._digest.update(data)
        with self._scratch.open("ab") as file:
            file.write(data)

    async def _store(self, size: int) -> None:
        """Puts what is in scratch space into the store as a piece."""
        if not size:
            return
        if len(self._pieces) + len(self._stored) >= RESUMABLE_PIECES_MAX:
            raise Problem(409, "limit_reached", "The file comes in too many pieces. Send larger ones.")
        if self._reached == 0:
            await self._look_at_head()
        piece = secrets.token_hex(12)
        self._stored.append(piece)
        at = folder(self._upload.key, self._upload.id) + piece
        await self._parts.store.put_file(at, self._scratch, "application/octet-stream")
        await asyncio.to_thread(self._scratch.unlink)
        self._stored_bytes += size
        if not self._checksum and self._reached < self._upload.bytes:
            await self._count()

    async def _look_at_head(self) -> None:
        """A file that cannot become what its name says is refused by its first piece."""
        head = await asyncio.to_thread(_head, self._scratch)
        if len(head) == FILE_SNIFFED_BYTES and not uploads.may_become(head, ticket_of(self._upload)):
            await self._end()
            raise uploads.wrong_type()

    async def _count(self) -> None:
        """From here on the pieces belong to the upload. Raises Problem when another request was quicker."""
        counted = await self._parts.pool.fetchval(
            sql("add_pieces"),
            self._upload.id,
            self._received,
            self._stored_bytes,
            self._stored,
            self._parts.clock(),
        )
        if counted is None:
            raise wrong_offset()
        self._received = cast("int", counted)
        self._pieces += tuple(self._stored)
        self._stored, self._stored_bytes = [], 0

    async def _finish(self, who: Sender) -> None:
        """Has all pieces looked at as one body and put into the room. A refusal ends the upload."""
        ticket = ticket_of(self._upload)
        whole = self._whole((*self._pieces, *self._stored))
        try:
            async with (
                aclosing(whole) as body,
                uploads.taken(body, ticket, self._parts.scan) as taken,
            ):
                await uploads.keep(
                    self._parts,
                    ticket,
                    taken,
                    who.participant,
                    who.display_name,
                    administers=who.administers,
                )
        except Problem as problem:
            if problem.status != _AWAY:
                await self._end()
            raise
        await self._parts.pool.execute(sql("complete_upload"), self._upload.id, self._parts.clock())
        self._received = self._upload.bytes
        await self._drop(self._pieces)

    async def _whole(self, pieces: tuple[str, ...]) -> AsyncGenerator[bytes, None]:
        at = folder(self._upload.key, self._upload.id)
        for piece in pieces:
            async with aclosing(self._parts.store.get_range(at + piece)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def _end(self) -> None:
        await self._parts.pool.execute(sql("end_upload"), self._upload.id, self._parts.clock())
        await self._drop(self._pieces)

    async def _drop(self, pieces: list[str] | tuple[str, ...]) -> None:
        at = folder(self._upload.key, self._upload.id)
        await _remove(self._parts.store, tuple(at + piece for piece in pieces))


def _hash(algorithm: str) -> "hashlib._Hash":
    return hashlib.new(algorithm, usedforsecurity=False)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(FILE_SNIFFED_BYTES)


def ticket_of(upload: Upload) -> uploads.Ticket:
    """What the path of every upload asks about this one."""
    return uploads.Ticket(
        upload.key,
        upload.id,
        upload.person,
        upload.name,
        upload.bytes,
        upload.sha256,
        upload.purpose,
        upload.expires_at,
    )


def wrong_offset() -> Problem:
    """The bytes are not those that follow (tus 1.0.0, PATCH)."""
    return Problem(409, "wrong_offset", "Other bytes come next. Ask for the offset and go on from there.")


def new_upload_expires_at(now: int) -> int:
    """When an upload that begins now ends by itself."""
    return now + int(RESUMABLE_S * 1000)


# --- ending --------------------------------------------------------------------------------------
async def terminate(parts: "Parts", upload: Upload) -> None:
    """Ends an upload. Its pieces go now, or with the next sweep."""
    await parts.pool.execute(sql("end_upload"), upload.id, parts.clock())
    try:
        await _remove(parts.store, await parts.store.keys(folder(upload.key, upload.id)))
    except StoreError as error:
        log.warning("pieces of %s stay until the next sweep: %r", upload.id, error)


async def sweep_for_ever(parts: "Parts") -> None:
    """Ends what was abandoned and forgets what has ended. Every edge does; twice does no harm."""
    while True:
        await asyncio.sleep(FILE_FORGET_S)
        try:
            await sweep_uploads(parts)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, StoreError) as error:
            log.warning("abandoned uploads are still in the store: %r", error)


async def sweep_uploads(parts: "Parts") -> None:
    """The same, once. Raises StoreError."""
    now = parts.clock()
    for row in await parts.pool.fetch(sql("uploads_to_end"), now, RESUMABLE_SWEPT_MAX):
        await parts.pool.execute(sql("end_upload"), row["id"], now)
        await _remove_all(parts.store, row)
    forgotten = now - int(FILE_ORPHAN_S * 1000)
    for row in await parts.pool.fetch(sql("uploads_to_forget"), forgotten, RESUMABLE_SWEPT_MAX):
        await _remove_all(parts.store, row)  # Also a piece that came as it ended.
        await parts.pool.execute(sql("forget_upload"), row["id"])


async def _remove_all(store: Store, row: asyncpg.Record) -> None:
    at = folder(RoomKey(row["tenant"], row["room"]), row["id"])
    for key in await store.keys(at):
        await store.remove(key)


async def _remove(store: Store, keys: tuple[str, ...]) -> None:
    for key in keys:
        try:
            await store.remove(key)
        except StoreError as error:
            log.warning("%s stays until the next sweep: %r", key, error)
