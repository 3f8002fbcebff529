"""What of an upload needs no server: tickets, types by their bytes, and what a scanner says."""

import asyncio
import hashlib
import shlex
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from litestar.exceptions import InternalServerException

from edge.filetypes import BY_PURPOSE, TYPES, could_be, identify
from edge.problems import Problem
from edge.scanning import ScanError, scanner
from edge.tokens import RemoteTokenError, new_ring
from edge.uploads import Places, Ticket, read_ticket, sign_ticket, taken
from schemas.ids import FileId, RoomId, RoomKey, TenantId
from schemas.limits import UPLOADS_AT_ONCE_MAX
from schemas.settings import SettingsError
from tests.unit.edge.fake_clamd import EICAR, clamd

KEY = RoomKey(TenantId("demo"), RoomId("physics"))
NOW = 1_763_719_200_000
RING = new_ring(NOW)
TICKET = Ticket(KEY, FileId("f1"), "sam", "notes.txt", 5, "", "library", NOW + 1_000)


# --- tickets -------------------------------------------------------------------------------------
def test_a_ticket_says_what_was_signed_until_its_end() -> None:
    text = sign_ticket(RING, TICKET)
    assert read_ticket(RING, text, NOW) == TICKET
    with pytest.raises(RemoteTokenError):
        read_ticket(RING, text, NOW + 1_000)


@pytest.mark.parametrize("text", ["", ".", "x.y", "x" * 3_000, "é.é"])
def test_what_is_no_ticket_is_refused(text: str) -> None:
    with pytest.raises(RemoteTokenError):
        read_ticket(RING, text, NOW)


def test_a_ticket_cannot_be_changed_nor_made_elsewhere() -> None:
    body, _, mac = sign_ticket(RING, TICKET).partition(".")
    other, _, _ = sign_ticket(RING, msgspec.structs.replace(TICKET, bytes=6)).partition(".")
    for text in (f"{other}.{mac}", f"{body}.{mac[:-2]}", sign_ticket(new_ring(NOW), TICKET)):
        with pytest.raises(RemoteTokenError):
            read_ticket(RING, text, NOW)


def test_places_are_bounded_and_a_file_has_one() -> None:
    places = Places()
    with places.place(FileId("f1")):
        with pytest.raises(Problem) as same, places.place(FileId("f1")):
            pass
        assert same.value.code == "upload_running"
    taken_ones = [places.place(FileId(f"f{n}")) for n in range(UPLOADS_AT_ONCE_MAX)]
    for place in taken_ones:
        place.__enter__()
    with pytest.raises(Problem) as full, places.place(FileId("more")):
        pass
    assert full.value.code == "busy"
    for place in taken_ones:
        place.__exit__(None, None, None)
    with places.place(FileId("more")):
        pass


# --- types ---------------------------------------------------------------------------------------
HEADS = {
    ".pdf": b"%PDF-1.7\n",
    ".png": b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x10\0\0\0\x10",
    ".jpg": b"\xff\xd8\xff\xe0\0\x06JFIF\xff\xc0\0\x0b\x08\0\x10\0\x10\x01",
    ".gif": b"GIF89a\x10\0\x10\0",
    ".webp": b"RIFF\x00\x00\x00\x00WEBPVP8L\x05\0\0\0\x2f\x0f\xc0\x03\0",
    ".wav": b"RIFF\x00\x00\x00\x00WAVEfmt ",
    ".mp3": b"ID3\x04\x00",
    ".ogg": b"OggS\x00\x02",
    ".m4a": b"\x00\x00\x00\x20ftypM4A ",
    ".mov": b"\x00\x00\x00\x14ftypqt  ",
    ".mp4": b"\x00\x00\x00\x20ftypisom",
    ".webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm",
    ".txt": "Grüße, ∂u/∂t".encode(),
}


@pytest.mark.parametrize("ending", HEADS)
def test_a_type_is_known_by_its_bytes(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "f"
    path.write_bytes(HEADS[ending])
    found = identify(path, HEADS[ending], ending, "library")
    assert found is not None
    assert found.endings[0] == ending
    assert could_be(HEADS[ending], ending, "library")


@pytest.mark.parametrize("ending", HEADS)
def test_a_name_that_promises_something_else_is_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "f"
    others = (head for other, head in HEADS.items() if other != ending)
    for head in (*others, b"<!doctype html><script>alert(1)</script>" if ending != ".txt" else b"\0"):
        path.write_bytes(head)
        assert identify(path, head, ending, "library") is None


@pytest.mark.parametrize(
    ("ending", "part"),
    [(".docx", "word/document.xml"), (".pptx", "ppt/presentation.xml"), (".xlsx", "xl/workbook.xml")],
)
def test_office_documents_are_known_by_their_parts_and_refused_with_programs(
    tmp_path: Path, ending: str, part: str
) -> None:
    path = tmp_path / "f"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("[Content_Types].xml", "<x/>")
        packed.writestr(part, "<x/>")
    head = path.read_bytes()[:8_192]
    assert identify(path, head, ending, "library") is not None
    assert identify(path, head, ".zip", "library") is None
    assert identify(path, head, ending, "slides") is None
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("word/vbaProject.bin", "x")
    assert identify(path, head, ending, "library") is None
    path.write_bytes(head[:40])
    assert identify(path, head[:40], ending, "library") is None


def test_open_documents_say_what_they_are_first(tmp_path: Path) -> None:
    path = tmp_path / "f"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        packed.writestr("content.xml", "<x/>")
    head = path.read_bytes()
    assert identify(path, head, ".odt", "library") is not None
    assert identify(path, head, ".ods", "library") is None
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("Basic/Standard/Module1.xml", "x")
    assert identify(path, path.read_bytes()[:8_192], ".odt", "library") is None


def test_text_may_end_in_the_middle_of_a_character() -> None:
    text = "ü".encode()
    assert could_be(text[:1], ".txt", "library")
    assert not could_be(b"a\x00b", ".txt", "library")
    assert not could_be(b"\xff\xfe", ".txt", "library")


def test_slides_are_pages_and_pictures_and_nothing_that_runs_is_taken() -> None:
    assert BY_PURPOSE["slides"] < BY_PURPOSE["library"]
    endings = {ending for kind in TYPES for ending in kind.endings}
    assert not endings & {".html", ".svg", ".js", ".exe", ".zip", ".docm", ".swf", ".hta"}


# --- bodies --------------------------------------------------------------------------------------
async def body(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@pytest.mark.parametrize(
    ("ticket", "chunks", "code"),
    [
        (TICKET, (b"Hello, world",), "too_large"),
        (TICKET, (b"He",), "too_short"),
        (TICKET, (b"\x00\x01\x02\x03\x04",), "file_type"),
        (msgspec.structs.replace(TICKET, sha256="0" * 64), (b"Hello",), "digest_mismatch"),
        (msgspec.structs.replace(TICKET, bytes=1 << 30), (b"\0" * 9_000, b"x" * 9_000), "file_type"),
    ],
)
async def test_a_body_that_is_not_as_announced_is_refused(
    ticket: Ticket, chunks: tuple[bytes, ...], code: str
) -> None:
    with pytest.raises(Problem) as refused:
        async with taken(body(*chunks), ticket, None):
            pass
    assert refused.value.code == code


async def test_a_body_whose_sender_goes_away_is_cut_off() -> None:
    async def gone() -> AsyncIterator[bytes]:
        yield b"He"
        raise InternalServerException("client disconnected prematurely")

    with pytest.raises(Problem) as refused:
        async with taken(gone(), TICKET, None):
            pass
    assert refused.value.code == "cut_off"


async def test_a_body_that_stands_still_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def still() -> AsyncIterator[bytes]:
        yield b"He"
        await asyncio.Event().wait()

    monkeypatch.setattr("edge.uploads.UPLOAD_SILENT_S", 0.001)
    with pytest.raises(Problem) as refused:
        async with taken(still(), TICKET, None):
            pass
    assert refused.value.code == "too_slow"


async def test_a_long_body_is_written_and_hashed_in_pieces() -> None:
    content = "äöü".encode() * 500_000
    digest = hashlib.sha256(content).hexdigest()
    ticket = msgspec.structs.replace(TICKET, bytes=len(content), sha256=digest)
    pieces = (content[at : at + 65_536] for at in range(0, len(content), 65_536))
    async with taken(body(*pieces), ticket, None) as file:
        assert (file.path.stat().st_size, file.sha256) == (len(content), digest)


async def test_a_body_is_in_scratch_space_only_while_it_is_worked_on() -> None:
    async with taken(body(b"He", b"l", b"lo"), TICKET, None) as file:
        assert (file.path.read_bytes(), file.media_type) == (b"Hello", "text/plain")
        path = file.path
    assert not path.parent.exists()


# --- scanners ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("answer", "finding"),
    [(b"stream: OK\0", None), (None, "Eicar-Signature")],
)
async def test_clamd_is_given_the_bytes_and_believed(
    tmp_path: Path, answer: bytes | None, finding: str | None
) -> None:
    (tmp_path / "f").write_bytes(EICAR * 2_000)
    async with clamd(answer) as (address, given):
        scan = scanner(address)
        assert scan is not None
        assert await scan(tmp_path / "f") == finding
    assert given == [EICAR * 2_000]


@pytest.mark.parametrize("answer", [b"INSTREAM size limit exceeded. ERROR\0", b"", b"stream: OK"])
async def test_a_scanner_that_does_not_answer_plainly_has_failed(tmp_path: Path, answer: bytes) -> None:
    (tmp_path / "f").write_bytes(b"x")
    async with clamd(answer) as (address, _):
        scan = scanner(address)
        assert scan is not None
        with pytest.raises(ScanError):
            await scan(tmp_path / "f")


@pytest.mark.parametrize("setting", ["clamd://127.0.0.1:1", "unix:/nowhere.sock", "/no/such/command"])
async def test_a_scanner_that_is_not_there_has_failed(tmp_path: Path, setting: str) -> None:
    scan = scanner(setting)
    assert scan is not None
    with pytest.raises(ScanError):
        await scan(tmp_path)


@pytest.mark.parametrize(("ends", "finding"), [(0, None), (1, "something"), (2, ScanError)])
async def test_a_command_says_by_its_end_what_it_found(
    tmp_path: Path, ends: int, finding: str | type[Exception] | None
) -> None:
    code = f"import sys; sys.exit({ends} if sys.argv[1].endswith('f') else 3)"
    scan = scanner(shlex.join([sys.executable, "-c", code]))
    assert scan is not None
    if isinstance(finding, type):
        with pytest.raises(finding):
            await scan(tmp_path / "f")
    else:
        assert await scan(tmp_path / "f") == finding


def test_no_scanner_is_a_choice_and_a_strange_one_an_error() -> None:
    assert scanner("") is None
    with pytest.raises(SettingsError):
        scanner("http://scanner.example/")


async def test_what_a_scanner_finds_or_fails_at_is_not_taken() -> None:
    async def finds(path: Path) -> str | None:
        return f"something in {path.name}"

    async def fails(path: Path) -> str | None:
        raise ScanError(str(path))

    for scan, code in ((finds, "infected"), (fails, "scan_failed")):
        with pytest.raises(Problem) as refused:
            async with taken(body(b"Hello"), TICKET, scan):
                pass
        assert refused.value.code == code
