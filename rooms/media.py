"""Where the media of a class runs: one node at a time, under an epoch that only grows.

The choice of a node is rendezvous hashing with bounded load (Mirrokni et al., "Consistent hashing
with bounded loads"): a room prefers the same nodes whoever computes it, and no node takes more than
its share and a quarter.
"""

import hashlib
from collections.abc import Iterable
from math import ceil
from typing import assert_never, get_args

from msgspec.structs import replace

from rooms.asker import Asker
from rooms.state import Placement, RoomState
from rooms.topic import Stamp, Topic
from schemas.commands.media import LoseNode, PlaceRoom, ReportQuality
from schemas.envelope import Event
from schemas.events.media import NodeLost, QualityReported, RoomPlaced
from schemas.events.tracks import TrackClosed
from schemas.ids import NodeId, RoomKey
from schemas.registry import NodeRegistration
from schemas.rejections import Code, Rejection, rejection

Command = PlaceRoom | LoseNode | ReportQuality
Fact = RoomPlaced | NodeLost | QualityReported

LOAD_FACTOR = 1.25  # The paper's 1 + c: rooms move little when nodes come and go, none is overrun.
BUSY_LOAD = 0.8  # A node whose thread is this busy has no headroom for a key frame storm.


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> tuple[Event, ...] | Rejection:
    """What a wish about placement leads to. Tracks of an older epoch end in the same commit."""
    match command:
        case PlaceRoom(node=node):
            if not state.live:
                return rejection(Code.SESSION_NOT_LIVE)
            if state.placement.node == node:
                return ()
            moved = tuple(Event(TrackClosed(t, "transport_closed")) for t in state.tracks)
            return (*moved, Event(RoomPlaced(node, state.placement.epoch + 1)))
        case LoseNode(node=node):
            if state.placement.node != node:
                return ()
            closed = tuple(Event(TrackClosed(t, "node_lost")) for t in state.tracks)
            return (*closed, Event(NodeLost(node, state.placement.epoch)))
        case ReportQuality():
            return _reported(state, command)
        case _:
            assert_never(command)


def _reported(state: RoomState, command: ReportQuality) -> tuple[Event, ...] | Rejection:
    """Measurements come when it is over: the person may be gone, and the class too."""
    if command.epoch > state.placement.epoch:
        return rejection(Code.STALE_EPOCH)  # No node ever ran the class under this one.
    measured = (command.rtt_ms, command.rtt_ms_worst, command.up, command.down)
    fact = QualityReported(command.participant, command.session, command.epoch, command.samples, *measured)
    return (Event(fact, "staff"),)


def choose_node(key: RoomKey, nodes: Iterable[NodeRegistration]) -> NodeId | None:
    """The node that should take this room; None when there is none that takes rooms."""
    open_nodes = [n for n in nodes if not n.draining]
    if not open_nodes:
        return None
    share = ceil(LOAD_FACTOR * (1 + sum(n.rooms for n in open_nodes)) / len(open_nodes))
    preferred = sorted(open_nodes, key=lambda n: _weight(key, n.node), reverse=True)
    fitting = next((n for n in preferred if n.rooms < share and n.load < BUSY_LOAD), None)
    return (fitting or min(preferred, key=lambda n: n.load)).node


def _weight(key: RoomKey, node: NodeId) -> bytes:
    return hashlib.sha256(f"{key}@{node}".encode()).digest()


def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about its media node."""
    match fact:
        case RoomPlaced(node=node, epoch=epoch):
            return replace(state, placement=Placement(node, epoch))
        case NodeLost(epoch=epoch):
            return replace(state, placement=Placement(None, epoch))
        case QualityReported():
            return state  # For the read models.
        case _:
            assert_never(fact)


TOPIC = Topic("media", get_args(Command), get_args(Fact), decide, evolve)
