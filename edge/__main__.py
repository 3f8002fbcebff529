"""``python -m edge``: one edge process, until SIGTERM or SIGINT."""

import asyncio
import logging
import os
import sys

import uvloop

from bus.nats import connect
from edge.process import edge_process
from edge.server import listen, stop_signal
from schemas.settings import Settings, SettingsError, read


async def run(settings: Settings) -> None:
    """Serves until told to stop."""
    stop = asyncio.create_task(stop_signal())
    serving = asyncio.create_task(_serve(settings, stop))
    await asyncio.wait({serving})
    stop.cancel()
    serving.result()


async def _serve(settings: Settings, stop: "asyncio.Task[None]") -> None:
    async with connect(settings, "edge") as bus, edge_process(settings, bus, listen(settings.listen)):
        logging.getLogger("edge").info("serving on %s", settings.listen)
        await asyncio.wait({stop})


def main() -> None:
    """Reads the settings and runs."""
    settings = read(os.environ)
    logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(name)s %(message)s")
    try:
        uvloop.run(run(settings))
    except SettingsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
