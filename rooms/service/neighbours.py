"""Which media nodes and edges are there: from what they say of themselves in KV, and by asking.

A registration runs out some seconds after a death. A media node is also asked whether it lives, because
its people see nothing meanwhile: when nobody has listened on its ``alive`` subject for
``NODE_SILENT_S``, it is gone. (Shorter, and a node that only changes its NATS server would lose its
rooms. Edges are not asked: their lease is what they themselves go by when they lose the bus.)

After an outage of the bus registrations may have run out although everybody lives: nobody is called
gone until ``ROOM_SETTLE_S`` after the connection is back.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from bus.background import background
from bus.interface import Bus, BusError, Change, NoResponders
from rooms.watch import Neighbours
from schemas.ids import EdgeId, NodeId
from schemas.limits import EDGE_LEASE_S, LIVENESS_PROBE_S, NODE_SILENT_S, ROOM_SETTLE_S
from schemas.registry import EdgeRegistration, NodeRegistration
from schemas.subjects import EDGE_LEASE, SFU_NODE, alive

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
        self._told: dict[str, set[str]] = {SFU_NODE: set(), EDGE_LEASE: set()}
        self._heard: set[NodeId] = set()
        self._silent_since_s: dict[NodeId, float] = {}
        self._complete_since_s: float | None = None
        self._trusted_from_s = 0.0
        self.listeners: set[asyncio.Event] = set()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watches while the block is open."""
        async with (
            background(self._watch_bucket(SFU_NODE, self._learn_node)),
            background(self._watch_bucket(EDGE_LEASE, self._learn_edge)),
            background(self._complete_once()),
            background(self._watch_connection()),
            background(self._ask_nodes()),
        ):
            yield

    def now(self) -> Neighbours | None:
        """Who is there; None while that is not certain."""
        now_s = _now_s()
        if self._complete_since_s is None or now_s < self._trusted_from_s:
            return None
        return Neighbours(
            nodes={name: node for name, node in self._nodes.items() if not self._is_silent(name, now_s)},
            edges=self._edges,
            last_beats=self._last_beats,
            knows_strangers=now_s >= self._complete_since_s + EDGE_LEASE_S,
        )

    # --- registrations ---------------------------------------------------------------------------
    async def _watch_bucket(self, bucket: str, learn: Callable[[Change], None]) -> None:
        async with self._bus.bucket(bucket).watch() as changes:
            async for change in changes:
                try:
                    learn(change)
                except msgspec.DecodeError as error:
                    log.warning("%s says of itself what is not understood: %s", change.key, error)
                if self._complete_since_s is None:
                    self._told[bucket].add(change.key)
                self._tell()

    def _learn_node(self, change: Change) -> None:
        node = NodeId(change.key)
        if change.entry is not None:
            self._nodes[node] = msgspec.json.decode(change.entry.value, type=NodeRegistration)
            return
        self._nodes.pop(node, None)
        self._heard.discard(node)
        self._silent_since_s.pop(node, None)

    def _learn_edge(self, change: Change) -> None:
        edge = EdgeId(change.key)
        if change.entry is not None:
            self._edges[edge] = msgspec.json.decode(change.entry.value, type=EdgeRegistration)
            return
        gone = self._edges.pop(edge, None)
        if gone is not None:
            self._last_beats[edge] = gone.beat_at
            while len(self._last_beats) > _GONE_EDGES_MAX:
                del self._last_beats[next(iter(self._last_beats))]

    async def _complete_once(self) -> None:
        """Until the watches have told everything that is there."""
        while self._complete_since_s is None:
            try:
                present = {bucket: set(await self._bus.bucket(bucket).entries()) for bucket in self._told}
            except BusError as error:
                log.warning("neighbours cannot be read: %s", error)
            else:
                if all(names <= self._told[bucket] for bucket, names in present.items()):
                    self._complete_since_s = _now_s()
                    self._tell()
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _watch_connection(self) -> None:
        while True:
            await self._bus.disconnected()
            self._trusted_from_s = float("inf")
            await self._bus.connected()
            self._trusted_from_s = _now_s() + ROOM_SETTLE_S

    # --- asking ----------------------------------------------------------------------------------
    async def _ask_nodes(self) -> None:
        while True:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(asyncio.sleep(LIVENESS_PROBE_S))
                for node in tuple(self._nodes):
                    tasks.create_task(self._ask(node))

    async def _ask(self, node: NodeId) -> None:
        try:
            await self._bus.core.request(alive(node), b"", LIVENESS_PROBE_S)
        except NoResponders:
            if node in self._heard:
                self._silent_since_s.setdefault(node, _now_s())
                if self._is_silent(node, _now_s()):
                    self._tell()
        except BusError:
            pass  # It listens and is slow, or we are cut off: its registration decides.
        else:
            self._heard.add(node)
            self._silent_since_s.pop(node, None)

    def _is_silent(self, node: NodeId, now_s: float) -> bool:
        """Whether a node that used to answer has not even been listening for long enough."""
        since_s = self._silent_since_s.get(node)
        return since_s is not None and now_s - since_s >= NODE_SILENT_S

    def _tell(self) -> None:
        for listener in self.listeners:
            listener.set()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
