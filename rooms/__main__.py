"""Runs the rooms service: ``python -m rooms``."""

import asyncio
import logging
import os
import signal
import sys

import uvloop

from bus.health import serve_health
from bus.nats import connect
from rooms.service.run import rooms_service
from schemas.settings import Settings, SettingsError, read

log = logging.getLogger("rooms")


def main() -> None:
    """Decides the commands of all rooms, or of its share, until SIGTERM or SIGINT."""
    try:
        settings = read(os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    uvloop.run(run(settings))


async def run(settings: Settings) -> None:
    """Connects, decides, and on leaving gives its partitions away, so that a partner goes on at once."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with (
        connect(settings, "rooms") as bus,
        rooms_service(bus) as ownership,
        serve_health(settings.health_port, lambda: ownership.trouble),
    ):
        log.info("rooms decides as %s", bus.process)
        await stopping.wait()


if __name__ == "__main__":
    main()
