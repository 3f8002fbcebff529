"""SIGKILL of the projectors' process in the middle of a transaction, twenty times (reliability F2).

Takes half a minute: each life is a whole process that begins anew.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from bus import setup
from bus.nats import connect as connect_bus
from projectors.database import TABLES, connect, migrate
from projectors.rebuild import verify
from schemas.settings import Settings
from tests.integration.projectors.classes import append
from tests.integration.projectors.conftest import position, until
from tests.integration.projectors.stories import histories

if TYPE_CHECKING:
    from projectors.database import Connection

KILLS = 20


@contextmanager
def projectors(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """The process as ``classwire up`` runs it; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "projectors"],
        env={
            "PATH": os.environ["PATH"],
            "CLASSWIRE_NATS_URL": settings.nats_url,
            "CLASSWIRE_POSTGRES": settings.postgres,
            "CLASSWIRE_S3_ENDPOINT": settings.s3_endpoint,
            "CLASSWIRE_S3_ACCESS_KEY": settings.s3_access_key,
            "CLASSWIRE_S3_SECRET_KEY": settings.s3_secret_key,
            "CLASSWIRE_S3_BUCKET": settings.s3_bucket,
            "CLASSWIRE_HEALTH_PORT": "0",
        },
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def stands(holder: "Connection", table: str, goal: int) -> bool:
    """Whether somebody waits for this table, with rows written and not committed; or has no more to do."""
    waits: bool = await holder.fetchval(
        "select exists (select from pg_locks where not granted and relation = $1::text::regclass)", table
    )
    reached: int = await holder.fetchval("select stream_seq from checkpoint")
    return waits or reached == goal


async def moved(dsn: str, since: int) -> bool:
    """Whether the tables are beyond this position."""
    return await position(dsn) > since


@pytest.mark.timeout(240)
async def test_killed_in_the_middle_of_a_batch_it_leaves_nothing_behind(settings: Settings) -> None:
    """The test holds a table that the batch must write, kills whoever waits for it, and lets go."""
    chance = random.Random(20)
    await setup.create(settings)
    await migrate(settings.postgres)
    async with connect_bus(settings, "projectors") as bus, connect(settings.postgres) as holder:
        await append(bus, histories(7, steps=120))
        last = await bus.log.last_stream_seq()
        for kill in range(KILLS):
            before = await position(settings.postgres)
            if before == last:
                await append(bus, histories(100 + kill, steps=40))
                last = await bus.log.last_stream_seq()
            table = chance.choice(TABLES)
            with projectors(settings) as process:
                if kill % 3 == 0:
                    await until(partial(moved, settings.postgres, before))
                async with holder.transaction():
                    await holder.execute(f"lock table {table} in exclusive mode")
                    await until(partial(stands, holder, table, last))
                    process.send_signal(signal.SIGKILL)
                    assert await asyncio.to_thread(process.wait) == -signal.SIGKILL
            print(f"kill {kill + 1} at {table}: {before} -> {await position(settings.postgres)} of {last}")
        with projectors(settings):

            async def there() -> bool:
                return await position(settings.postgres) == last

            await until(there)
        report = await verify(bus.log, settings.postgres)
        assert report.is_same, report
