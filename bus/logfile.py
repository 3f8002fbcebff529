"""A room's log as one file: what is archived, exported and imported.

Compressed lines of JSON. The first names the form and the room; then one line per commit, with its
position in the stream, its topic and its very bytes; the last says how many there are and their hash, so
that a file that was cut or changed is not believed. The same log always gives the same bytes.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from bus.interface import Line
from schemas.ids import RoomKey
from schemas.limits import LOG_LINE_BYTES_MAX

T = TypeVar("T")

FORM = "classwire-log/1"


class LogFileError(Exception):
    """Not a whole log file of ours; the text says what is wrong."""


class Head(Struct, frozen=True):
    """The first line: whose log this is."""

    form: str
    room: RoomKey


class End(Struct, frozen=True):
    """The last line: what the file holds. ``first`` and ``last`` are stream positions."""

    commits: int
    events: int
    first: int
    last: int
    sha256: str


class _Commit(Struct, frozen=True):
    """What of a commit matters here: its place in the room's order."""

    seq: int
    events: list[Raw]


class _EndLine(Struct, frozen=True):
    end: End


_json = msgspec.json.Encoder()
_commits = msgspec.json.Decoder(_Commit)
_lines = msgspec.json.Decoder(Line)
_heads = msgspec.json.Decoder(Head)
_ends = msgspec.json.Decoder(_EndLine)


def span(commit: Raw | bytes) -> tuple[int, int]:
    """First and last ``seq`` of a commit. Raises LogFileError."""
    try:
        place = _commits.decode(commit)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LogFileError(f"not a commit: {error}") from error
    return place.seq, place.seq + len(place.events) - 1


class _Sum:
    """Counts the lines of a log and checks that none is missing."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._commits = 0
        self._first = self._last = 0
        self.seq = 0

    def add(self, line: Line, encoded: bytes) -> None:
        first, last = span(line.commit)
        if first != self.seq + 1 or line.stream_seq <= self._last:
            raise LogFileError(f"event {first} follows event {self.seq}: something is missing or doubled")
        self.seq = last
        self._first = self._first or line.stream_seq
        self._last = line.stream_seq
        self._commits += 1
        self._hash.update(encoded)

    def end(self) -> End:
        return End(self._commits, self.seq, self._first, self._last, self._hash.hexdigest())


class Writer(AbstractContextManager["Writer"]):
    """Writes a log file; without ``finish`` it stays one that nobody believes."""

    def __init__(self, path: Path, key: RoomKey) -> None:
        self._raw = path.open("wb")
        # No name and no time inside: the same log is the same bytes.
        self._file = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=self._raw, mtime=0)
        self._sum = _Sum()
        self._put(Head(FORM, key))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._raw.close()

    def write(self, line: Line) -> None:
        """Writes the next commit. Raises LogFileError when it does not follow."""
        self._sum.add(line, self._put(line))

    def write_all(self, lines: Iterable[Line]) -> None:
        """Writes the next commits. Raises LogFileError when one does not follow."""
        for line in lines:
            self.write(line)

    def finish(self) -> End:
        """Writes the last line."""
        end = self._sum.end()
        self._put(_EndLine(end))
        return end

    def _put(self, value: Any) -> bytes:
        encoded = _json.encode(value)
        self._file.write(encoded + b"\n")
        return encoded


class Reader(AbstractContextManager["Reader"]):
    """Reads a log file; ``end`` is known when all lines were read, and then they were all true."""

    def __init__(self, path: Path) -> None:
        self.end: End | None = None
        try:
            self._file = gzip.open(path, "rb")  # noqa: SIM115 - closed in ``__exit__``
            self.head = _decode(_heads, self._next())
        except OSError as error:
            raise LogFileError(f"{path} is no log file: {error}") from error
        if self.head.form != FORM:
            raise LogFileError(f"{path} has the form {self.head.form}; this build reads {FORM}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def lines(self) -> Iterator[Line]:
        """Every commit, in order. Raises LogFileError, at the latest where the file ends."""
        found = _Sum()
        while not (text := self._next()).startswith(b'{"end":'):
            line = _decode(_lines, text)
            found.add(line, text)
            yield line
        end = _decode(_ends, text).end
        if end != found.end():
            raise LogFileError("the file is damaged: its commits are not those that its last line counts")
        if self._read():
            raise LogFileError("the file goes on after its last line")
        self.end = end

    def _next(self) -> bytes:
        text = self._read()
        if not text.endswith(b"\n"):
            raise LogFileError("the file is cut off: its last line is missing")
        return text[:-1]

    def _read(self) -> bytes:
        try:
            return self._file.readline(LOG_LINE_BYTES_MAX)
        except (OSError, EOFError, zlib.error) as error:
            raise LogFileError(f"the file is damaged: {error}") from error


def check(path: Path) -> End:
    """Reads a whole file and says what is in it. Raises LogFileError."""
    with Reader(path) as reader:
        for _ in reader.lines():
            pass
    assert reader.end is not None
    return reader.end


def _decode(decoder: "msgspec.json.Decoder[T]", text: bytes) -> T:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LogFileError(f"a line is not understood: {error}") from error
