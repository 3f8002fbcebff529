"""Packets of a track back in order, each once.

A missing packet is waited for as long as its repair may take, measured by the arrival of later ones;
then the stream goes on without it. What comes still later, or twice, is left out.
"""

from collections.abc import Iterator

from artifacts.unroll import Packet
from schemas.limits import REORDER_PACKETS_MAX, REORDER_WAIT_S

_WAIT_US = int(REORDER_WAIT_S * 1e6)


class Reorder:
    """One track's buffer. ``lost`` and ``late`` count packets."""

    def __init__(self) -> None:
        self.lost = 0
        self.late = 0
        self._waiting: dict[int, Packet] = {}
        self._run = -1
        self._next: int | None = None  # None: nothing is known yet of where the run begins.

    def push(self, packet: Packet) -> Iterator[Packet]:
        """Takes a packet; gives those that are now in order."""
        if packet.run != self._run:
            yield from self.flush()
            self._run, self._next = packet.run, None
        if packet.seq in self._waiting or (self._next is not None and packet.seq < self._next):
            self.late += 1
            return
        self._waiting[packet.seq] = packet
        yield from self._contiguous()
        while self._waiting and self._has_waited(packet.arrived_us):
            yield from self._skip()

    def flush(self) -> Iterator[Packet]:
        """Gives all that is left, in order."""
        while self._waiting:
            yield from self._skip()

    def _has_waited(self, now_us: int) -> bool:
        oldest_us = next(iter(self._waiting.values())).arrived_us  # A dict keeps order of arrival.
        return len(self._waiting) > REORDER_PACKETS_MAX or now_us - oldest_us > _WAIT_US

    def _skip(self) -> Iterator[Packet]:
        first = min(self._waiting)
        self.lost += first - self._next if self._next is not None else 0
        self._next = first
        yield from self._contiguous()

    def _contiguous(self) -> Iterator[Packet]:
        while self._next is not None and (packet := self._waiting.pop(self._next, None)) is not None:
            self._next += 1
            yield packet
