"""Events of lobby. Each is for staff and for the one whom it is about; others learn nothing of the door."""

from typing import ClassVar, Literal

from schemas.events.common import EventData
from schemas.ids import ConnectionId, EdgeId, ParticipantId
from schemas.media import Device


class Knocked(EventData, frozen=True, omit_defaults=True):
    """A person waits at the door; who waited already does so with another page or name.

    ``person`` is the user or guest id; ``message`` is what those who wait are told now.
    """

    type: ClassVar[str] = "lobby.knocked"
    participant: ParticipantId
    person: str
    display_name: str
    guest: bool
    edge: EdgeId
    connection: ConnectionId
    message: str
    device: Device = ""


class WaitingConnected(EventData, frozen=True):
    """The page of somebody who waits is connected again, on this edge and socket."""

    type: ClassVar[str] = "lobby.connected"
    participant: ParticipantId
    edge: EdgeId
    connection: ConnectionId


class WaitingDisconnected(EventData, frozen=True):
    """The page of somebody who waits is gone; the place is kept until ``grace_until`` (Unix ms)."""

    type: ClassVar[str] = "lobby.disconnected"
    participant: ParticipantId
    grace_until: int


class Admitted(EventData, frozen=True):
    """A person may enter until the class ends. Whose page is there enters in the same commit."""

    type: ClassVar[str] = "lobby.admitted"
    participant: ParticipantId


class Denied(EventData, frozen=True):
    """A person is kept out until the class ends or somebody admits them."""

    type: ClassVar[str] = "lobby.denied"
    participant: ParticipantId
    message: str


class LobbyTold(EventData, frozen=True):
    """What those who wait are told from now on; empty: nothing."""

    type: ClassVar[str] = "lobby.told"
    message: str


class WaitingLeft(EventData, frozen=True):
    """A person waits no longer."""

    type: ClassVar[str] = "lobby.left"
    participant: ParticipantId
    reason: Literal["left", "timeout"]


EVENTS: tuple[type[EventData], ...] = (
    Knocked,
    WaitingConnected,
    WaitingDisconnected,
    Admitted,
    Denied,
    LobbyTold,
    WaitingLeft,
)
