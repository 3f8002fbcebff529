"""Events of roster."""

from typing import ClassVar, Literal

from schemas.events.common import EventData
from schemas.ids import (
    ConnectionId,
    EdgeId,
    ParticipantId,
    UserId,
)
from schemas.media import Role


class MemberAdded(EventData, frozen=True):
    """A user has a lasting role in the room. Staff only: it names an account."""

    type: ClassVar[str] = "roster.member_added"
    user: UserId
    role: Role


class ParticipantJoined(EventData, frozen=True):
    """A person entered the class. ``person`` is the user or guest id, for read models only."""

    type: ClassVar[str] = "roster.joined"
    participant: ParticipantId
    person: str
    display_name: str
    role: Role
    guest: bool
    edge: EdgeId
    connection: ConnectionId


class ParticipantConnected(EventData, frozen=True):
    """A participant's page is connected (again), on this edge and socket."""

    type: ClassVar[str] = "roster.connected"
    participant: ParticipantId
    edge: EdgeId
    connection: ConnectionId


class ParticipantDisconnected(EventData, frozen=True, omit_defaults=True):
    """The socket is gone; the participant stays until ``grace_until`` (Unix milliseconds).

    ``since`` is when it was last known alive: whoever does not come back has left then.
    """

    type: ClassVar[str] = "roster.disconnected"
    participant: ParticipantId
    grace_until: int
    since: int = 0
    edge_lost: bool = False


class ParticipantLeft(EventData, frozen=True):
    """A person is out of the class since ``left_at`` (Unix milliseconds)."""

    type: ClassVar[str] = "roster.left"
    participant: ParticipantId
    reason: Literal["left", "removed", "timeout", "edge_lost", "session_ended"]
    left_at: int


class RoleChanged(EventData, frozen=True):
    """A participant has another role."""

    type: ClassVar[str] = "roster.role_changed"
    participant: ParticipantId
    before: Role
    after: Role


EVENTS: tuple[type[EventData], ...] = (
    MemberAdded,
    ParticipantJoined,
    ParticipantConnected,
    ParticipantDisconnected,
    ParticipantLeft,
    RoleChanged,
)
