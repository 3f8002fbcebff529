"""Events of lifecycle."""

from typing import ClassVar, Literal

from schemas.events.common import EventData
from schemas.ids import (
    SessionId,
    UserId,
)
from schemas.media import Role


class RoomCreated(EventData, frozen=True):
    """The room exists; ``owner`` hosts every class in it."""

    type: ClassVar[str] = "lifecycle.room_created"
    title: str
    owner: UserId
    default_role: Role


class SessionScheduled(EventData, frozen=True):
    """A class is planned."""

    type: ClassVar[str] = "lifecycle.session_scheduled"
    session: SessionId
    title: str
    starts_at: int
    minutes: int


class SessionStarted(EventData, frozen=True):
    """A class is live."""

    type: ClassVar[str] = "lifecycle.session_started"
    session: SessionId
    title: str


class SessionEnded(EventData, frozen=True):
    """The class is over: everybody still in it has left, every track is closed, no hand is up.

    The same commit says so one by one, but for the tail of a very large class
    (``DEPARTURES_PER_COMMIT_MAX``): followers close what is still open at this event.
    """

    type: ClassVar[str] = "lifecycle.session_ended"
    session: SessionId
    reason: Literal["ended", "empty", "time_limit"]


EVENTS: tuple[type[EventData], ...] = (
    RoomCreated,
    SessionScheduled,
    SessionStarted,
    SessionEnded,
)
