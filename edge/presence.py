"""This edge's lease: as long as it holds, the log may believe that our people are here.

It is renewed every ``EDGE_BEAT_S`` and lasts ``EDGE_LEASE_S``. When it runs out, ``rooms`` counts
everybody on this edge as gone. So an edge that cannot renew sends its people away before that: they find
another one, and nobody is in class on the screen but absent on the log.
"""

import asyncio
import logging

import msgspec

from bus.interface import Bus, BusError
from edge.clock import Clock
from edge.hub import Hub
from schemas import subjects
from schemas.ids import EdgeId
from schemas.limits import EDGE_BEAT_S, EDGE_LEASE_S
from schemas.registry import EdgeRegistration

log = logging.getLogger(__name__)

_RETRY_S = EDGE_BEAT_S / 4
# One renewal may be lost; the second must come before this, or it might come too late.
_TRUSTED_S = EDGE_LEASE_S - EDGE_BEAT_S


class Presence:
    """Renews the lease and opens or closes the hub's door by it."""

    def __init__(self, bus: Bus, edge: EdgeId, hub: Hub, clock: Clock) -> None:
        self._bus = bus
        self._edge = edge
        self._hub = hub
        self._clock = clock
        self._started_at = clock()
        self._renewed_s: float | None = None

    async def run(self) -> None:
        """Renews for ever."""
        loop = asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            is_renewed = await self._renew()
            if is_renewed and not self._has_lapsed(began_s, EDGE_LEASE_S):
                self._hub.admit()
            elif self._has_lapsed(loop.time(), _TRUSTED_S):
                # Also after the process itself had stood still for longer than the lease.
                if self._hub.unready() != "bus_lost":
                    log.error("the edge lease cannot be renewed: sending everybody away")
                self._hub.send_away("bus_lost")
            if is_renewed:
                self._renewed_s = began_s
            await asyncio.sleep(EDGE_BEAT_S if is_renewed else _RETRY_S)

    async def release(self) -> None:
        """Gives the lease back: nobody is here any more."""
        try:
            async with asyncio.timeout(EDGE_BEAT_S):
                await self._bus.bucket(subjects.EDGE_LEASE).delete(subjects.edge_key(self._edge))
        except (BusError, TimeoutError) as error:
            log.warning("the edge lease runs out by itself: %r", error)

    def _has_lapsed(self, now_s: float, after_s: float) -> bool:
        return self._renewed_s is not None and now_s - self._renewed_s >= after_s

    async def _renew(self) -> bool:
        registration = EdgeRegistration(self._edge, self._hub.connections, self._started_at, self._clock())
        try:
            async with asyncio.timeout(EDGE_BEAT_S):
                await self._bus.bucket(subjects.EDGE_LEASE).put(
                    subjects.edge_key(self._edge), msgspec.json.encode(registration), ttl_s=EDGE_LEASE_S
                )
        except (BusError, TimeoutError) as error:
            log.warning("the edge lease was not renewed: %r", error)
            return False
        return True
