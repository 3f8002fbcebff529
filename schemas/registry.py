"""What processes say of themselves in KV: media nodes and edges. Values are JSON with a TTL."""

from msgspec import Struct

from schemas.ids import EdgeId, NodeId, SessionId


class NodeRegistration(Struct, frozen=True):
    """A media node in ``sfu_node``, refreshed every ``NODE_BEAT_S`` with TTL ``NODE_LOST_S``.

    ``load`` is the busiest thread's share of a core, 0 to 1. A draining node takes no new room.
    """

    node: NodeId
    addresses: tuple[str, ...]
    port: int
    load: float
    rooms: int
    draining: bool
    started_at: int
    beat_at: int


class EdgeRegistration(Struct, frozen=True):
    """An edge process in ``edge_lease``, refreshed every ``EDGE_BEAT_S`` with TTL ``EDGE_LEASE_S``.

    ``beat_at`` is when it was last known alive: attendance of its people is closed at that time.
    """

    edge: EdgeId
    connections: int
    started_at: int
    beat_at: int


class RoomRoute(Struct, frozen=True):
    """A room with a running class in ``room_route``: where its media is. Absent: no class runs.

    ``node`` is None while no media node has it. Written by ``rooms`` after the log; only a hint.
    """

    session: SessionId
    node: NodeId | None
    epoch: int
