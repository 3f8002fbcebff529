"""Export and import of a room, on the bus in memory."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from artifacts.archiver import put_away
from bus.interface import Bus, Line, Unavailable
from bus.memory import memory_bus
from deploy.ground import GroundError
from deploy.room import export_log, import_log, parse_key
from rooms.follower import load, save
from schemas.commands.roster import LeaveSession
from schemas.envelope import Commit
from schemas.ids import RoomId, RoomKey, TenantId
from tests.unit.rooms.classroom import KEY, SAM, TESS, Class

COPY = RoomKey(TenantId("other"), RoomId("copy"))


@pytest.fixture
async def bus() -> AsyncIterator[Bus]:
    """A room with a class in it."""
    async with memory_bus().open("cli") as opened:
        last = 0
        for commit in Class().live(TESS, SAM).log:
            last = await opened.log.append(KEY, commit, topic="roster", expected_stream_seq=last)
        yield opened


async def log(bus: Bus, key: RoomKey) -> list[Commit]:
    return [stored.commit async for stored in bus.log.read(key)]


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def but_positions(commits: list[Commit]) -> list[tuple[object, ...]]:
    return [(c.seq, c.at, c.cause, c.actor, c.events) for c in commits]


async def test_an_exported_room_is_played_into_an_empty_one(bus: Bus, tmp_path: Path) -> None:
    end = await export_log(bus, KEY, tmp_path / "room")
    assert names(tmp_path) == ["room"]
    assert await import_log(bus, tmp_path / "room", COPY) == end
    assert but_positions(await log(bus, COPY)) == but_positions(await log(bus, KEY))
    topics = [line.topic async for line in bus.log.lines(COPY)]
    assert topics == ["roster"] * end.commits


async def test_an_archived_room_is_exported_whole(bus: Bus, tmp_path: Path) -> None:
    await export_log(bus, KEY, tmp_path / "before")
    position = await load(bus, KEY)
    await save(bus, position)
    await put_away(bus, KEY, position.stream_seq)
    await export_log(bus, KEY, tmp_path / "after")
    assert (tmp_path / "before").read_bytes() == (tmp_path / "after").read_bytes()


async def test_an_import_that_broke_off_goes_on(bus: Bus, tmp_path: Path) -> None:
    await export_log(bus, KEY, tmp_path / "room")
    real, done = bus.log.append_line, 0

    async def breaks(key: RoomKey, line: Line, *, expected_stream_seq: int) -> int:
        nonlocal done
        done += 1
        stored = await real(key, line, expected_stream_seq=expected_stream_seq)
        if done == 3:
            raise Unavailable("Gone.")  # It was stored, and nobody knows.
        return stored

    bus.log.append_line = breaks  # type: ignore[method-assign]
    with pytest.raises(GroundError, match="goes on where it broke off"):
        await import_log(bus, tmp_path / "room", COPY)
    assert len(await log(bus, COPY)) == 3
    await import_log(bus, tmp_path / "room", COPY)
    assert but_positions(await log(bus, COPY)) == but_positions(await log(bus, KEY))
    await import_log(bus, tmp_path / "room", COPY)


async def test_a_room_with_another_log_is_refused_and_untouched(bus: Bus, tmp_path: Path) -> None:
    await export_log(bus, KEY, tmp_path / "room")
    first, *_ = Class().live(SAM).log
    await bus.log.append(COPY, first, topic="lifecycle", expected_stream_seq=0)
    before = await log(bus, COPY)
    with pytest.raises(GroundError, match="not empty"):
        await import_log(bus, tmp_path / "room", COPY)
    assert await log(bus, COPY) == before


async def test_a_room_that_went_on_is_refused(bus: Bus, tmp_path: Path) -> None:
    await export_log(bus, KEY, tmp_path / "room")
    room = Class().live(TESS, SAM)
    room.facts(SAM, LeaveSession())
    position = await load(bus, KEY)
    await bus.log.append(KEY, room.log[-1], topic="roster", expected_stream_seq=position.stream_seq)
    with pytest.raises(GroundError, match="went on"):
        await import_log(bus, tmp_path / "room", KEY)


async def test_a_damaged_file_is_refused_before_anything_is_written(bus: Bus, tmp_path: Path) -> None:
    await export_log(bus, KEY, tmp_path / "room")
    body = (tmp_path / "room").read_bytes()
    (tmp_path / "cut").write_bytes(body[: len(body) // 2])
    with pytest.raises(GroundError, match="is not imported"):
        await import_log(bus, tmp_path / "cut", COPY)
    with pytest.raises(GroundError, match="is not imported"):
        await import_log(bus, tmp_path / "missing", COPY)
    assert await log(bus, COPY) == []


async def test_a_room_that_is_not_there_leaves_no_file(bus: Bus, tmp_path: Path) -> None:
    with pytest.raises(GroundError, match="There is no room"):
        await export_log(bus, COPY, tmp_path / "room")
    assert names(tmp_path) == []


def test_a_room_is_named_by_tenant_and_room() -> None:
    assert parse_key("demo/algebra") == KEY
    for wrong in ("demo", "demo/", "demo/a/b", "demo/alg ebra", ""):
        with pytest.raises(GroundError, match="<tenant>/<room>"):
            parse_key(wrong)
