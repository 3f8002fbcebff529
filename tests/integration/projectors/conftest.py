"""A log with classes in it, and the tables beside it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import asyncpg
import pytest

from bus.interface import Bus
from bus.memory import memory_bus
from projectors.database import connect, migrate
from projectors.runner import Runner
from tests.integration.projectors.classes import RoomLog, append

_DEADLINE_S = 100.0


@pytest.fixture
async def bus() -> AsyncIterator[Bus]:
    """An empty log."""
    async with memory_bus().open("projectors-1") as opened:
        yield opened


@pytest.fixture
async def tables(database: str) -> str:
    """The DSN of a database with empty read models."""
    assert await migrate(database)
    return database


@pytest.fixture
async def pool(tables: str) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    """Connections such as the edge has."""
    async with asyncpg.create_pool(tables, min_size=1) as opened:
        yield opened


async def position(dsn: str) -> int:
    """Where the tables stand."""
    async with connect(dsn) as connection:
        found: int = await connection.fetchval("select stream_seq from checkpoint")
        return found


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Waits for a condition, with a deadline."""
    async with asyncio.timeout(_DEADLINE_S):
        while not await condition():  # noqa: ASYNC110  # What is waited for is in another process.
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(runner: Runner) -> AsyncIterator[None]:
    """A runner at work; its failure is the test's."""
    task = asyncio.create_task(runner.run())
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.wait([task])


async def project(bus: Bus, dsn: str, logs: Sequence[RoomLog]) -> None:
    """Writes the rooms' commits to the log and waits until the tables have them."""
    await append(bus, logs)
    last = await bus.log.last_stream_seq()

    async def there() -> bool:
        return await position(dsn) == last

    async with running(Runner(bus.log, dsn)):
        await until(there)
