"""A media node as a process: settings in, everything put together, until SIGTERM."""

import asyncio
import logging
import os
import signal
import sys

import uvloop

from bus.health import serve_health
from bus.nats import connect
from schemas.settings import Settings, SettingsError, read
from sfu.interface import ForwarderEvent
from sfu.native_forwarder import open_best
from sfu.node import Node
from sfu.service import serve_node

log = logging.getLogger(__name__)

_UNSPECIFIED = frozenset({"0.0.0.0", "::"})  # noqa: S104  # Recognised here, not bound.


def main() -> None:
    """Runs a media node until SIGTERM or SIGINT."""
    try:
        settings = read(os.environ)
        addresses = announced(settings)
    except SettingsError as error:
        sys.exit(str(error))
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        uvloop.run(run(settings, addresses))
    except SettingsError as error:
        sys.exit(str(error))


def announced(settings: Settings) -> tuple[str, ...]:
    """The addresses that browsers are told, best first. Raises SettingsError."""
    text = settings.media_address or settings.media_listen
    addresses = tuple(a.strip() for a in text.split(",") if a.strip())
    if not addresses or _UNSPECIFIED.intersection(addresses):
        raise SettingsError(
            f"CLASSWIRE_MEDIA_ADDRESS must name addresses that browsers can reach, not {text!r}."
        )
    return addresses


async def run(settings: Settings, addresses: tuple[str, ...]) -> None:
    """Connects, serves, and stops in order: rooms first, then the socket, then the bus."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    node: Node | None = None

    def receive(event: ForwarderEvent) -> None:
        if node is not None:  # Without a node there is no transport to have an event of.
            node.receive(event)

    async with connect(settings, "sfu") as bus:
        forwarder = await open_best(settings.forwarder, settings.media_listen, settings.media_port, receive)
        try:
            async with (
                serve_node(bus, forwarder, addresses) as node,
                serve_health(settings.health_port, lambda: _trouble(bus.is_connected)),
            ):
                log.info(
                    "media node %s on UDP %s port %d, %s",
                    node.id,
                    addresses,
                    forwarder.port,
                    type(forwarder).__name__,
                )
                await stopping.wait()
        finally:
            await forwarder.close()


def _trouble(is_connected: bool) -> str | None:
    return None if is_connected else "The bus is not connected: running classes go on, no new one begins."


if __name__ == "__main__":
    main()
