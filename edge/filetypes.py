"""Which files are taken, and how they are known: by their bytes, never by their name.

An allow-list as data. A general guesser of file types knows hundreds that we refuse anyway, and takes the
likeliest; here a type is known for certain or not taken. Nothing that a browser or an office program
would run is on the list: no HTML, no SVG, no archive, no macro. A picture or a document that is small on
its way and huge when it is opened (``edge.bombs``) is not taken either.
"""

import codecs
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from edge.bombs import pixels, unpacks_to
from schemas.commands.files import Purpose
from schemas.limits import IMAGE_PIXELS_MAX

Head = bytes
"""The first ``FILE_SNIFFED_BYTES`` of a file, or all of it."""


class FileType(Struct, frozen=True):
    """A type that is taken: its media type, the endings its name may have (the first is its own), what
    its first bytes say, and for Office documents the part that makes them one."""

    media_type: str
    endings: tuple[str, ...]
    matches: Callable[[Head], bool]
    part: str = ""


def _begins(*signatures: bytes) -> Callable[[Head], bool]:
    return lambda head: head.startswith(signatures)


def _riff(form: bytes) -> Callable[[Head], bool]:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == form


def _iso(*brands: bytes) -> Callable[[Head], bool]:
    return lambda head: head[4:8] == b"ftyp" and head[8:12].startswith(brands)


def _is_webm(head: Head) -> bool:
    return head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head[:64]


def _is_mp3(head: Head) -> bool:
    # A frame header of MPEG layer III without ID3 in front (ISO/IEC 11172-3 §2.4.1.3).
    return head.startswith(b"ID3") or (head[:1] == b"\xff" and head[1:2] in {b"\xfb", b"\xf3", b"\xf2"})


def _is_text(head: Head) -> bool:
    """UTF-8 without control characters; the last character may be cut."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(c >= " " or c in "\t\n\r\f" for c in text)


_ZIP = _begins(b"PK\x03\x04")
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."


def _open_document(kind: str) -> Callable[[Head], bool]:
    # The first member is stored and is the type itself (OpenDocument 1.3, part 2, §3.3).
    return lambda head: head[30:].startswith(f"mimetype{_OPEN}{kind}".encode()) and _ZIP(head)


TYPES: tuple[FileType, ...] = (
    FileType("application/pdf", (".pdf",), _begins(b"%PDF-")),
    FileType("image/png", (".png",), _begins(b"\x89PNG\r\n\x1a\n")),
    FileType("image/jpeg", (".jpg", ".jpeg"), _begins(b"\xff\xd8\xff")),
    FileType("image/gif", (".gif",), _begins(b"GIF87a", b"GIF89a")),
    FileType("image/webp", (".webp",), _riff(b"WEBP")),
    FileType("audio/wav", (".wav",), _riff(b"WAVE")),
    FileType("audio/mpeg", (".mp3",), _is_mp3),
    FileType("audio/ogg", (".ogg", ".oga", ".opus"), _begins(b"OggS")),
    FileType("audio/mp4", (".m4a",), _iso(b"M4A")),
    FileType("video/quicktime", (".mov",), _iso(b"qt")),
    FileType("video/mp4", (".mp4", ".m4v"), _iso(b"iso", b"mp4", b"avc1", b"M4V", b"dash")),
    FileType("video/webm", (".webm",), _is_webm),
    FileType(f"{_OPEN}text", (".odt",), _open_document("text"), "content.xml"),
    FileType(f"{_OPEN}presentation", (".odp",), _open_document("presentation"), "content.xml"),
    FileType(f"{_OPEN}spreadsheet", (".ods",), _open_document("spreadsheet"), "content.xml"),
    FileType(f"{_OFFICE}wordprocessingml.document", (".docx",), _ZIP, "word/document.xml"),
    FileType(f"{_OFFICE}presentationml.presentation", (".pptx",), _ZIP, "ppt/presentation.xml"),
    FileType(f"{_OFFICE}spreadsheetml.sheet", (".xlsx",), _ZIP, "xl/workbook.xml"),
    FileType("text/plain", (".txt", ".md", ".csv", ".tex", ".py"), _is_text),
)
"""Asked in this order."""

BY_PURPOSE: dict[Purpose, frozenset[str]] = {
    "library": frozenset(t.media_type for t in TYPES),
    "chat": frozenset(t.media_type for t in TYPES),
    "slides": frozenset({"application/pdf", "image/png", "image/jpeg", "image/webp"}),
}
"""Slides are what a page can show without running anything."""


def could_be(head: Head, ending: str, purpose: Purpose) -> bool:
    """Whether a file that begins so may become one that is taken under this ending."""
    return any(ending in t.endings and t.media_type in BY_PURPOSE[purpose] and t.matches(head) for t in TYPES)


def identify(path: Path, head: Head, ending: str, purpose: Purpose) -> FileType | None:
    """What a whole file is; None if it is not taken, or is not what its ending says."""
    for kind in TYPES:
        if kind.matches(head) and (not kind.part or _has_part(path, kind.part)):
            is_taken = ending in kind.endings and kind.media_type in BY_PURPOSE[purpose]
            return kind if is_taken and _is_bearable(path, kind) else None
    return None


def _has_part(path: Path, part: str) -> bool:
    """Whether an Office document has this part, no program in it, and bears unpacking."""
    names = unpacks_to(path)
    return names is not None and part in names and not any(map(_is_program, names))


def _is_program(name: str) -> bool:
    """Macros of Office Open XML and of OpenDocument (part 2, §3.1 leaves other folders to programs)."""
    lower = name.lower()
    return lower.endswith("vbaproject.bin") or lower.startswith(("basic/", "scripts/"))


def _is_bearable(path: Path, kind: FileType) -> bool:
    """Whether a picture has a size, and one that a browser can show."""
    if not kind.media_type.startswith("image/"):
        return True
    found = pixels(path, kind.media_type)
    return found is not None and 0 < found <= IMAGE_PIXELS_MAX
