"""Commands of media."""

from typing import Annotated, ClassVar

from msgspec import Meta

from schemas.commands.common import Command
from schemas.ids import NodeToken, ParticipantToken, SessionToken
from schemas.media import LineMs, LineQuality, Samples


class PlaceRoom(Command, frozen=True, forbid_unknown_fields=True):
    """``rooms`` places the running class on a media node (from its register of nodes)."""

    name: ClassVar[str] = "place_room"
    node: NodeToken


class LoseNode(Command, frozen=True, forbid_unknown_fields=True):
    """``rooms`` says that a media node is gone; ``place_room`` follows when another is there."""

    name: ClassVar[str] = "lose_node"
    node: NodeToken


class ReportQuality(Command, frozen=True, forbid_unknown_fields=True):
    """A node sums up what it measured of somebody's line, when they have left or the class runs elsewhere.

    ``samples`` are taken every ``COUNTERS_SAMPLED_S``; ``up`` is what the person sent, ``down`` what they
    got, None where nothing ever flowed. ``rtt_ms`` None: never measured.
    """

    name: ClassVar[str] = "report_quality"
    participant: ParticipantToken
    session: SessionToken
    epoch: Annotated[int, Meta(ge=1)]
    samples: Samples
    rtt_ms: LineMs | None = None
    rtt_ms_worst: LineMs | None = None
    up: LineQuality | None = None
    down: LineQuality | None = None


CLIENT: tuple[type[Command], ...] = ()
SERVICE: tuple[type[Command], ...] = (
    PlaceRoom,
    LoseNode,
    ReportQuality,
)
