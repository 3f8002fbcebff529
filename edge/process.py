"""One edge process, put together: what it opens, what runs, and the order in which it stops."""

import asyncio
import logging
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg

from artifacts.store import Store
from bus.interface import Bus
from edge import webhooks
from edge.app import create_app
from edge.attempts import Attempts
from edge.clock import Clock
from edge.hub import Hub
from edge.identity import Passwords, open_pool
from edge.keys import Keys
from edge.limiter import Rates
from edge.mail import outgoing
from edge.oidc import Providers
from edge.parts import Parts
from edge.policies import Policies
from edge.presence import Presence
from edge.queries import sql
from edge.resumable import sweep_for_ever
from edge.revocations import Revocations
from edge.scanning import scanner
from edge.server import SocketProtocol, serving
from edge.site import site
from edge.tokens import load_ring
from edge.uploads import Places, forget_removed
from schemas.ids import EdgeId
from schemas.limits import (
    EDGE_RETRY_S,
    HOUSEKEEPING_S,
    IDEMPOTENCY_S,
)
from schemas.settings import Settings, SettingsError
from schemas.webhooks import Network, read_networks

log = logging.getLogger(__name__)


@asynccontextmanager
async def edge_process(
    settings: Settings,
    bus: Bus,
    *listeners: sockets.socket,
    clock: Clock | None = None,
    protocol: type[asyncio.Protocol] = SocketProtocol,
) -> AsyncIterator[Parts]:
    """Serves while the context is open. Another ``protocol`` of uvicorn's falls back to ASGI ``send``.

    Leaving stops in order: no new sockets, the present ones are told to come back elsewhere, the log is
    told of those that were in class, the lease is given back, the server closes.
    """
    if not settings.secret_file:
        raise SettingsError("CLASSWIRE_SECRET_FILE must name the file for the signing keys.")
    clock = clock or bus.clock
    async with AsyncExitStack() as stack:
        for listener in listeners:
            stack.callback(listener.close)
        pool = await stack.enter_async_context(open_pool(settings.postgres))
        root = load_ring(Path(settings.secret_file), clock())
        keys = Keys(root, pool, clock)
        await keys.look()
        hub = Hub(bus, EdgeId(bus.process), clock)
        parts = Parts(
            edge=EdgeId(bus.process),
            site=site(settings),
            bus=bus,
            pool=pool,
            keys=keys,
            store=Store(settings),
            hub=hub,
            passwords=Passwords(),
            attempts=Attempts(),
            mail=outgoing(settings),
            providers=Providers(root, _networks("OIDC", settings.oidc_networks)),
            revocations=Revocations(clock, hub.end_login),
            policies=Policies(pool, bus, EdgeId(bus.process), clock),
            clock=clock,
            web=Path(settings.web_dir) if settings.web_dir else None,
            places=Places(),
            rates=Rates(settings.api_per_minute),
            scan=scanner(settings.scan),
            webhook_networks=_networks("WEBHOOK", settings.webhook_networks),
        )
        presence = Presence(bus, parts.edge, hub, clock)
        async with asyncio.TaskGroup() as group:
            running = [
                group.create_task(hub.run()),
                group.create_task(parts.revocations.run(settings.postgres)),
                group.create_task(keys.run()),
                group.create_task(parts.mail.run()),
                group.create_task(_keep_house(pool, clock)),
                group.create_task(forget_removed(parts)),
                group.create_task(sweep_for_ever(parts)),
                group.create_task(webhooks.follow(parts)),
                group.create_task(webhooks.answering(parts)),
            ]
            beating = group.create_task(presence.run())
            try:
                async with serving(create_app(parts), *listeners, protocol=protocol):
                    try:
                        yield parts
                    finally:
                        beating.cancel()
                        await _say_goodbye(hub, presence)
            finally:
                await parts.errands.close()
                for task in (beating, *running):
                    task.cancel()


def _networks(whose: str, text: str) -> tuple[Network, ...]:
    try:
        return read_networks(text)
    except ValueError as error:
        raise SettingsError(f"CLASSWIRE_{whose}_NETWORKS: {error}") from error


async def _say_goodbye(hub: Hub, presence: Presence) -> None:
    hub.send_away("going_away")
    try:
        async with asyncio.timeout(GOODBYE_S):
            await hub.emptied()
            await hub.settled()
    except TimeoutError:
        log.warning("stopping although the log was not told of everybody")
    await presence.release()


GOODBYE_S = 5.0


async def _keep_house(pool: asyncpg.Pool, clock: Clock) -> None:
    """Forgets what has ended, now and then."""
    while True:
        now = clock()
        try:
            await pool.execute(sql("forget_idempotent"), now - IDEMPOTENCY_S * 1000)
            await pool.execute(sql("forget_sign_in_links"), now)
            await pool.execute(sql("forget_logins"), now)
            await pool.execute(sql("forget_letters"), now)
            await pool.execute(sql("forget_departures"), now)
            await pool.execute(sql("forget_signing_keys"), now)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            log.warning("housekeeping: %r", error)
            await asyncio.sleep(EDGE_RETRY_S)
        await asyncio.sleep(HOUSEKEEPING_S)
