"""What somebody must look after in a room that is not at rest, and what to ask of it.

The state says everything: whoever takes over a partition derives from it the wishes that a dead
predecessor had not made yet. A wish's id derives from the position it was made at, so two keepers of
the same room make the same wish.
"""

from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from rooms.errands import Wanted, same_wanted, wanted
from rooms.media import choose_node
from rooms.retention import Work, waiting_for_work
from rooms.room import next_deadline, secrets_of
from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.deadlines import DeadlinePassed
from schemas.commands.media import LoseNode, PlaceRoom
from schemas.commands.roster import LoseEdge
from schemas.ids import CommandId, EdgeId, NodeId, RoomKey, SessionId, derived_id
from schemas.registry import NodeRegistration, RoomRoute


class Watched(Struct, frozen=True):
    """The part of a room's state that somebody else must act upon.

    ``due`` is its next deadline, ``jobs`` wait for a worker, ``edges`` those that
    its connected people, and those at its door, are on, ``secrets`` the names of those that may
    still exist. ``others`` is what other rooms must be told.
    """

    seq: int
    at: int
    due: int | None
    session: SessionId | None
    node: NodeId | None
    epoch: int
    edges: frozenset[EdgeId]
    jobs: tuple[Work, ...]
    secrets: frozenset[str] = frozenset()
    others: Wanted = Wanted()

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing will ever have to happen here by itself."""
        return self.due is None and not self.jobs and self.others == Wanted()

    @property
    def route(self) -> RoomRoute | None:
        """Where the running class has its media."""
        return None if self.session is None else RoomRoute(self.session, self.node, self.epoch)


# What of a state ``watched`` reads, deadlines of topics included.
_LOOKED_AFTER = (
    "session",
    "empty_since",
    "participants",
    "placement",
    "shelf",
    "scheduled",
    "settings",
    "policy",
    "lobby",
    "floor",
    "polls",
    "pulse",
    "timer",
    "breakouts",
)


class Wish(Struct, frozen=True):
    """A command that the room's keeper sends it."""

    id: CommandId
    command: Command


class Neighbours(Struct, frozen=True):
    """Which media nodes and edges are there. ``last_beats`` are of edges that were seen to go.

    ``knows_strangers``: an edge that was never seen is gone, not just about to register.
    """

    nodes: Mapping[NodeId, NodeRegistration]
    edges: Collection[EdgeId]
    last_beats: Mapping[EdgeId, int]
    knows_strangers: bool = True


def watched(state: RoomState) -> Watched:
    """What of this state must be looked after."""
    return Watched(
        seq=state.seq,
        at=state.at,
        due=next_deadline(state),
        session=state.live.id if state.live else None,
        node=state.placement.node,
        epoch=state.placement.epoch,
        edges=frozenset(p.edge for p in state.participants.values() if p.connected)
        | frozenset(w.edge for w in state.lobby.waiting.values() if w.connected),
        jobs=waiting_for_work(state),
        secrets=secrets_of(state),
        others=wanted(state),
    )


def rewatched(before: RoomState, seen: Watched, after: RoomState) -> Watched:
    """The same after a commit; most commits (chat, hands, tracks) change nothing of it."""
    is_same = all(getattr(before, name) is getattr(after, name) for name in _LOOKED_AFTER)
    is_same = is_same and same_wanted(before, after)
    return replace(seen, seq=after.seq, at=after.at) if is_same else watched(after)


def wishes(key: RoomKey, room: Watched, around: Neighbours | None, now: int) -> Iterator[Wish]:
    """What to ask of a room now. ``around`` is None while nobody knows who is really gone."""
    if room.due is not None and room.due <= now:
        yield Wish(CommandId(f"d{room.due}-{room.seq}"), DeadlinePassed(room.due))
    if around is None or room.session is None:
        return
    yield from _about_edges(room, around)
    yield from _about_nodes(key, room, around)


def _about_edges(room: Watched, around: Neighbours) -> Iterator[Wish]:
    for edge in sorted(room.edges - set(around.edges)):
        if edge in around.last_beats or around.knows_strangers:
            # Of an edge that went unseen, with everything else, the room's own last sign of life is
            # the best that is known.
            last_beat = around.last_beats.get(edge, room.at)
            yield Wish(CommandId(derived_id("e", edge, str(room.seq))), LoseEdge(edge, last_beat))


def _about_nodes(key: RoomKey, room: Watched, around: Neighbours) -> Iterator[Wish]:
    if room.node is not None and room.node not in around.nodes:
        lost = derived_id("n", room.node, str(room.epoch))
        yield Wish(CommandId(lost), LoseNode(room.node))
    elif room.node is None or around.nodes[room.node].draining:
        chosen = choose_node(key, around.nodes.values())
        if chosen is not None:
            yield Wish(CommandId(f"p{room.epoch + 1}-{room.seq}"), PlaceRoom(chosen))
