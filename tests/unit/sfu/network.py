"""A network in virtual time: links with capacity, delay, queue and seeded loss, and a classroom on it."""

import heapq
import itertools
import random
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sfu.duties import TICK_S
from sfu.forwarder import PythonForwarder
from sfu.ice import Address
from sfu.interface import ForwarderEvent
from sfu.native_forwarder import NativeForwarder, new_path
from tests.unit.sfu.browser import Browser

if TYPE_CHECKING:
    from classwire_native import NativePath


class Clock:
    """Virtual time: things happen when they are due, nothing waits."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def at(self, time: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._due, (time, next(self._order), action))

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self._due and self._due[0][0] <= end:
            self.now, _, action = heapq.heappop(self._due)
            action()
        self.now = end

    def every(self, interval_s: float, action: Callable[[], None]) -> None:
        def again() -> None:
            action()
            self.at(self.now + interval_s, again)

        self.at(self.now + interval_s, again)


@dataclass
class Link:
    """One direction of a line. ``capacity_bps`` None: endless."""

    clock: Clock
    deliver: Callable[[bytes], None]
    random: random.Random
    delay_s: float = 0.02
    jitter_s: float = 0.0
    loss: float = 0.0
    capacity_bps: float | None = None
    queue_s: float = 0.5
    lost: int = 0
    _free_at: float = field(default=0.0)

    def send(self, datagram: bytes) -> None:
        now = self.clock.now
        if self.random.random() < self.loss:
            self.lost += 1
            return
        leaves = now
        if self.capacity_bps is not None:
            start = max(now, self._free_at)
            if start - now > self.queue_s:
                self.lost += 1
                return
            leaves = self._free_at = start + (len(datagram) + 28) * 8 / self.capacity_bps
        arrives = leaves + self.delay_s + self.random.random() * self.jitter_s
        self.clock.at(arrives, lambda: self.deliver(datagram))


class NativeInVirtualTime(NativeForwarder):
    """The native forwarder whose socket and clock are the test's."""

    def __init__(self, node: "Node", path: "NativePath") -> None:
        self._node = node
        self._virtual = path
        super().__init__(
            path, node.events.append, now=lambda: node.clock.now, wall=lambda: 1.7e9 + node.clock.now
        )

    def receive(self, datagram: bytes, address: Address, now: float, waited_s: float = 0.0) -> None:
        self._virtual.receive(datagram, address[0], address[1], now, waited_s)
        self.deliver()

    def tick(self, now: float) -> None:
        self._virtual.tick(now)
        self.deliver()

    def deliver(self) -> None:
        """What the path wants sent is on its way, and what it tells is told."""
        for datagram, host, port in self._virtual.take_sent():
            self._node.send(datagram, (host, port))
        self.emit()


# Which implementation a ``Node`` is; the fixture ``in_virtual_time`` sets it.
implementation = ContextVar("implementation", default="python")


class Node:
    """A forwarder on virtual links instead of a socket."""

    port = 1

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.clock = Clock()
        self.events: list[ForwarderEvent] = []
        self.ways: dict[Address, Link] = {}
        self.forwarder: PythonForwarder | NativeInVirtualTime
        if implementation.get() == "native":
            self.forwarder = NativeInVirtualTime(self, new_path(self.clock.now))
        else:
            self.forwarder = PythonForwarder(
                self,
                self.events.append,
                now=lambda: self.clock.now,
                wall=lambda: 1.7e9 + self.clock.now,
                draw=self.random.randrange,
            )
        # The native one is asked more often: it spaces the packets of a probe by its ticks.
        tick_s = TICK_S / 5 if isinstance(self.forwarder, NativeInVirtualTime) else TICK_S
        self.clock.every(tick_s, lambda: self.forwarder.tick(self.clock.now))

    def send(self, datagram: bytes, address: Address) -> bool:
        self.ways[address].send(datagram)
        return True

    def close(self) -> None:
        """Nothing to close."""

    def join(self, browser: Browser, port: int) -> tuple[Link, Link]:
        """Connects a browser; returns its lines to the node and from it, still perfect."""
        address: Address = ("192.0.2.1", port)
        up = Link(
            self.clock,
            lambda datagram: self.forwarder.receive(datagram, address, self.clock.now),
            random.Random(self.random.random()),
        )
        down = self.ways[address] = Link(self.clock, browser.take, random.Random(self.random.random()))
        self.forwarder.add_transport(browser.config)
        up.send(browser.check())
        self.clock.run(0.1)
        self.forwarder.set_keys(browser.transport, browser.keys)
        # Checks go on beside the media, or consent would end.
        self.clock.every(2.5, lambda: up.send(browser.check()))
        return up, down
