"""Files that are small on their way and huge when somebody opens them (OWASP ASVS 5.2.3, 5.2.6).

A picture says its size in its first bytes, and whoever shows it believes that: a picture of 60,000 by
60,000 points has some kilobytes and takes 14 GiB of a browser. An archive says what it unpacks to and may
lie; so it is unpacked once, to nowhere, until it is at its end or over the bound. Both run in a thread.
"""

import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from schemas.limits import ARCHIVE_BYTES_MAX, ARCHIVE_ENTRIES_MAX, STORE_CHUNK_BYTES

_CONTENTS_BYTES_MAX = ARCHIVE_ENTRIES_MAX * 128  # A name of some 80 characters each.
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x07"
_END_BYTES = 22
_TAIL_BYTES = _END_BYTES + 65_535  # The record and the longest comment after it.
_SEALED = 0x1  # Encrypted (§4.4.4): nobody can look into it.
_SEGMENTS_MAX = 1_000  # Of a JPEG before its frame: metadata of 64 KiB each, a camera writes a dozen.


# --- pictures ------------------------------------------------------------------------------------
def pixels(path: Path, media_type: str) -> int | None:
    """How many points a picture has, by its own word; None if it does not say so where it must."""
    readers = {"image/png": _png, "image/gif": _gif, "image/jpeg": _jpeg, "image/webp": _webp}
    with path.open("rb") as file:
        try:
            width, height = readers[media_type](file)
        except (struct.error, ValueError, IndexError):
            return None
    return width * height


def _png(file: BinaryIO) -> tuple[int, int]:
    # The header is the first chunk (ISO/IEC 15948 §5.6).
    head = file.read(24)
    if head[12:16] != b"IHDR":
        raise ValueError("no header")
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def _gif(file: BinaryIO) -> tuple[int, int]:
    # The logical screen (GIF89a §18); no frame may leave it (§20).
    width, height = struct.unpack("<HH", file.read(10)[6:10])
    return width, height


def _jpeg(file: BinaryIO) -> tuple[int, int]:
    """The first frame header (ITU-T T.81, table B.2); markers before it are passed over."""
    file.seek(2)
    for _ in range(_SEGMENTS_MAX):
        prefix, marker = struct.unpack(">BB", file.read(2))
        while marker == 0xFF:  # Fill bytes (B.1.1.2).
            (marker,) = struct.unpack(">B", file.read(1))
        if prefix != 0xFF:
            raise ValueError("no marker")
        (length,) = struct.unpack(">H", file.read(2))
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">xHH", file.read(5))
            return width, height
        file.seek(length - 2, 1)
    raise ValueError("no frame")


def _webp(file: BinaryIO) -> tuple[int, int]:
    """The first chunk (RFC 9649 §2.5 to §2.7): lossy, lossless, or extended with a canvas."""
    head = file.read(30)
    match head[12:16]:
        case b"VP8 ":
            width, height = struct.unpack("<HH", head[26:30])
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack("<I", head[21:25])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            canvas = head[24:30]
            if len(canvas) < 6:
                raise ValueError("cut off")
            return int.from_bytes(canvas[:3], "little") + 1, int.from_bytes(canvas[3:], "little") + 1
        case _:
            raise ValueError("no picture")


# --- archives ------------------------------------------------------------------------------------
def unpacks_to(path: Path) -> frozenset[str] | None:
    """The names in an archive; None if it is none, is damaged, sealed, or unpacks to too much.

    What its table of contents says is bounded first; then each part is unpacked and must be as long as was
    said. Parts that share their bytes (the bombs that
    grow by their square) would together be longer than the file.
    """
    try:
        if _contents_bytes(path) > _CONTENTS_BYTES_MAX:
            return None
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
            if not _is_modest(parts, path.stat().st_size):
                return None
            with path.open("rb") as file:
                for part in parts:
                    _unpack(file, part)
            return frozenset(part.filename for part in parts)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, struct.error, zlib.error):
        # A stranger wrote these bytes: a seek before the start, a name that is no text, a sealed part and a
        # version of the future each raise their own, depending on the Python. None of them is a document.
        return None


def _contents_bytes(path: Path) -> int:
    """How long the table of contents is, which the library reads whole before we see any of it.

    By the end record (APPNOTE 6.3.10, §4.3.16), looked for as the library does. An archive with 64-bit
    records (§4.3.14) is larger than any file that is taken. Raises ValueError.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
    ends_plainly = tail[-_END_BYTES:].startswith(_END) and tail.endswith(b"\0\0")
    at = len(tail) - _END_BYTES if ends_plainly else tail.rfind(_END)
    if at < 0 or _END_64 in tail[max(0, at - 20) : at]:
        raise ValueError("no archive of ours")
    (length,) = struct.unpack("<I", tail[at + 12 : at + 16])
    return int(length)


def _unpack(file: BinaryIO, part: zipfile.ZipInfo) -> None:
    """Unpacks one part to nowhere. Raises ValueError where it is not as long as was said.

    The library would stop at the length that was said, and not see what another reader unpacks.
    """
    file.seek(part.header_offset)
    head = file.read(30)  # §4.3.7.
    if head[:4] != b"PK\x03\x04" or part.flag_bits & _SEALED:
        raise ValueError("no part that can be read")
    name, extra = struct.unpack("<HH", head[26:30])
    file.seek(name + extra, 1)
    packed_left, unpacked = part.compress_size, 0
    if part.compress_type == zipfile.ZIP_STORED:
        if packed_left != part.file_size:
            raise ValueError("not as long as was said")
        return
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    while packed_left and not inflate.eof:
        data = file.read(min(packed_left, STORE_CHUNK_BYTES))
        if not data:
            raise ValueError("cut off")
        packed_left -= len(data)
        while data and not inflate.eof:
            unpacked += len(inflate.decompress(data, STORE_CHUNK_BYTES))
            data = inflate.unconsumed_tail
            if unpacked > part.file_size:
                raise ValueError("longer than was said")
    if packed_left or not inflate.eof or unpacked != part.file_size:
        raise ValueError("not as long as was said")


def _is_modest(parts: list[zipfile.ZipInfo], size: int) -> bool:
    deflated = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # All that Office programs write.
    return (
        len(parts) <= ARCHIVE_ENTRIES_MAX
        and sum(part.file_size for part in parts) <= ARCHIVE_BYTES_MAX
        and sum(part.compress_size for part in parts) <= size
        and all(part.compress_type in deflated for part in parts)
        and len({part.filename for part in parts}) == len(parts)
        and not any(part.filename.startswith("/") or ".." in part.filename.split("/") for part in parts)
    )
