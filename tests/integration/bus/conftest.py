"""Worlds to test the bus in: one suite, on a real nats-server and on its twin in memory.

Each test has a world of its own: ``open`` starts a process (its bus); ``stop`` and ``start`` crash the
server and bring it back; ``kill`` ends a process without a word; ``drop`` breaks its connection.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import pytest
from nats.aio.transport import TcpTransport

import bus.setup
from bus.interface import Bus
from bus.memory import memory_bus
from bus.nats import NatsBus, connect
from schemas.settings import Settings
from tests import stack


class World(Protocol):
    """A server and the processes on it."""

    name: str

    def open(self, process: str, *, role: str = "rooms") -> AbstractAsyncContextManager[Bus]: ...
    async def stop(self) -> None: ...
    async def start(self) -> None: ...
    async def drop(self, bus: Bus) -> None: ...
    async def kill(self, bus: Bus) -> None: ...


class MemoryWorld:
    """The twin."""

    name = "memory"

    def __init__(self) -> None:
        self.hub = memory_bus()

    def open(self, process: str, *, role: str = "rooms") -> AbstractAsyncContextManager[Bus]:
        return self.hub.open(process, role=role)

    async def stop(self) -> None:
        await self.hub.stop()

    async def start(self) -> None:
        await self.hub.start()

    async def drop(self, bus: Bus) -> None:
        await self.hub.drop(bus.process)
        await self.hub.restore(bus.process)

    async def kill(self, bus: Bus) -> None:
        await self.hub.kill(bus.process)


class NatsWorld:
    """The real server."""

    name = "nats"

    def __init__(self, server: stack.RunningNats) -> None:
        self.server = server
        self.settings = Settings(nats_url=server.url)

    def open(self, process: str, *, role: str = "rooms") -> AbstractAsyncContextManager[Bus]:
        return connect(Settings(nats_url=self.server.url, process=process), role)

    async def stop(self) -> None:
        self.server.kill()

    async def start(self) -> None:
        self.server.start()

    async def drop(self, bus: Bus) -> None:
        """Resets the TCP connection under the client."""
        assert isinstance(bus, NatsBus)
        transport = bus._connection.client._transport
        assert isinstance(transport, TcpTransport)
        assert transport._io_writer is not None
        transport._io_writer.transport.abort()
        await bus.disconnected()

    async def kill(self, bus: Bus) -> None:
        """Its connection ends without a word; what it held stays held."""
        assert isinstance(bus, NatsBus)
        await bus._connection.close()


@pytest.fixture
async def nats_world() -> AsyncIterator[NatsWorld]:
    """A real nats-server with everything created on it."""
    with stack.server_directory() as directory, stack.nats(directory) as server:
        await bus.setup.create(Settings(nats_url=server.url))
        yield NatsWorld(server)


@pytest.fixture(params=["memory", "nats"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Both worlds, one after the other."""
    if request.param == "memory":
        yield MemoryWorld()
        return
    with stack.server_directory() as directory, stack.nats(directory) as server:
        await bus.setup.create(Settings(nats_url=server.url))
        yield NatsWorld(server)
