"""A log of which a part was put away: one suite for NATS with a real S3, and for the memory."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

import bus.setup
from bus.archive import log_name
from bus.interface import Archived, Bus, Conflict, Line, Purged
from bus.logfile import Writer
from bus.memory import memory_bus
from bus.nats import connect
from schemas.ids import RoomKey
from schemas.settings import Settings
from tests.integration.bus.given import OTHER_ROOM, ROOM, TOPIC, commit


@pytest.fixture(params=["nats", "memory"])
async def log_bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    """A process on an empty log, with an archive."""
    async with AsyncExitStack() as stack:
        if request.param == "memory":
            yield await stack.enter_async_context(memory_bus().open("p1", role="rooms"))
        else:
            settings: Settings = request.getfixturevalue("settings")
            await bus.setup.create(settings)
            yield await stack.enter_async_context(connect(replace(settings, process="p1"), "rooms"))


async def append(log_bus: Bus, key: RoomKey, commits: int, *, topic: str = TOPIC) -> list[Line]:
    """Commits of one event each; as they are stored."""
    last = 0
    for seq in range(1, commits + 1):
        last = await log_bus.log.append(key, commit(seq), topic=topic, expected_stream_seq=last)
    return [line async for line in log_bus.log.lines(key)]


async def put(log_bus: Bus, key: RoomKey, lines: list[Line], path: Path) -> Archived:
    """These lines lie in the archive, and nothing is gone from the stream."""
    with Writer(path, key) as writer:
        writer.write_all(lines)
        end = writer.finish()
    archived = Archived(key, end.first, end.last)
    await log_bus.archive.put_file(log_name(archived), path)
    return archived


async def seqs(log_bus: Bus, key: RoomKey) -> list[int]:
    return [stored.commit.seq async for stored in log_bus.log.read(key)]


async def test_a_log_that_begins_in_the_archive_is_read_as_one(log_bus: Bus, tmp_path: Path) -> None:
    lines = await append(log_bus, ROOM, 6)
    archived = await put(log_bus, ROOM, lines[:5], tmp_path / "log")
    await log_bus.log.purge(ROOM, before_stream_seq=lines[4].stream_seq)
    assert [line async for line in log_bus.log.lines(ROOM)] == lines
    assert await seqs(log_bus, ROOM) == [1, 2, 3, 4, 5, 6]
    assert await log_bus.log.archives() == (archived,)
    again = [stored async for stored in log_bus.log.read_archived(archived)]
    assert [(stored.stream_seq, stored.commit.seq) for stored in again] == [
        (line.stream_seq, n) for n, line in enumerate(lines[:5], 1)
    ]


async def test_of_two_archived_logs_the_longer_one_counts(log_bus: Bus, tmp_path: Path) -> None:
    lines = await append(log_bus, ROOM, 4)
    await put(log_bus, ROOM, lines[:2], tmp_path / "short")
    longer = await put(log_bus, ROOM, lines[:3], tmp_path / "long")
    await log_bus.archive.put("log/not-one-of-ours", b"x")
    assert await log_bus.log.archives() == (longer,)
    await log_bus.log.purge(ROOM, before_stream_seq=lines[3].stream_seq)
    assert await seqs(log_bus, ROOM) == [1, 2, 3, 4]


async def test_a_hole_that_no_archive_fills_is_said(log_bus: Bus, tmp_path: Path) -> None:
    lines = await append(log_bus, ROOM, 5)
    await log_bus.log.purge(ROOM, before_stream_seq=lines[3].stream_seq)
    with pytest.raises(Purged, match="neither here nor archived"):
        await seqs(log_bus, ROOM)
    await put(log_bus, ROOM, lines[:2], tmp_path / "log")  # Event 3 is nowhere.
    with pytest.raises(Purged, match="between 2 and 4"):
        await seqs(log_bus, ROOM)


async def test_nothing_of_a_damaged_file_is_believed(log_bus: Bus, tmp_path: Path) -> None:
    lines = await append(log_bus, ROOM, 5)
    path = tmp_path / "log"
    archived = await put(log_bus, ROOM, lines[:3], path)
    path.write_bytes(path.read_bytes()[:-12])
    await log_bus.archive.put_file(log_name(archived), path)
    await log_bus.log.purge(ROOM, before_stream_seq=lines[3].stream_seq)
    with pytest.raises(Purged, match="cannot be used"):
        await seqs(log_bus, ROOM)
    with pytest.raises(Purged, match="cannot be used"):
        assert not [stored async for stored in log_bus.log.read_archived(archived)]


async def test_the_end_of_every_log_is_known_with_its_last_redaction(log_bus: Bus) -> None:
    await append(log_bus, ROOM, 3)
    redacted = (await append(log_bus, OTHER_ROOM, 2, topic="redaction"))[-1].stream_seq
    last = await log_bus.log.append(OTHER_ROOM, commit(3), topic=TOPIC, expected_stream_seq=redacted)
    ends = {end.key: end for end in await log_bus.log.latest()}
    assert ends[ROOM].redacted == 0
    assert (ends[OTHER_ROOM].stream_seq, ends[OTHER_ROOM].redacted) == (last, redacted)
    assert ends[OTHER_ROOM].at == commit(3).at


async def test_a_line_goes_back_as_it_was_and_only_in_its_place(log_bus: Bus) -> None:
    first, second = await append(log_bus, ROOM, 2)
    at = await log_bus.log.append_line(OTHER_ROOM, first, expected_stream_seq=0)
    with pytest.raises(Conflict):
        await log_bus.log.append_line(OTHER_ROOM, second, expected_stream_seq=0)
    await log_bus.log.append_line(OTHER_ROOM, second, expected_stream_seq=at)
    again = [line async for line in log_bus.log.lines(OTHER_ROOM)]
    assert [(line.topic, bytes(line.commit)) for line in again] == [
        (line.topic, bytes(line.commit)) for line in (first, second)
    ]
