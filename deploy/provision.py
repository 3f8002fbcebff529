"""What must exist before the roles start: streams and buckets on NATS, tables in PostgreSQL, an S3 bucket.

Each step may be repeated; ``classwire setup`` runs them in production, ``classwire up`` at every start.
"""

import asyncio

import bus.setup
import edge.identity
import projectors.database
from artifacts.store import Store
from schemas.settings import Settings


async def everything(settings: Settings) -> None:
    """All of it, at once; the first failure ends it."""
    async with asyncio.TaskGroup() as group:
        group.create_task(bus.setup.create(settings))
        group.create_task(_tables(settings.postgres))
        group.create_task(Store(settings).ensure_bucket())


async def _tables(dsn: str) -> None:
    await edge.identity.migrate(dsn)
    await projectors.database.migrate(dsn)
