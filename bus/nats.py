"""The bus on NATS: one process's connection, put together."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from bus.archive import NoArchive, archive
from bus.audit import NatsAudit
from bus.clock import kept_clock
from bus.commands import NatsCommands
from bus.connection import Connection, connection
from bus.core import NatsCore
from bus.interface import Archive, Audit, Bucket, Bus, Clock, Commands, Core, Jobs, Leases, Log, Records
from bus.jobs import NatsJobs
from bus.kv import NatsBucket
from bus.leases import BucketLeases, alive
from bus.log import NatsLog
from bus.records import NatsRecords
from schemas import subjects
from schemas.settings import Settings

MEDIA_ROLES: Final = frozenset({"sfu", "artifacts"})
"""They move recorded media, on a connection of their own: a flood of it must not delay events."""


class NatsBus:
    """``interface.Bus`` on NATS."""

    def __init__(
        self,
        link: Connection,
        media: Connection,
        process: str,
        clock: Clock,
        *,
        archive: Archive | None = None,
        archiver: Connection | None = None,
    ) -> None:
        self._connection = link
        self._connections = tuple({id(c): c for c in (link, media, archiver or link)}.values())
        self.process = process
        self.clock = clock
        self.core: Core = NatsCore(link)
        self.archive: Archive = archive or NoArchive()
        self.log: Log = NatsLog(link, self.archive, archiver or link)
        self.commands: Commands = NatsCommands(link, clock)
        self.jobs: Jobs = NatsJobs(link)
        self.records: Records = NatsRecords(media)
        self.audit: Audit = NatsAudit(link)
        self.leases: Leases = BucketLeases(
            self.core, self.bucket(subjects.LEASE), process, lambda: link.connected_s
        )

    def bucket(self, name: str) -> Bucket:
        """A KV bucket."""
        return NatsBucket(self._connection, name)

    @property
    def is_connected(self) -> bool:
        """Whether every connection is up now."""
        return all(each.is_connected for each in self._connections)

    async def disconnected(self) -> None:
        """Returns when every connection is down."""
        for each in self._connections:
            await each.disconnected()

    async def connected(self) -> None:
        """Returns when every connection is up."""
        for each in self._connections:
            await each.connected()


def process_name(settings: Settings, role: str) -> str:
    """A process's unique name on the bus."""
    return settings.process or f"{role}-{secrets.token_hex(4)}"


@asynccontextmanager
async def connect(settings: Settings, role: str) -> AsyncIterator[Bus]:
    """One process's bus. Waits until NATS is there, and survives its absence; raises Refused when NATS
    closes the connection for good."""
    process = process_name(settings, role)
    servers = [server.strip() for server in settings.nats_url.split(",")]
    user = settings.nats_user or role
    main = connection(servers, settings.nats_user, settings.nats_password, name=process, role=user)
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(main)
        media = link
        if role in MEDIA_ROLES:
            media_user = settings.nats_media_user or settings.nats_user
            media_password = settings.nats_media_password or settings.nats_password
            media = await stack.enter_async_context(
                connection(
                    servers, media_user, media_password, name=f"{process}-media", role=media_user or role
                )
            )
        archiver = link
        if settings.nats_archiver_user:
            archiver = await stack.enter_async_context(
                connection(
                    servers,
                    settings.nats_archiver_user,
                    settings.nats_archiver_password,
                    name=f"{process}-archiver",
                    role=settings.nats_archiver_user,
                )
            )
        clock = await stack.enter_async_context(kept_clock(link))
        bus = NatsBus(link, media, process, clock, archive=archive(settings), archiver=archiver)
        await stack.enter_async_context(alive(bus.core, process))
        yield bus
