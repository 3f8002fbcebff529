"""Read models of rooms whose log was put away."""

from collections.abc import AsyncIterator

import pytest

from artifacts.archiver import put_away
from bus.interface import Archived, Bus, Stored, Unavailable
from projectors.database import TABLES, connect, migrate
from projectors.rebuild import rebuild, verify
from projectors.runner import Runner
from rooms.follower import save
from rooms.room import initial
from rooms.snapshot import Position
from tests.integration.projectors.classes import RoomLog, a_class, append
from tests.integration.projectors.conftest import position, project, running, until


async def archive(bus: Bus, log: RoomLog) -> None:
    """Puts a room's log away. Nobody loads these rooms: any snapshot will do."""
    last = [stored.stream_seq async for stored in bus.log.read(log.key)][-1]
    await save(bus, Position(initial(log.key), last))
    await put_away(bus, log.key, last)


async def rows(dsn: str) -> dict[str, list[str]]:
    """Everything in the tables."""
    async with connect(dsn) as connection:
        return {
            table: sorted(row[0] for row in await connection.fetch(f"select t::text from {table} t"))
            for table in TABLES
        }


@pytest.fixture
def school() -> list[RoomLog]:
    """Three classes."""
    return [a_class(f"room{n}", 5, 60, seed=n) for n in range(3)]


async def catch_up(bus: Bus, dsn: str) -> None:
    last = await bus.log.last_stream_seq()

    async def there() -> bool:
        return await position(dsn) == last

    async with running(Runner(bus.log, dsn)):
        await until(there)


async def empty(dsn: str) -> None:
    """The tables of a new build."""
    async with connect(dsn) as connection:
        await connection.execute("update checkpoint set definition = 'of an older build'")
    assert await migrate(dsn)


async def test_a_rebuild_reads_the_archive_then_the_stream(
    bus: Bus, tables: str, school: list[RoomLog]
) -> None:
    await project(bus, tables, school)
    before = await rows(tables)
    await archive(bus, school[0])
    await archive(bus, school[2])
    assert (await verify(bus.log, tables)).is_same
    assert (await rebuild(bus.log, tables)).is_same
    assert await rows(tables) == before
    await append(bus, [a_class("room3", 5, 60, seed=3)])
    await catch_up(bus, tables)
    assert (await verify(bus.log, tables)).is_same


async def test_tables_of_a_new_build_are_filled_from_both(
    bus: Bus, tables: str, school: list[RoomLog]
) -> None:
    await project(bus, tables, school)
    before = await rows(tables)
    for log in school:
        await archive(bus, log)
    await empty(tables)
    await catch_up(bus, tables)
    assert await rows(tables) == before


async def test_a_runner_that_was_away_for_longer_than_the_log_finds_the_rest(
    bus: Bus, tables: str, school: list[RoomLog]
) -> None:
    early = RoomLog(school[0].key)
    early.commits = school[0].commits[:20]
    await project(bus, tables, [early])
    last = await bus.log.last_stream_seq()
    for commit in school[0].commits[20:]:
        last = await bus.log.append(school[0].key, commit, topic="test", expected_stream_seq=last)
    await append(bus, school[1:])
    await archive(bus, school[0])
    await archive(bus, school[1])
    await catch_up(bus, tables)
    assert (await verify(bus.log, tables)).is_same


async def test_a_runner_that_dies_in_an_archive_goes_on_there(
    bus: Bus, tables: str, school: list[RoomLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projectors.runner.PROJECTOR_BATCH_COMMITS", 7)
    monkeypatch.setattr("projectors.runner.PROJECTOR_RETRY_S", 0.01)
    await project(bus, tables, school)
    before = await rows(tables)
    for log in school:
        await archive(bus, log)
    await empty(tables)
    real, read = bus.log.read_archived, 0

    async def breaks(archived: Archived) -> AsyncIterator[Stored]:
        nonlocal read
        async for stored in real(archived):
            read += 1
            if read % 50 == 0:
                raise Unavailable("Gone for a moment.")
            yield stored

    monkeypatch.setattr(bus.log, "read_archived", breaks)
    runner = Runner(bus.log, tables)

    async def tried() -> bool:
        return read > 150

    async with running(runner):
        await until(tried)
    monkeypatch.setattr(bus.log, "read_archived", real)
    await catch_up(bus, tables)
    assert await rows(tables) == before


async def test_two_runners_apply_an_archive_once(bus: Bus, tables: str, school: list[RoomLog]) -> None:
    await project(bus, tables, school)
    before = await rows(tables)
    for log in school:
        await archive(bus, log)
    await empty(tables)
    async with running(Runner(bus.log, tables)):
        await catch_up(bus, tables)
    assert await rows(tables) == before
