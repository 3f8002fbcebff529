"""Events of media."""

from typing import ClassVar

from schemas.events.common import EventData
from schemas.ids import (
    NodeId,
)


class RoomPlaced(EventData, frozen=True):
    """The class runs on this node; transports of an older epoch are void."""

    type: ClassVar[str] = "media.placed"
    node: NodeId
    epoch: int


class NodeLost(EventData, frozen=True):
    """The class has no media node until it is placed again."""

    type: ClassVar[str] = "media.node_lost"
    node: NodeId
    epoch: int


EVENTS: tuple[type[EventData], ...] = (
    RoomPlaced,
    NodeLost,
)
