"""A forwarder on loopback, and browsers on sockets of their own, for the conformance suite."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import TypeVar, cast

import pytest
from hypothesis import settings

from sfu.forwarder import open_forwarder
from sfu.interface import EventSink, Forwarder, ForwarderEvent, SrtpProfile
from sfu.native_forwarder import native_module, open_native
from tests.unit.sfu.browser import Browser, mapped_port
from tests.unit.sfu.network import implementation

# These tests share their machine with others: a slow example is no failure.
settings.register_profile("shared_machine", deadline=None)
settings.load_profile("shared_machine")

DEADLINE_S = 30.0
Event = TypeVar("Event", bound=ForwarderEvent)


async def _open_python(listen: str, sink: EventSink) -> Forwarder:
    return await open_forwarder(listen, 0, sink)


async def _open_native(listen: str, sink: EventSink) -> Forwarder:
    _need_native()
    return await open_native(listen, 0, sink)


def _need_native() -> None:
    if native_module() is None:
        pytest.skip("The native forwarder is not built: `make test` builds it where cargo is.")


# Every implementation of the boundary passes the same suite (PEP 399).
IMPLEMENTATIONS = {"python": _open_python, "native": _open_native}


class Line(asyncio.DatagramProtocol):
    """A browser's socket. A browser may have several, as after an ICE restart."""

    def __init__(self, browser: Browser, world: "World") -> None:
        self.browser = browser
        self._world = world
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own datagram transport does not derive from its public base class.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.browser.take(data)
        self._world.changed.set()

    @property
    def port(self) -> int:
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def send(self, *datagrams: bytes) -> None:
        assert self._transport is not None
        for datagram in datagrams:
            self._transport.sendto(datagram)

    def publish(self, *packets: bytes) -> None:
        self.send(*(self.browser.seal(packet) for packet in packets))

    async def connect(self, *, nominate: bool = True) -> None:
        """A check and its answer. Datagrams stay in order here, so all sent before has been handled."""
        before = len(self.browser.answers)
        self.send(self.browser.check(nominate=nominate))
        await self._world.until(lambda: len(self.browser.answers) > before)
        assert mapped_port(self.browser.answers[-1]) == self.port

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()

    async def close(self) -> None:
        assert self._transport is not None
        self._transport.close()
        await self._closed.wait()


class World:
    """The forwarder under test and the browsers around it."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self.events: list[ForwarderEvent] = []
        self.changed = asyncio.Event()
        self._stack = stack
        self.forwarder: Forwarder

    def sink(self, event: ForwarderEvent) -> None:
        self.events.append(event)
        self.changed.set()

    def seen(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits for a condition that arriving datagrams or events make true."""
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                await self.changed.wait()
                self.changed.clear()

    async def line(self, browser: Browser) -> Line:
        """One more socket of a browser."""
        loop = asyncio.get_running_loop()
        _, line = await loop.create_datagram_endpoint(
            lambda: Line(browser, self), remote_addr=("127.0.0.1", self.forwarder.port)
        )
        self._stack.push_async_callback(line.close)
        return line

    async def join(self, transport: str, profile: SrtpProfile = "AEAD_AES_128_GCM") -> Line:
        """A browser with a connected transport."""
        browser = Browser(transport, profile)
        self.forwarder.add_transport(browser.config)
        line = await self.line(browser)
        await line.connect()
        self.forwarder.set_keys(transport, browser.keys)
        return line

    def drops(self, transport: str) -> dict[str, int]:
        return self.forwarder.counters([transport]).transports[0].drops


@pytest.fixture(params=IMPLEMENTATIONS, scope="module")
def in_virtual_time(request: pytest.FixtureRequest) -> Iterator[str]:
    """Both implementations in turn, as the ``Node`` of tests in virtual time."""
    if request.param == "native":
        _need_native()
    before = implementation.set(request.param)
    yield request.param
    implementation.reset(before)


@pytest.fixture(params=IMPLEMENTATIONS)
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        world = World(stack)
        world.forwarder = await IMPLEMENTATIONS[request.param]("127.0.0.1", world.sink)
        stack.push_async_callback(world.forwarder.close)
        yield world
