"""Events of media."""

from typing import ClassVar

from schemas.events.common import EventData
from schemas.ids import NodeId, ParticipantId, SessionId
from schemas.media import LineQuality


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


class QualityReported(EventData, frozen=True, omit_defaults=True):
    """What a node measured of somebody's line in a class, summed up at the end. Staff only.

    ``samples`` were taken every ``COUNTERS_SAMPLED_S``. ``up`` is what the person sent, ``down`` what they
    got. Who was moved between nodes, or came back after leaving, has several.
    """

    type: ClassVar[str] = "media.quality_reported"
    participant: ParticipantId
    session: SessionId
    epoch: int
    samples: int
    rtt_ms: float | None = None
    rtt_ms_worst: float | None = None
    up: LineQuality | None = None
    down: LineQuality | None = None


EVENTS: tuple[type[EventData], ...] = (
    RoomPlaced,
    NodeLost,
    QualityReported,
)
