"""Runs an artifact worker: ``python -m artifacts``."""

import asyncio
import contextlib
import logging
import os
import signal
from pathlib import Path

from artifacts.archiver import archive_rooms
from artifacts.errors import StoreError
from artifacts.store import Store
from artifacts.webhooks import deliver
from artifacts.worker import work
from bus import health, nats
from bus.interface import Bus
from schemas.limits import JOB_BACKOFF_S
from schemas.settings import Settings, read
from schemas.webhooks import read_networks


def main() -> None:
    """Makes artifacts of recordings until SIGTERM or SIGINT."""
    settings = read(os.environ)
    logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(name)s %(message)s")
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    this = asyncio.current_task()
    assert this is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, this.cancel)
    scratch = Path(settings.work_dir) if settings.work_dir else None
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
    store = Store(settings)
    networks = read_networks(settings.webhook_networks)
    async with nats.connect(settings, "artifacts") as bus:

        def ready() -> str | None:
            return None if bus.is_connected else "no connection to the log"

        async with health.serve_health(settings.health_port, ready), asyncio.TaskGroup() as group:
            group.create_task(_record(bus, store, scratch))
            group.create_task(archive_rooms(bus, settings.log_retention_s, scratch))
            group.create_task(deliver(bus, networks))


async def _record(bus: Bus, store: Store, scratch: Path | None) -> None:
    await _wait_for(store)
    await work(bus, store, scratch)


async def _wait_for(store: Store) -> None:
    while True:
        try:
            return await store.ensure_bucket()
        except StoreError as error:
            logging.getLogger("artifacts").warning("no object store yet: %s", error)
            await asyncio.sleep(JOB_BACKOFF_S[0])


if __name__ == "__main__":
    main()
