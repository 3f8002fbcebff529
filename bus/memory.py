"""The bus in memory, for tests: an honest twin with faults.

It replaces the lowest layer alone, nats-py's client and the server behind it; everything above
(connection, log, commands, leases, ...) is the code that runs in production. ``memory_bus()`` gives a hub;
each ``hub.open(process)`` is one process's bus. Time is the event loop's.

Faults: ``scramble`` live delivery, ``drop`` and ``restore`` a process's connection, ``kill`` a process,
``stop`` and ``start`` the server (its streams survive, as with ``sync_interval: always``).
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Any

from nats.aio.msg import Msg

from bus import setup
from bus.archive import MemoryArchive
from bus.clock import kept_clock
from bus.connection import Connection, opened
from bus.interface import Bus
from bus.leases import alive
from bus.memory_jetstream import JetStream
from bus.memory_streams import matches
from bus.nats import NatsBus

Callback = Callable[[Msg], Awaitable[None]]

_SCRAMBLED_SHARE = 0.06


class MemorySubscription:
    """A client's interest in a subject."""

    def __init__(self, client: "MemoryClient", subject: str, queue: str, callback: Callback) -> None:
        self._client = client
        self.subject = subject
        self.queue = queue
        self.callback = callback

    async def unsubscribe(self) -> None:
        """Ends it."""
        self._client.subscriptions.remove(self)


class MemoryClient:
    """What ``bus.connection`` uses of nats-py's client. Messages arrive in order, one by one."""

    def __init__(self, server: "MemoryServer") -> None:
        self._server = server
        self._arrived: asyncio.Queue[tuple[Callback, Msg]] = asyncio.Queue()
        self._late: list[tuple[Callback, Msg]] = []
        self._reader: asyncio.Task[None] | None = None
        self._callbacks: dict[str, Callable[[], Awaitable[None]]] = {}
        self.subscriptions: list[MemorySubscription] = []
        self.is_connected = False
        self.is_closed = False
        self.last_error: Exception | None = None

    async def connect(self, **options: Any) -> None:
        """Connects, waiting for the server."""
        self._callbacks = {name: options[name] for name in ("disconnected_cb", "reconnected_cb")}
        await self._server.running.wait()
        self.is_connected = True
        self._server.clients.append(self)
        self._reader = asyncio.create_task(self._read())

    async def publish(
        self, subject: str, payload: bytes, reply: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        """Sends to the server, which handles it at once."""
        if self.is_connected:
            self._server.route(subject, payload, headers or {}, reply)

    async def subscribe(
        self, subject: str, queue: str = "", cb: Callback | None = None
    ) -> MemorySubscription:
        """Registers interest."""
        assert cb is not None
        subscription = MemorySubscription(self, subject, queue, cb)
        self.subscriptions.append(subscription)
        return subscription

    async def close(self) -> None:
        """Ends it for good."""
        self.is_closed = True
        self.is_connected = False
        if self in self._server.clients:
            self._server.clients.remove(self)
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])

    async def lose(self) -> None:
        """The connection falls; what was on its way is gone."""
        if self.is_connected:
            self.is_connected = False
            while not self._arrived.empty():
                self._arrived.get_nowait()
            await self._callbacks["disconnected_cb"]()

    async def regain(self) -> None:
        """The connection is back, and with it the subscriptions."""
        if not self.is_connected and not self.is_closed:
            self.is_connected = True
            await self._callbacks["reconnected_cb"]()

    def arrive(self, subscription: MemorySubscription, message: Msg) -> None:
        """The server delivers; a scrambled one doubles some live commits and is late with others."""
        item = (subscription.callback, message)
        chance = self._server.scrambled
        if chance is not None and message.subject.startswith("live.") and chance.random() < _SCRAMBLED_SHARE:
            if chance.random() < 0.5:
                self._late.append(item)
                return
            self._arrived.put_nowait(item)
        self._arrived.put_nowait(item)
        while self._late:
            self._arrived.put_nowait(self._late.pop())

    async def _read(self) -> None:
        while True:
            callback, message = await self._arrived.get()
            await callback(message)


class MemoryServer:
    """Routes messages between clients, and to JetStream."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.running = asyncio.Event()
        self.running.set()
        self.clients: list[MemoryClient] = []
        self.scrambled: Random | None = None
        self.jetstream = JetStream(self._deliver, self._listens, self._fan, clock)
        self._turn = 0
        for stream in setup.streams(1):
            self.jetstream.add_stream(stream)
        for name, durable in setup.durables():
            self.jetstream.add_consumer(name, durable)

    def route(self, subject: str, data: bytes, headers: Mapping[str, str], reply: str) -> None:
        """Handles a publish: subscribers, then streams; nobody at all is told to who waits for an answer."""
        heard = self._fan(subject, data, headers, reply)
        kept = self.jetstream.handle(subject, data, headers, reply)
        if reply and not heard and not kept:
            self._deliver(reply, reply, b"", {"Status": "503"}, "")

    def _listens(self, address: str) -> bool:
        return any(
            matches(subscription.subject, address)
            for client in self.clients
            if client.is_connected
            for subscription in client.subscriptions
        )

    def _fan(self, subject: str, data: bytes, headers: Mapping[str, str], reply: str = "") -> bool:
        return self._deliver(subject, subject, data, headers, reply)

    def _deliver(self, address: str, shown: str, data: bytes, headers: Mapping[str, str], reply: str) -> bool:
        """Delivers to who listens on ``address``, a queue's members in turn."""
        groups: dict[str, list[tuple[MemoryClient, MemorySubscription]]] = {}
        heard = False
        for client in self.clients:
            if not client.is_connected:
                continue
            for subscription in client.subscriptions:
                if not matches(subscription.subject, address):
                    continue
                heard = True
                if subscription.queue:
                    groups.setdefault(subscription.queue, []).append((client, subscription))
                else:
                    client.arrive(subscription, _message(shown, data, headers, reply))
        for members in groups.values():
            self._turn += 1
            client, subscription = members[self._turn % len(members)]
            client.arrive(subscription, _message(shown, data, headers, reply))
        return heard


class MemoryHub:
    """A server in memory and the processes on it. ``clock`` is the server's, in Unix seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._server = MemoryServer(clock)
        self._processes: dict[str, MemoryClient] = {}
        self.archive = MemoryArchive()

    @asynccontextmanager
    async def open(self, process: str = "", *, role: str = "test") -> AsyncIterator[Bus]:
        """One process's bus."""
        process = process or f"{role}-{secrets.token_hex(4)}"
        client = self._processes[process] = MemoryClient(self._server)
        link = Connection(process, role, client)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(opened(link, [], "", ""))
            clock = await stack.enter_async_context(kept_clock(link))
            bus = NatsBus(link, link, process, clock, archive=self.archive)
            await stack.enter_async_context(alive(bus.core, process))
            yield bus

    async def drop(self, process: str) -> None:
        """The process loses its connection until ``restore``."""
        await self._processes[process].lose()

    async def restore(self, process: str) -> None:
        """The process's connection is back."""
        await self._processes[process].regain()

    async def kill(self, process: str) -> None:
        """The process is gone: it answers no more, and what it held comes to others."""
        await self._processes.pop(process).lose()

    def scramble(self, chance: Random) -> None:
        """From now on some live commits come twice and some after the next one (core NATS promises
        neither)."""
        self._server.scrambled = chance

    async def stop(self) -> None:
        """The server crashes; what it stored stays."""
        self._server.running.clear()
        for client in tuple(self._server.clients):
            await client.lose()

    async def start(self) -> None:
        """The server is back."""
        self._server.running.set()
        for client in self._processes.values():
            await client.regain()


def memory_bus(clock: Callable[[], float] = time.time) -> MemoryHub:
    """A fresh bus in memory with every stream, bucket and durable of ``bus.setup``."""
    return MemoryHub(clock)


def _message(subject: str, data: bytes, headers: Mapping[str, str], reply: str) -> Msg:
    return Msg(_client=None, subject=subject, reply=reply, data=data, headers=dict(headers) or None)  # type: ignore[arg-type]  # Nobody answers through the message.
