"""Runs the projectors: ``python -m projectors``."""

import asyncio
import contextlib
import logging
import os
import signal

from bus import health, nats
from projectors.database import migrate
from projectors.runner import Runner
from schemas.settings import Settings, read


def main() -> None:
    """Applies the log to the read models until SIGTERM or SIGINT."""
    settings = read(os.environ)
    logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(name)s %(message)s")
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    this = asyncio.current_task()
    assert this is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, this.cancel)
    await migrate(settings.postgres)
    async with nats.connect(settings, "projectors") as bus:
        runner = Runner(bus.log, settings.postgres)

        def ready() -> str | None:
            return runner.trouble if bus.is_connected else "no connection to the log"

        async with health.serve_health(settings.health_port, ready):
            await runner.run()


if __name__ == "__main__":
    main()
