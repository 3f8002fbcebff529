"""Files in pieces: the tus resumable upload protocol 1.0.0, for files of a room.

Core, and the extensions creation, termination, checksum and expiration. ``POST`` says what is coming
(``Upload-Length``, ``Upload-Metadata`` with ``filename``, ``purpose`` and if wished ``sha256``) and gets the
address; ``PATCH`` sends bytes from ``Upload-Offset`` on; ``HEAD`` asks how far it is; ``DELETE`` gives up.
When the last byte was answered the file is in the room, under the last part of the upload's address. See
``edge.resumable``. Small files are simpler sent whole (``edge.http.files``).
"""

import re
import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from contextlib import aclosing
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated, get_args

import msgspec
from litestar import Response, delete, head, patch, post, route
from litestar.enums import HttpMethod
from litestar.params import FromPath, HeaderParameter
from msgspec import Struct

from edge import resumable, uploads
from edge.auth import TAKES_BYTES, Caller, HttpRequest, parts_of, require_csrf
from edge.http.access import Seen, see
from edge.http.files import check_upload, sender_name
from edge.idempotency import KEY_HEADER, KEY_PATTERN
from edge.parts import Parts
from edge.problems import Problem, malformed
from edge.resumable import ALGORITHMS, Checksum, Sender, Upload
from edge.tokens import Access
from rooms.files import clean_name, split_name
from schemas.commands.files import Purpose
from schemas.ids import FileId, RoomId, derived_id, participant_id
from schemas.limits import FILE_BYTES_MAX, UPLOAD_METADATA_CHARS_MAX

VERSION = "1.0.0"
EXTENSIONS = "creation,termination,checksum,expiration"
OFFSET_TYPE = "application/offset+octet-stream"

_ALWAYS = {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}
_KEY = re.compile(KEY_PATTERN + r"(?!\n)")
_NUMBER = re.compile(r"[0-9]{1,15}")
_PATH = "/rooms/{room:str}/uploads"

Tus = Annotated[str, HeaderParameter(name="Tus-Resumable")]


class Metadata(Struct, frozen=True):
    """What is said of a file to come. ``sha256`` (hex) is checked if it is given."""

    name: str
    purpose: Purpose
    sha256: str = ""


@route(
    [_PATH, f"{_PATH}/{{file:str}}"], http_method=HttpMethod.OPTIONS, status_code=204, include_in_schema=False
)
async def describe(request: HttpRequest, room: FromPath[str]) -> Response[None]:  # noqa: ARG001 - of the path
    """Says what this server can, to anybody."""
    described = {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(FILE_BYTES_MAX),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return Response(None, status_code=204, headers=described)


@post(_PATH, guards=[require_csrf], opt={TAKES_BYTES: True}, status_code=201)
async def create(  # noqa: PLR0917 - the framework calls by name
    request: HttpRequest,
    access: Caller,
    room: FromPath[str],
    tus_resumable: Tus = "",
    upload_length: Annotated[str, HeaderParameter(name="Upload-Length")] = "",
    upload_metadata: Annotated[str, HeaderParameter(name="Upload-Metadata")] = "",
) -> Response[None]:
    """Begins sending a file in pieces."""
    parts = parts_of(request)
    seen = await _see(parts, access, room, tus_resumable)
    length, told = _number("Upload-Length", upload_length), read_metadata(upload_metadata)
    check_upload(seen, access, told.purpose, length)
    if not length:
        raise malformed("Upload-Length: an empty file is no file.")
    name = clean_name(told.name)
    if not uploads.is_taken(split_name(name)[1], told.purpose):
        raise uploads.wrong_type()
    asked = Upload(
        _new_id(request, access, room),
        access.person.tenant,
        RoomId(room),
        access.person.id,
        name,
        length,
        told.sha256,
        told.purpose,
        resumable.new_upload_expires_at(parts.clock()),
    )
    upload = await resumable.open_upload(parts.pool, asked)
    location = f"/api/v1/rooms/{room}/uploads/{upload.id}"
    return Response(None, status_code=201, headers={**_state(upload), "Location": location})


@head(f"{_PATH}/{{file:str}}", status_code=200)
async def tell(
    request: HttpRequest, access: Caller, room: FromPath[str], file: FromPath[str], tus_resumable: Tus = ""
) -> Response[None]:
    """Says how far an upload is."""
    parts = parts_of(request)
    seen = await _see(parts, access, room, tus_resumable)
    upload = await _own(parts, seen, access, file)
    headers = {**_state(upload), "Upload-Length": str(upload.bytes)}
    return Response(None, status_code=200, headers=headers)


@patch(
    f"{_PATH}/{{file:str}}",
    guards=[require_csrf],
    request_max_body_size=FILE_BYTES_MAX,
    opt={TAKES_BYTES: True},
    status_code=204,
)
async def send_bytes(  # noqa: PLR0917 - the framework calls by name
    request: HttpRequest,
    access: Caller,
    room: FromPath[str],
    file: FromPath[str],
    tus_resumable: Tus = "",
    upload_offset: Annotated[str, HeaderParameter(name="Upload-Offset")] = "",
    upload_checksum: Annotated[str, HeaderParameter(name="Upload-Checksum")] = "",
) -> Response[None]:
    """Sends the bytes that follow."""
    parts = parts_of(request)
    seen = await _see(parts, access, room, tus_resumable)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != OFFSET_TYPE:
        raise Problem(415, "unsupported_media_type", f"Send {OFFSET_TYPE}.")
    offset, checksum = _number("Upload-Offset", upload_offset), read_checksum(upload_checksum)
    upload = await _own(parts, seen, access, file)
    if offset != upload.received:
        raise resumable.wrong_offset()
    if upload.is_complete:  # The answer was lost on its way.
        return Response(None, status_code=204, headers=_state(upload))
    check_upload(seen, access, upload.purpose, upload.bytes)
    if offset + (request.content_length or 0) > upload.bytes:
        raise Problem(413, "too_large", "The file is larger than was said.")
    who = Sender(
        participant_id(seen.key, access.person.id),
        sender_name(seen, access),
        "administer" in access.person.capabilities,
    )
    with parts.places.place(upload.id):
        async with aclosing(request.stream()) as body:
            received = await resumable.receive(parts, upload, body, checksum, who)
    done = msgspec.structs.replace(upload, received=received)
    return Response(None, status_code=204, headers=_state(done))


@delete(f"{_PATH}/{{file:str}}", guards=[require_csrf], status_code=204)
async def give_up(
    request: HttpRequest, access: Caller, room: FromPath[str], file: FromPath[str], tus_resumable: Tus = ""
) -> Response[None]:
    """Ends an upload. A file that is in the room stays there."""
    parts = parts_of(request)
    seen = await _see(parts, access, room, tus_resumable)
    upload = await _own(parts, seen, access, file)
    await resumable.terminate(parts, upload)
    return Response(None, status_code=204, headers=_ALWAYS)


async def _see(parts: Parts, access: Access, room: str, version: str) -> Seen:
    """The room, for somebody who speaks this version. Raises Problem."""
    seen = await see(parts, access, room)
    if version != VERSION:
        told = {"Tus-Version": VERSION}
        raise Problem(412, "tus_version", f"Tus-Resumable must be {VERSION}.", headers=told)
    return seen


async def _own(parts: Parts, seen: Seen, access: Access, file: str) -> Upload:
    """The asker's own upload. Raises Problem 404 for another's, and 410 for one that is over."""
    upload = await resumable.find(parts.pool, seen.key, FileId(file), access.person.id)
    if upload.is_over(parts.clock()):
        raise Problem(410, "upload_gone", "Please choose the file again.", headers=_ALWAYS)
    return upload


def _new_id(request: HttpRequest, access: Access, room: str) -> FileId:
    """The same under the same Idempotency-Key."""
    key = request.headers.get(KEY_HEADER)
    if key is None:
        return FileId(f"f{secrets.token_hex(10)}")
    if not _KEY.match(key):
        raise malformed(f"{KEY_HEADER} has 1 to 200 visible ASCII characters.")
    return FileId(derived_id("f", access.person.tenant, room, access.person.id, "tus", key))


# --- headers -------------------------------------------------------------------------------------
def _state(upload: Upload) -> dict[str, str]:
    ends = datetime.fromtimestamp(upload.expires_at // 1000, UTC)
    return {
        **_ALWAYS,
        "Upload-Offset": str(upload.received),
        "Upload-Expires": format_datetime(ends, usegmt=True),
    }


def _number(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise malformed(f"{name}: expected a number of bytes.")
    return int(text)


def read_checksum(header: str) -> Checksum | None:
    """``<algorithm> <Base64 of the digest>``. Raises Problem 400, as tus wants it."""
    if not header:
        return None
    algorithm, _, text = header.partition(" ")
    try:
        digest = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        digest = b""
    if algorithm not in ALGORITHMS or not digest:
        known = ", ".join(ALGORITHMS)
        raise Problem(400, "checksum_algorithm", f"Upload-Checksum: expected one of {known} and its digest.")
    return Checksum(algorithm, digest)


def read_metadata(header: str) -> Metadata:
    """``key <Base64>`` pairs by comma; keys that say nothing here are passed over. Raises Problem 422."""
    if len(header) > UPLOAD_METADATA_CHARS_MAX:
        raise malformed("Upload-Metadata: too long.")
    try:
        pairs = dict(_pair(item) for item in header.split(",") if item.strip())
    except (Base64Error, ValueError) as error:
        raise malformed("Upload-Metadata: expected keys with values in Base64.") from error
    name, purpose = pairs.get("filename", ""), pairs.get("purpose", "library")
    sha256 = pairs.get("sha256", "")
    if not name:
        raise malformed("Upload-Metadata: filename is missing.")
    if purpose not in get_args(Purpose):
        raise malformed("Upload-Metadata: purpose is library, chat or slides.")
    if not re.fullmatch(r"([0-9a-f]{64})?", sha256):
        raise malformed("Upload-Metadata: sha256 has 64 hexadecimal digits.")
    return Metadata(name, msgspec.convert(purpose, Purpose), sha256)


def _pair(item: str) -> tuple[str, str]:
    key, _, value = item.strip().partition(" ")
    return key, b64decode(value, validate=True).decode()


ROUTES = [describe, create, tell, send_bytes, give_up]
