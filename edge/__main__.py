"""``python -m edge``: one edge process, until SIGTERM or SIGINT."""

import asyncio
import contextlib
import logging
import os
import sys

import uvloop

from bus.nats import connect
from edge.process import edge_process
from edge.server import listen, stop_signal
from edge.traces import RequestFilter
from schemas.settings import Settings, SettingsError, read


async def run(settings: Settings) -> None:
    """Serves until told to stop."""
    stop, is_serving = asyncio.create_task(stop_signal()), asyncio.Event()
    serving = asyncio.create_task(_serve(settings, stop, is_serving))
    await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
    if stop.done() and not is_serving.is_set():
        serving.cancel()  # Still waiting for the bus or the database: nothing is to be ended in order.
    stop.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


async def _serve(settings: Settings, stop: "asyncio.Task[None]", is_serving: asyncio.Event) -> None:
    listeners = [listen(settings.listen, shared=settings.edges > 1)]
    if settings.edges > 1 and settings.health_port:
        listeners.append(listen(f"127.0.0.1:{settings.health_port}"))
    async with connect(settings, "edge") as bus, edge_process(settings, bus, *listeners):
        is_serving.set()
        logging.getLogger("edge").info("serving on %s", settings.listen)
        await asyncio.wait({stop})


def main() -> None:
    """Reads the settings and runs."""
    settings = read(os.environ)
    handler = logging.StreamHandler()
    handler.addFilter(RequestFilter())
    logging.basicConfig(
        level=settings.log_level.upper(),
        format="%(levelname)s %(name)s %(message)s%(request)s",
        handlers=[handler],
    )
    try:
        uvloop.run(run(settings))
    except SettingsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
