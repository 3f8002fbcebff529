"""A log as a file: what is written is read, and nothing else is believed."""

import gzip
from pathlib import Path

import pytest
from msgspec import Raw

from bus.interface import Line
from bus.logfile import LogFileError, Reader, Writer, check
from schemas.envelope import encode_commit
from schemas.ids import RoomId, RoomKey, TenantId
from tests.integration.bus.given import commit

KEY = RoomKey(TenantId("t1"), RoomId("r1"))
LINES = [Line(10 * n, "chat", Raw(encode_commit(commit(n)))) for n in range(1, 6)]


def written(path: Path, lines: list[Line]) -> Path:
    with Writer(path, KEY) as writer:
        writer.write_all(lines)
        writer.finish()
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    with Reader(written(tmp_path / "log", LINES)) as reader:
        assert reader.head.room == KEY
        found = list(reader.lines())
        assert [(line.stream_seq, line.topic) for line in found] == [(10 * n, "chat") for n in range(1, 6)]
        assert [bytes(line.commit) for line in found] == [bytes(line.commit) for line in LINES]
        assert reader.end is not None
        assert (reader.end.commits, reader.end.events) == (5, 5)
        assert (reader.end.first, reader.end.last) == (10, 50)


def test_the_same_log_is_the_same_bytes(tmp_path: Path) -> None:
    one, other = written(tmp_path / "one", LINES), written(tmp_path / "other", LINES)
    assert one.read_bytes() == other.read_bytes()


def test_a_log_without_an_end_is_not_believed(tmp_path: Path) -> None:
    with Writer(tmp_path / "log", KEY) as writer:
        writer.write_all(LINES)
    with pytest.raises(LogFileError, match="cut off"):
        check(tmp_path / "log")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_was_cut_is_not_believed(tmp_path: Path, share: float) -> None:
    body = written(tmp_path / "log", LINES).read_bytes()
    (tmp_path / "cut").write_bytes(body[: int(len(body) * share)])
    with pytest.raises(LogFileError):
        check(tmp_path / "cut")


def test_a_file_that_was_changed_is_not_believed(tmp_path: Path) -> None:
    text = gzip.decompress(written(tmp_path / "log", LINES).read_bytes())
    (tmp_path / "forged").write_bytes(gzip.compress(text.replace(b"Lesson", b"Forged", 1)))
    with pytest.raises(LogFileError, match="damaged"):
        check(tmp_path / "forged")


def test_a_log_with_a_hole_is_neither_written_nor_read(tmp_path: Path) -> None:
    with pytest.raises(LogFileError, match="missing"):
        written(tmp_path / "log", [LINES[0], LINES[2]])
    with pytest.raises(LogFileError, match="missing"):
        written(tmp_path / "log", LINES[1:])


def test_other_files_are_no_logs(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not compressed")
    (tmp_path / "other").write_bytes(gzip.compress(b'{"form":"other/1","room":{"tenant":"t","room":"r"}}\n'))
    (tmp_path / "long").write_bytes(gzip.compress(b"x" * 1_000_000))
    for name in ("text", "other", "long"):
        with pytest.raises(LogFileError):
            check(tmp_path / name)
