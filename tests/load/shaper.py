"""A bad network between browsers and a media node: a seeded UDP relay on loopback, in this process.

Browsers are told the relay's port instead of the node's. Each transport has a ``Line`` with a way up and a
way down, whose ``Condition`` can change at any time: loss, delay, jitter, reordering, capacity with a
queue, an outage. ``Line.rebind`` is what a NAT does that forgot: the node sees another port from then on.
The line of a datagram is known by the STUN username that its address used first; what comes before is
dropped. Draws are from the seed, one generator per way; when datagrams come is the machine's own matter.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from sfu import stun
from sfu.errors import RemotePacketError
from sfu.interface import EventSink, Forwarder, TransportConfig

HEADERS_BYTES = 28  # IPv4 and UDP, which a line carries too.


@dataclass(frozen=True)
class Condition:
    """One direction of a line. ``capacity_bps`` None: endless. What waits longer than ``queue_s`` is lost."""

    loss: float = 0.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    reorder: float = 0.0
    reorder_s: float = 0.02
    capacity_bps: float | None = None
    queue_s: float = 0.3
    is_out: bool = False


PERFECT = Condition()


@dataclass
class Way:
    """One direction: datagrams in, the same ones out later, or never."""

    random: random.Random
    condition: Condition = PERFECT
    passed: int = 0
    lost: int = 0
    _free_at: float = 0.0
    _last_at: float = 0.0

    def send(self, size: int, deliver: Callable[[], None]) -> None:
        """Delivers so many bytes now, later or never."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        at = self._arrives(size, now)
        if at is None:
            self.lost += 1
            return
        self.passed += 1
        if at <= now:
            deliver()
        else:
            loop.call_at(at, deliver)

    def _arrives(self, size: int, now: float) -> float | None:
        condition = self.condition
        if condition.is_out or self.random.random() < condition.loss:
            return None
        leaves = now
        if condition.capacity_bps is not None:
            start = max(now, self._free_at)
            if start - now > condition.queue_s:
                return None
            leaves = self._free_at = start + (size + HEADERS_BYTES) * 8 / condition.capacity_bps
        at = leaves + condition.delay_s + self.random.random() * condition.jitter_s
        if self.random.random() < condition.reorder:
            return at + condition.reorder_s
        # Jitter alone does not reorder: a queue is what jitters.
        self._last_at = max(at, self._last_at)
        return self._last_at


@dataclass
class Line:
    """One transport's way to the node and back, whatever addresses it uses."""

    up: Way
    down: Way
    flows: list["_Flow"] = field(default_factory=list)

    def set(self, condition: Condition) -> None:
        """Both directions from now on."""
        self.up.condition = self.down.condition = condition

    async def rebind(self) -> None:
        """The node sees this browser under other ports from now on; what it sends to the old ones is lost."""
        for flow in self.flows:
            await flow.rebind()


class _Flow(asyncio.DatagramProtocol):
    """The node's side of one address of a browser."""

    def __init__(self, line: Line, node: tuple[str, int], back: Callable[[bytes], None]) -> None:
        self._line = line
        self._node = node
        self._back = back
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: list[bytes] = []

    async def bind(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, remote_addr=self._node)
        for datagram in self._waiting:
            self._transport.sendto(datagram)
        self._waiting.clear()

    async def rebind(self) -> None:
        old, self._transport = self._transport, None
        if old is not None:
            old.close()
        await self.bind()

    def send(self, datagram: bytes) -> None:
        """From the browser to the node."""
        if self._transport is None:
            self._waiting.append(datagram)
        else:
            self._transport.sendto(datagram)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._line.down.send(len(data), lambda: self._back(data))

    def error_received(self, exc: Exception) -> None:
        """The node has closed its socket: nothing to relay."""

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Shaper(asyncio.DatagramProtocol):
    """The relay. ``line`` gives the line of a transport by its id."""

    def __init__(self, node: tuple[str, int], seed: int) -> None:
        self._node = node
        self._random = random.Random(seed)  # Repeatable, not secret.
        self._lines: dict[str, Line] = {}
        self._by_fragment: dict[str, Line] = {}
        self._flows: dict[tuple[str, int], tuple[Line, _Flow]] = {}
        self._binding: set[asyncio.Task[None]] = set()
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def port(self) -> int:
        """Where browsers send to."""
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def line(self, transport: str) -> Line:
        """The line of a transport."""
        return self._lines[transport]

    def add(self, transport: str, fragment: str) -> None:
        """A transport has these credentials, for the first time or anew."""
        if transport not in self._lines:
            up, down = (Way(random.Random(self._random.random())) for _ in range(2))
            self._lines[transport] = Line(up, down)
        self._by_fragment[fragment] = self._lines[transport]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        known = self._flows.get(addr) or self._learn(data, addr)
        if known is not None:
            line, flow = known
            line.up.send(len(data), lambda: flow.send(data))

    def _learn(self, datagram: bytes, address: tuple[str, int]) -> tuple[Line, _Flow] | None:
        try:
            line = self._by_fragment.get(stun.read_request(datagram).username_fragment)
        except RemotePacketError:
            return None
        if line is None:
            return None
        flow = _Flow(line, self._node, lambda data: self._reply(data, address))
        line.flows.append(flow)
        self._flows[address] = line, flow
        task = asyncio.create_task(flow.bind())
        self._binding.add(task)
        task.add_done_callback(self._binding.discard)
        return line, flow

    def _reply(self, datagram: bytes, address: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(datagram, address)

    async def close(self) -> None:
        """Ends the relay."""
        await asyncio.gather(*self._binding)
        for _, flow in self._flows.values():
            flow.close()
        if self._transport is not None:
            self._transport.close()


class Shaped:
    """A forwarder whose browsers are told the relay's port; everything else is the forwarder's own."""

    def __init__(self, forwarder: Forwarder, shaper: Shaper) -> None:
        self.shaper = shaper
        self._forwarder = forwarder

    @property
    def port(self) -> int:
        """The relay's port."""
        return self.shaper.port

    def add_transport(self, config: TransportConfig) -> None:
        """Tells the relay whose line these credentials are."""
        self.shaper.add(config.id, config.username_fragment)
        self._forwarder.add_transport(config)

    def set_credentials(self, transport: str, username_fragment: str, password: str) -> None:
        """As ``add_transport``, after an ICE restart."""
        self.shaper.add(transport, username_fragment)
        self._forwarder.set_credentials(transport, username_fragment, password)

    async def close(self) -> None:
        """Closes both."""
        await self.shaper.close()
        await self._forwarder.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._forwarder, name)


async def open_shaped(sink: EventSink, *, open_forwarder: Callable[..., Any], seed: int) -> Forwarder:
    """A forwarder on loopback behind a perfect line; ``shaper`` of the answer makes it worse."""
    forwarder: Forwarder = await open_forwarder("127.0.0.1", 0, sink)
    loop = asyncio.get_running_loop()
    _, shaper = await loop.create_datagram_endpoint(
        lambda: Shaper(("127.0.0.1", forwarder.port), seed), local_addr=("127.0.0.1", 0)
    )
    return cast("Forwarder", Shaped(forwarder, shaper))
