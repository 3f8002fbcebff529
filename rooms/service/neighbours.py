"""Which media nodes and edges are there, from what they say of themselves in KV.

After an outage of the bus their registrations may have run out although they live: nobody is called
gone until ``ROOM_SETTLE_S`` after the connection is back.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from bus.background import background
from bus.interface import Bus, BusError, Change
from rooms.watch import Neighbours
from schemas.ids import EdgeId, NodeId
from schemas.limits import ROOM_SETTLE_S
from schemas.registry import EdgeRegistration, NodeRegistration
from schemas.subjects import EDGE_LEASE, SFU_NODE

log = logging.getLogger(__name__)

_GONE_EDGES_MAX = 1_000  # Names of processes are unique; old ones are asked for by nobody.
_LOOK_AGAIN_S = 0.1  # Only while starting.


class NeighbourWatch:
    """The present neighbours, and a call for everyone who wants to hear of a change."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._nodes: dict[NodeId, NodeRegistration] = {}
        self._edges: dict[EdgeId, EdgeRegistration] = {}
        self._last_beats: dict[EdgeId, int] = {}
        self._is_complete = False
        self._trusted_from = 0.0
        self.listeners: set[asyncio.Event] = set()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watches while the block is open."""
        async with (
            background(self._watch_bucket(SFU_NODE, self._node)),
            background(self._watch_bucket(EDGE_LEASE, self._edge)),
            background(self._complete_once()),
            background(self._watch_connection()),
        ):
            yield

    def now(self) -> Neighbours | None:
        """Who is there; None while that is not certain."""
        if not self._is_complete or asyncio.get_running_loop().time() < self._trusted_from:
            return None
        return Neighbours(self._nodes, self._edges, self._last_beats)

    async def _watch_bucket(self, bucket: str, learn: Callable[[Change], None]) -> None:
        async with self._bus.bucket(bucket).watch() as changes:
            async for change in changes:
                try:
                    learn(change)
                except msgspec.DecodeError as error:
                    log.warning("%s says of itself what is not understood: %s", change.key, error)
                self._tell()

    async def _complete_once(self) -> None:
        """Until the watches have told everything that was there when they began."""
        while True:
            try:
                edges = await self._bus.bucket(EDGE_LEASE).entries()
                nodes = await self._bus.bucket(SFU_NODE).entries()
            except BusError as error:
                log.warning("neighbours cannot be read: %s", error)
            else:
                if set(edges) <= set(self._edges) and set(nodes) <= set(self._nodes):
                    break
            await asyncio.sleep(_LOOK_AGAIN_S)
        self._is_complete = True
        self._tell()

    def _node(self, change: Change) -> None:
        if change.entry is None:
            self._nodes.pop(NodeId(change.key), None)
            return
        self._nodes[NodeId(change.key)] = msgspec.json.decode(change.entry.value, type=NodeRegistration)

    def _edge(self, change: Change) -> None:
        edge = EdgeId(change.key)
        if change.entry is not None:
            self._edges[edge] = msgspec.json.decode(change.entry.value, type=EdgeRegistration)
            return
        gone = self._edges.pop(edge, None)
        if gone is not None:
            self._last_beats[edge] = gone.beat_at
            while len(self._last_beats) > _GONE_EDGES_MAX:
                del self._last_beats[next(iter(self._last_beats))]

    async def _watch_connection(self) -> None:
        while True:
            await self._bus.disconnected()
            self._trusted_from = float("inf")
            await self._bus.connected()
            self._trusted_from = asyncio.get_running_loop().time() + ROOM_SETTLE_S

    def _tell(self) -> None:
        for listener in self.listeners:
            listener.set()
