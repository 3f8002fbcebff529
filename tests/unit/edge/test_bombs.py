"""Small on their way and huge when opened: pixel floods and archives that unpack to too much."""

import random
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from edge.bombs import pixels, unpacks_to
from edge.filetypes import identify
from schemas.limits import ARCHIVE_BYTES_MAX, ARCHIVE_ENTRIES_MAX, IMAGE_PIXELS_MAX


def png(width: int, height: int) -> bytes:
    """The head of a PNG."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", width, height, 8, 2, 0, 0, 0)


def gif(width: int, height: int) -> bytes:
    """The head of a GIF."""
    return b"GIF89a" + struct.pack("<HH", width, height)


def jpeg(width: int, height: int) -> bytes:
    """A JPEG's head with metadata, fill bytes and a progressive frame."""
    metadata = b"\xff\xe1" + struct.pack(">H", 2 + 5_000) + b"\xff\xc0\0\x11" * 1_250
    return b"\xff\xd8" + metadata + b"\xff\xff\xff\xc2" + struct.pack(">HBHHB", 17, 8, height, width, 3)


def webp(kind: bytes, width: int, height: int) -> bytes:
    """A WebP's head of one of its three forms."""
    head = b"RIFF\0\0\0\0WEBP" + kind + b"\0\0\0\0"
    match kind:
        case b"VP8 ":
            return head + b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height)
        case b"VP8L":
            return head + b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(5)
        case _:
            size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
            return head + bytes(4) + size


HEADS = {
    "png": ("image/png", ".png", png),
    "gif": ("image/gif", ".gif", gif),
    "jpeg": ("image/jpeg", ".jpg", jpeg),
    "lossy": ("image/webp", ".webp", lambda w, h: webp(b"VP8 ", w, h)),
    "lossless": ("image/webp", ".webp", lambda w, h: webp(b"VP8L", w, h)),
    "extended": ("image/webp", ".webp", lambda w, h: webp(b"VP8X", w, h)),
}


@pytest.mark.parametrize("form", HEADS)
def test_a_picture_says_how_large_it_is_and_a_flood_is_refused(tmp_path: Path, form: str) -> None:
    """Before anybody has unpacked a single point of it."""
    media_type, ending, head = HEADS[form]
    path = tmp_path / "f"
    path.write_bytes(head(640, 480))
    assert pixels(path, media_type) == 640 * 480
    assert identify(path, path.read_bytes()[:8_192], ending, "library") is not None
    path.write_bytes(head(16_000, 16_000))
    assert IMAGE_PIXELS_MAX < 16_000 * 16_000
    assert identify(path, path.read_bytes()[:8_192], ending, "slides") is None
    for cut in range(3, len(head(9, 9)) - 1):
        path.write_bytes(head(9, 9)[:cut])
        assert pixels(path, media_type) in {None, 81}
    if form != "extended":
        path.write_bytes(head(0, 9) if form != "lossless" else head(1, 1)[:20])
        assert identify(path, path.read_bytes(), ending, "library") is None


def test_random_bytes_are_no_picture_and_no_archive(tmp_path: Path) -> None:
    """Nothing but None comes of them."""
    chance = random.Random(5)
    path = tmp_path / "f"
    for _ in range(500):
        media_type, _, head = chance.choice(list(HEADS.values()))
        data = bytearray(head(9, 9))
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(3, len(data))] = chance.randrange(256)
        path.write_bytes(data[: chance.randrange(len(data))])
        pixels(path, media_type)
        assert unpacks_to(path) is None


def document(path: Path, **parts: bytes) -> Path:
    """A Word document with these parts too."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", b"<x/>")
        for name, content in parts.items():
            packed.writestr(name, content)
    return path


def is_document(path: Path) -> bool:
    """Whether it is taken."""
    return identify(path, path.read_bytes()[:8_192], ".docx", "library") is not None


def test_an_honest_document_is_taken(tmp_path: Path) -> None:
    """Every part is unpacked once."""
    path = document(tmp_path / "f", picture=b"abc" * 100_000)
    assert is_document(path)
    data = bytearray(path.read_bytes())
    at = data.index(b"picture") + len("picture") + 20
    data[at : at + 40] = b"\xff" * 40
    path.write_bytes(data)
    assert unpacks_to(path) is None, "a damaged one is not"


def test_a_bomb_that_says_so_is_refused_unopened(tmp_path: Path) -> None:
    """By its table of contents."""
    path = document(tmp_path / "f", bomb=b"x")
    data = path.read_bytes()
    at = data.rindex(b"PK\x01\x02")
    path.write_bytes(data[: at + 24] + struct.pack("<I", ARCHIVE_BYTES_MAX + 1) + data[at + 28 :])
    assert not is_document(path)


def test_a_bomb_that_lies_is_refused(tmp_path: Path) -> None:
    """Whatever checksum it gives."""
    content = bytes(3_000_000)
    path = document(tmp_path / "f", bomb=content)
    data = path.read_bytes()
    at = data.rindex(b"PK\x01\x02")
    path.write_bytes(data[: at + 24] + struct.pack("<I", 10) + data[at + 28 :])
    assert not is_document(path)
    checksum = struct.pack("<I", zlib.crc32(content[:10]))
    data = data[: at + 16] + checksum + data[at + 20 : at + 24] + struct.pack("<I", 10) + data[at + 28 :]
    path.write_bytes(data)
    assert not is_document(path), "also when the checksum is that of its beginning"


def test_parts_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """Overlapping parts multiply what a file unpacks to."""
    path = document(tmp_path / "f", bomb=random.Random(1).randbytes(5_000))
    data = path.read_bytes()
    end = data.rindex(b"PK\x05\x06")
    start = struct.unpack("<I", data[end + 16 : end + 20])[0]
    entry = data[data.rindex(b"PK\x01\x02") : end]
    more = b"".join(entry.replace(b"bomb", f"bo{n:02}".encode()) for n in range(50))
    contents = data[start:end] + more
    count = struct.pack("<HHII", 52, 52, len(contents), start)
    path.write_bytes(data[:start] + contents + data[end : end + 8] + count + b"\0\0")
    assert not is_document(path)


def test_too_many_parts_a_path_and_64_bits_are_refused(tmp_path: Path) -> None:
    """A table of contents that is too long is not even read."""
    path = tmp_path / "f"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("word/document.xml", b"")
        for n in range(ARCHIVE_ENTRIES_MAX):
            packed.writestr(f"{n}{'x' * 60}", b"")
    assert not is_document(path)
    for name in ("../evil", "/etc/passwd", "a/../../b"):
        assert not is_document(document(path, **{name: b"x"}))
    data = document(path).read_bytes()
    end = data.rindex(b"PK\x05\x06")
    path.write_bytes(data[:end] + b"PK\x06\x07" + bytes(16) + data[end:])
    assert not is_document(path)
