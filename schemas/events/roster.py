"""Events of roster."""

from typing import ClassVar, Literal

from schemas.events.common import EventData
from schemas.ids import (
    ConnectionId,
    EdgeId,
    ParticipantId,
    UserId,
)
from schemas.media import Device, Role


class MemberAdded(EventData, frozen=True, omit_defaults=True):
    """A user has a lasting role in the room, instead of ``before``. Staff only: it names an account.

    ``custom_role`` is the tenant's own role of which ``role`` is the base.
    """

    type: ClassVar[str] = "roster.member_added"
    user: UserId
    role: Role
    custom_role: str = ""
    before: Role | None = None
    custom_role_before: str = ""


class MemberRemoved(EventData, frozen=True, omit_defaults=True):
    """A user has no lasting role in the room any more; this was it. Staff only: it names an account."""

    type: ClassVar[str] = "roster.member_removed"
    user: UserId
    role: Role
    custom_role: str = ""


class ParticipantJoined(EventData, frozen=True, omit_defaults=True):
    """A person entered the class. ``person`` is the user or guest id, for read models only; ``device``
    what they came with, as far as their browser says."""

    type: ClassVar[str] = "roster.joined"
    participant: ParticipantId
    person: str
    display_name: str
    role: Role
    guest: bool
    edge: EdgeId
    connection: ConnectionId
    custom_role: str = ""
    device: Device = ""


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


class ParticipantLeft(EventData, frozen=True, omit_defaults=True):
    """A person is out of the class since ``left_at`` (Unix milliseconds).

    Who was removed stays out until the class ends, unless they ``may_return``.
    """

    type: ClassVar[str] = "roster.left"
    participant: ParticipantId
    reason: Literal["left", "removed", "timeout", "edge_lost", "session_ended"]
    left_at: int
    may_return: bool = False


class ParticipantReadmitted(EventData, frozen=True):
    """Somebody who was removed may come back. Staff only."""

    type: ClassVar[str] = "roster.readmitted"
    participant: ParticipantId


class RoleChanged(EventData, frozen=True, omit_defaults=True):
    """A participant has another role; the custom ones are the tenant's own, with these as their bases."""

    type: ClassVar[str] = "roster.role_changed"
    participant: ParticipantId
    before: Role
    after: Role
    custom_role: str = ""
    custom_role_before: str = ""


EVENTS: tuple[type[EventData], ...] = (
    MemberAdded,
    MemberRemoved,
    ParticipantJoined,
    ParticipantConnected,
    ParticipantDisconnected,
    ParticipantLeft,
    ParticipantReadmitted,
    RoleChanged,
)
