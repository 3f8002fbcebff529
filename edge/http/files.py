"""Files of a room: the list, sending one in two steps, opening by a signed address, removing.

Sending: ``POST`` says what is coming and gets an address and a ticket; ``PUT`` of the bytes to that address
with the ticket in ``Upload-Ticket`` answers when the file is in the room. See ``edge.uploads``; large files
over poor lines come in pieces (``edge.http.tus``).
"""

import logging
from contextlib import aclosing
from typing import Annotated

from litestar import Response, delete, get, post, put
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from artifacts.store import StoreError  # type: ignore[attr-defined] # Its errors are part of its interface.
from edge import audit, uploads
from edge.asking import Answer, ask, once
from edge.auth import TAKES_BYTES, Caller, HttpRequest, parts_of, require_csrf
from edge.cursors import Before
from edge.http.access import Seen, see
from edge.http.media import address_of
from edge.http.recordings import SignedLink
from edge.parts import Parts
from edge.problems import Problem, forbidden, rejected
from edge.tokens import Access, RemoteTokenError
from projectors.reads import files as reads
from rooms.files import clean_name, may_open, may_upload, room_for, shown, split_name, view
from rooms.state.files import File
from rooms.viewer import Viewer, viewer
from schemas.commands.files import Purpose, RemoveFile
from schemas.ids import CommandId, FileId, derived_id, participant_id
from schemas.limits import FILE_BYTES_MAX, PAGE_ROWS_MAX, UPLOAD_S
from schemas.rejections import SENTENCES, Code, Rejection
from schemas.view.files import FileView

log = logging.getLogger(__name__)


class Announced(Struct, frozen=True, forbid_unknown_fields=True):
    """A file to come. ``sha256`` (hex) is checked if it is given."""

    name: Annotated[str, Meta(min_length=1, max_length=1_000)]
    size: Annotated[int, Meta(ge=1)]
    purpose: Purpose
    sha256: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$(?!\n)")] = ""


class Upload(Struct, frozen=True):
    """Where to ``PUT`` the bytes, and the ticket for it, until ``expires_at`` (Unix milliseconds)."""

    file: FileId
    name: str
    url: str
    ticket: str
    expires_at: int


class Files(Struct, frozen=True):
    """The files that the asker may list, in order of adding."""

    files: tuple[FileView, ...]


class History(Struct, frozen=True):
    """Files that are or were in the room, the latest first."""

    files: tuple[reads.FileRow, ...]


class Removed(Struct, frozen=True):
    """The file is out of the room by this seq."""

    seq: int


@get("/rooms/{room:str}/files")
async def list_files(request: HttpRequest, access: Caller, room: FromPath[str]) -> Files:
    """The files of a room."""
    seen = await see(parts_of(request), access, room)
    return Files(view(seen.state, _looks(seen, access)).files)


@get("/rooms/{room:str}/files/{file:str}")
async def get_file(
    request: HttpRequest, access: Caller, room: FromPath[str], file: FromPath[str]
) -> FileView:
    """One file, also one that a message named."""
    seen = await see(parts_of(request), access, room)
    return shown(_opened(seen, access, file))


@get("/rooms/{room:str}/file-history")
async def list_history(
    request: HttpRequest,
    access: Caller,
    room: FromPath[str],
    before: Before = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_ROWS_MAX)] = 50,
) -> History:
    """What was ever sent to the room, and by whom, for staff."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    return History(await reads.history(parts.pool, seen.key, before, limit))


@post("/rooms/{room:str}/files", guards=[require_csrf])
async def announce(
    request: HttpRequest, access: Caller, room: FromPath[str], data: JSONBody[Announced]
) -> Response[Upload]:
    """Asks to send a file."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    check_upload(seen, access, data.purpose, data.size)
    name = clean_name(data.name)
    if not uploads.is_taken(split_name(name)[1], data.purpose):
        raise uploads.wrong_type()

    async def act(command_id: CommandId) -> Answer:
        file = FileId(derived_id("f", seen.key.tenant, seen.key.room, access.person.id, command_id))
        expires_at = parts.clock() + int(UPLOAD_S * 1000)
        ticket = uploads.Ticket(
            seen.key, file, access.person.id, name, data.size, data.sha256, data.purpose, expires_at
        )
        url = f"/api/v1/rooms/{seen.key.room}/files/{file}/content"
        return Answer(201, Upload(file, name, url, uploads.sign_ticket(parts.ring, ticket), expires_at))

    return await once(request, act)


@put(
    "/rooms/{room:str}/files/{file:str}/content",
    guards=[require_csrf],
    request_max_body_size=FILE_BYTES_MAX,
    opt={TAKES_BYTES: True},
)
async def send(
    request: HttpRequest,
    access: Caller,
    room: FromPath[str],
    file: FromPath[str],
    upload_ticket: Annotated[str, HeaderParameter(name="Upload-Ticket")] = "",
) -> Response[FileView]:
    """Sends the bytes of an announced file. Again after success: the same answer."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    ticket = _ticket(parts, access, seen, FileId(file), upload_ticket)
    if (there := seen.state.files.find(ticket.file)) is not None:
        return Response(shown(there))
    check_upload(seen, access, ticket.purpose, ticket.bytes)
    if (request.content_length or 0) > ticket.bytes:
        raise Problem(413, "too_large", "The file is larger than was said.")
    who, name = participant_id(seen.key, access.person.id), sender_name(seen, access)
    with parts.places.place(ticket.file):
        async with (
            aclosing(request.stream()) as body,
            uploads.taken(body, ticket, parts.scan) as taken,
        ):
            administers = "administer" in access.person.capabilities
            await uploads.keep(parts, ticket, taken, who, name, administers=administers)
    state = await parts.hub.state(seen.key)
    added = state.files.find(ticket.file)
    if added is None:  # Somebody was quicker in removing it.
        raise _no_such_file()
    return Response(shown(added), status_code=201)


@post("/rooms/{room:str}/files/{file:str}/link", status_code=HTTP_200_OK, guards=[require_csrf])
async def link_file(
    request: HttpRequest, access: Caller, room: FromPath[str], file: FromPath[str]
) -> Response[SignedLink]:
    """Signs an address for a file's bytes."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    found = _opened(seen, access, file)
    url, grant = address_of(
        parts,
        object_key=uploads.object_key(seen.key, found.id, found.media_type),
        media_type=found.media_type,
        name=split_name(found.name)[0],
    )
    fact = audit.Fact(
        "file.linked",
        parts.clock(),
        parts.edge,
        access.person.id,
        access.login,
        room=seen.key.room,
        object=grant.key,
    )
    await audit.record(parts.bus, seen.key.tenant, fact)
    return Response(SignedLink(url, grant.expires_at * 1000), headers={"Cache-Control": "no-store"})


@delete("/rooms/{room:str}/files/{file:str}", status_code=HTTP_200_OK, guards=[require_csrf])
async def remove_file(
    request: HttpRequest, access: Caller, room: FromPath[str], file: FromPath[str]
) -> Response[Removed]:
    """Takes a file out of the room and deletes its bytes."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    found = seen.state.files.find(FileId(file))

    async def act(command_id: CommandId) -> Answer:
        seq = await ask(parts, access, seen.key, RemoveFile(FileId(file)), command_id)
        try:
            if found is not None:
                await parts.store.remove(uploads.object_key(seen.key, found.id, found.media_type))
            state = await parts.hub.state(seen.key)
            await uploads.sweep(parts.store, seen.key, state, parts.clock())
        except StoreError as error:  # The log has spoken; the next sweep deletes what is left.
            log.warning("a removed file is still in the store: %r", error)
        return Answer(200, Removed(seq))

    return await once(request, act)


def _looks(seen: Seen, access: Access) -> Viewer:
    who = participant_id(seen.key, access.person.id)
    return viewer(seen.state, who, access.person.capabilities)


def _opened(seen: Seen, access: Access, file: str) -> File:
    found = seen.state.files.find(FileId(file))
    if found is None or not may_open(found, _looks(seen, access)):
        raise _no_such_file()
    return found


def _no_such_file() -> Problem:
    return Problem(404, Code.NO_SUCH_FILE, SENTENCES[Code.NO_SUCH_FILE])


def check_upload(seen: Seen, access: Access, purpose: Purpose, size: int) -> None:
    """What the rules will say, before anything is sent. Raises Problem."""
    if not may_upload(_looks(seen, access), purpose):
        raise forbidden()
    if size > FILE_BYTES_MAX:
        raise Problem(413, "too_large", f"A file may have {FILE_BYTES_MAX >> 20} MiB at most.")
    refusal: Rejection | None = room_for(seen.state, size)
    if refusal is not None:
        raise rejected(refusal)


def sender_name(seen: Seen, access: Access) -> str:
    """The name under which a file is listed: the one in class, or the person's own."""
    present = seen.state.participants.get(participant_id(seen.key, access.person.id))
    return present.display_name if present else access.person.display_name


def _ticket(parts: Parts, access: Access, seen: Seen, file: FileId, text: str) -> uploads.Ticket:
    """What a ticket grants, if it is for this room, file and person. Raises Problem."""
    try:
        ticket = uploads.read_ticket(parts.ring, text, parts.clock())
    except RemoteTokenError as error:
        raise Problem(403, "upload_ended", "Please choose the file again.") from error
    if (ticket.key, ticket.file, ticket.person) != (seen.key, file, access.person.id):
        raise Problem(403, "upload_ended", "Please choose the file again.")
    return ticket


ROUTES = [list_files, get_file, list_history, announce, send, link_file, remove_file]
