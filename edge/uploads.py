"""Taking a file from a browser: streamed to scratch space, looked at, and only then stored.

::

    ticket ──► body, counted and hashed ──► type ──► scanner ──► object store ──► add_file
                    any doubt: nothing was stored            rules refuse: the object is removed

A ticket says who may send which file, and is carried by the page from one request to the next; nothing is
remembered meanwhile. Memory holds one write's worth of a body, scratch space the whole of it: before the
last byte nobody knows whether a file is taken. An edge that dies between storing and asking leaves an
object that no log knows: ``sweep`` finds those. Files that were removed lose their bytes after the event:
at once where the request came by REST, else by ``forget_removed``.
"""

import asyncio
import hashlib
import logging
import secrets
import tempfile
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from hmac import compare_digest
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import asyncpg
import msgspec
from litestar.exceptions import InternalServerException
from msgspec import Meta, Struct

from artifacts.store import Store, StoreError  # type: ignore[attr-defined] # Its errors are part of it.
from bus.interface import Unavailable
from edge.actors import edge_actor
from edge.filetypes import BY_PURPOSE, TYPES, could_be, identify
from edge.problems import Problem, log_unavailable, rejected
from edge.queries import sql
from edge.scanning import ScanError, Scanner
from edge.tokens import KeyRing, RemoteTokenError, derive_secret
from projectors.reads import files as reads
from rooms.files import split_name
from rooms.state import RoomState
from schemas.commands.files import AddFile, FileName, Purpose
from schemas.envelope import Envelope, Outcome, Rejected
from schemas.ids import CommandId, FileId, FileToken, ParticipantId, RoomKey, TenantId
from schemas.limits import (
    COMMAND_DEADLINE_S,
    FILE_BYTES_MAX,
    FILE_FORGET_LAG_S,
    FILE_FORGET_S,
    FILE_FORGET_START_S,
    FILE_ORPHAN_S,
    FILE_SNIFFED_BYTES,
    UPLOAD_SILENT_S,
    UPLOADS_AT_ONCE_MAX,
)
from schemas.rejections import Rejection

if TYPE_CHECKING:
    from edge.parts import Parts  # Which holds a Places of this module.

log = logging.getLogger(__name__)

_TICKET_CHARS_MAX = 2_048
WRITTEN_BYTES = 1 << 20  # One turn of a thread per megabyte; what a body holds in memory.
_ENDINGS = {kind.media_type: kind.endings[0] for kind in TYPES}


# --- tickets -------------------------------------------------------------------------------------
class Ticket(Struct, frozen=True, array_like=True):
    """Leave for one person to send one file to one room until ``expires_at`` (Unix milliseconds)."""

    key: RoomKey
    file: FileToken
    person: str
    name: FileName
    bytes: Annotated[int, Meta(ge=1, le=FILE_BYTES_MAX)]
    sha256: str
    purpose: Purpose
    expires_at: int


def sign_ticket(ring: KeyRing, ticket: Ticket) -> str:
    """The ticket as a page carries it; nothing in it can be changed."""
    body = urlsafe_b64encode(msgspec.json.encode(ticket)).decode()
    return f"{body}.{derive_secret(ring, 'upload', body)}"


def read_ticket(ring: KeyRing, text: str, now: int) -> Ticket:
    """The ticket in a text. Raises RemoteTokenError."""
    body, _, mac = text.partition(".")
    if len(text) > _TICKET_CHARS_MAX:
        raise RemoteTokenError("length")
    if not compare_digest(mac.encode(), derive_secret(ring, "upload", body).encode()):
        raise RemoteTokenError("signature")
    ticket = msgspec.json.decode(urlsafe_b64decode(body), type=Ticket)
    if ticket.expires_at <= now:
        raise RemoteTokenError("expired")
    return ticket


# --- places --------------------------------------------------------------------------------------
def folder(key: RoomKey) -> str:
    """Where a room's files lie in the store. No recording is called so."""
    return f"{key.tenant}/{key.room}/files/"


def object_key(key: RoomKey, file: FileId, media_type: str) -> str:
    """Where a file's bytes lie."""
    return f"{folder(key)}{file}{_ENDINGS.get(media_type, '.bin')}"


async def sweep(store: Store, key: RoomKey, state: RoomState, now: int) -> tuple[str, ...]:
    """Removes the objects of a room that its log does not know (any more), and names them.

    The young are left alone: their ``add_file`` may be on its way. Raises StoreError.
    """
    known = {object_key(key, file.id, file.media_type) for file in state.files.files}
    oldest = now - int(FILE_ORPHAN_S * 1000)
    found = await store.ages(folder(key))
    orphans = tuple(name for name, modified in found if name not in known and modified < oldest)
    for orphan in orphans:
        await store.remove(orphan)
    return orphans


async def forget_removed(parts: "Parts") -> None:
    """Deletes the bytes of files that were removed, for ever. Every edge does; twice does no harm."""
    since = parts.clock() - int(FILE_FORGET_START_S * 1000)
    while True:
        began = parts.clock()
        try:
            await delete_removed(parts, since)
            since = began - int(FILE_FORGET_LAG_S * 1000)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, StoreError) as error:
            log.warning("removed files are still in the store: %r", error)
        await asyncio.sleep(FILE_FORGET_S)


async def delete_removed(parts: "Parts", since: int) -> None:
    """Deletes the bytes of files that were removed since a time (Unix milliseconds), tenant by tenant."""
    for row in await parts.pool.fetch(sql("tenants")):
        tenant = TenantId(row["id"])
        for gone in await reads.removed_since(parts.pool, tenant, since):
            key = RoomKey(tenant, gone.room)
            await parts.store.remove(object_key(key, gone.file, gone.media_type))


# --- taking a body -------------------------------------------------------------------------------
class Taken(Struct, frozen=True):
    """A body in scratch space that is what it should be."""

    path: Path
    sha256: str
    media_type: str


class Places:
    """How many uploads one edge takes at once: each holds scratch space and perhaps the scanner."""

    def __init__(self) -> None:
        self._taken: set[FileId] = set()

    @contextmanager
    def place(self, file: FileId) -> Iterator[None]:
        """A place for this file. Raises Problem when all are taken, or the file is being sent already."""
        if file in self._taken:
            raise Problem(409, "upload_running", "This file is being sent already.")
        if len(self._taken) >= UPLOADS_AT_ONCE_MAX:
            raise Problem(
                503, "busy", "Many files are being sent. Please try again.", headers={"Retry-After": "5"}
            )
        self._taken.add(file)
        try:
            yield
        finally:
            self._taken.discard(file)


@asynccontextmanager
async def taken(body: AsyncIterator[bytes], ticket: Ticket, scan: Scanner | None) -> AsyncIterator[Taken]:
    """The body in scratch space while the context is open, if it is what the ticket says and harmless.

    Raises Problem.
    """
    with tempfile.TemporaryDirectory(prefix="classwire-upload-") as folder_name:
        path = Path(folder_name) / "body"
        head, digest = await _spool(body, path, ticket)
        if ticket.sha256 and digest != ticket.sha256:
            raise Problem(422, "digest_mismatch", "The file was damaged on the way. Please send it again.")
        kind = await asyncio.to_thread(identify, path, head, split_name(ticket.name)[1], ticket.purpose)
        if kind is None:
            raise wrong_type()
        if scan is not None:
            await _look(scan, path, ticket)
        yield Taken(path, digest, kind.media_type)


async def _spool(body: AsyncIterator[bytes], path: Path, ticket: Ticket) -> tuple[bytes, str]:
    """Writes the body to a file as it comes; its first bytes and its SHA-256."""
    head, digest, count, waiting = b"", hashlib.sha256(), 0, bytearray()
    with path.open("wb", buffering=0) as file:
        async for chunk in awake(body):
            count += len(chunk)
            if count > ticket.bytes:
                raise Problem(413, "too_large", "The file is larger than was said.")
            if len(head) < FILE_SNIFFED_BYTES:
                head = (head + chunk)[:FILE_SNIFFED_BYTES]
                if len(head) == FILE_SNIFFED_BYTES and not may_become(head, ticket):
                    raise wrong_type()
            waiting += chunk
            if len(waiting) >= WRITTEN_BYTES:
                await asyncio.to_thread(_write, file, digest, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(_write, file, digest, bytes(waiting))
    if count < ticket.bytes:
        raise Problem(422, "too_short", "The file ended before its end. Please send it again.")
    return head, digest.hexdigest()


def _write(file: FileIO, digest: "hashlib._Hash", data: bytes) -> None:
    digest.update(data)
    file.write(data)


async def awake(body: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The chunks of a body that does not stand still. Raises Problem."""
    while True:
        try:
            async with asyncio.timeout(UPLOAD_SILENT_S):
                chunk = await anext(body, None)
        except TimeoutError as error:
            raise Problem(408, "too_slow", "The file stood still on the way.") from error
        except InternalServerException as error:  # The framework's word for a page that went away.
            raise Problem(400, "cut_off", "The file ended before its end.") from error
        if chunk is None:
            return
        yield chunk


def is_taken(ending: str, purpose: Purpose) -> bool:
    """Whether any file with this ending is taken for this purpose."""
    return any(ending in kind.endings and kind.media_type in BY_PURPOSE[purpose] for kind in TYPES)


def may_become(head: bytes, ticket: Ticket) -> bool:
    """Whether a file that begins so may become what its ticket says."""
    return could_be(head, split_name(ticket.name)[1], ticket.purpose)


def wrong_type() -> Problem:
    """The file is not of a type that is taken, or not of the one in its name."""
    return Problem(415, "file_type", "Files of this kind are not taken, or it is not what its name says.")


async def _look(scan: Scanner, path: Path, ticket: Ticket) -> None:
    try:
        finding = await scan(path)
    except ScanError as error:
        log.warning("the virus scanner failed: %s", error)
        raise Problem(
            503, "scan_failed", "The file could not be checked for viruses.", headers={"Retry-After": "10"}
        ) from error
    if finding is not None:
        log.warning("%s of %s: %s was found in an upload", ticket.file, ticket.key, finding)
        raise Problem(422, "infected", "The virus scanner found something in this file.")


# --- keeping it ----------------------------------------------------------------------------------
async def keep(
    parts: "Parts", ticket: Ticket, file: Taken, participant: ParticipantId, name: str, *, administers: bool
) -> None:
    """Stores a taken file and has it put into the room. Raises Problem; then nothing is stored."""
    at = object_key(ticket.key, ticket.file, file.media_type)
    try:
        await parts.store.put_file(at, file.path, file.media_type)
    except StoreError as error:
        log.warning("the object store: %r", error)
        raise Problem(
            503, "unavailable", "Please try again in a moment.", headers={"Retry-After": "2"}
        ) from error
    command = AddFile(
        ticket.file,
        ticket.name,
        ticket.bytes,
        file.media_type,
        file.sha256,
        ticket.purpose,
        parts.scan is not None,
        participant,
        name,
        administers,
    )
    outcome = await _submit(parts, ticket.key, command)
    if isinstance(outcome, Rejected):
        await _drop(parts.store, at)
        raise rejected(Rejection(outcome.code, outcome.message))


async def _drop(store: Store, at: str) -> None:
    try:
        await store.remove(at)
    except StoreError as error:
        log.warning("%s stays until the next sweep: %r", at, error)


async def _submit(parts: "Parts", key: RoomKey, command: AddFile) -> Outcome:
    """Asks as this edge. When nobody answers, the file may be in the room: its object stays for ``sweep``
    to judge. Raises Problem."""
    envelope = Envelope(
        key,
        command,
        CommandId(f"u{secrets.token_hex(12)}"),
        edge_actor(parts.edge),
        parts.clock() + int(COMMAND_DEADLINE_S * 1000),
    )
    try:
        return await parts.bus.commands.submit(envelope)
    except Unavailable as error:
        parts.hub.log_failed()
        raise log_unavailable() from error
