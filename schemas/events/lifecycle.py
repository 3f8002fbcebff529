"""Events of lifecycle."""

from typing import ClassVar, Literal

from schemas.events.common import EventData
from schemas.ids import CourseId, SeriesId, SessionId, UserId
from schemas.media import Role
from schemas.room_settings import RoomSettings


class RoomCreated(EventData, frozen=True):
    """The room exists; ``owner`` hosts every class in it."""

    type: ClassVar[str] = "lifecycle.room_created"
    title: str
    owner: UserId
    default_role: Role


class SessionScheduled(EventData, frozen=True, omit_defaults=True):
    """A class is planned; ``series`` names the recurring lessons that it is one of."""

    type: ClassVar[str] = "lifecycle.session_scheduled"
    session: SessionId
    title: str
    starts_at: int
    minutes: int
    series: SeriesId | None = None


class SessionMoved(EventData, frozen=True):
    """A planned class has another time."""

    type: ClassVar[str] = "lifecycle.session_moved"
    session: SessionId
    starts_at: int
    minutes: int


class SessionRenamed(EventData, frozen=True):
    """A planned or running class has another title."""

    type: ClassVar[str] = "lifecycle.session_renamed"
    session: SessionId
    title: str


class SessionCancelled(EventData, frozen=True):
    """A planned class will not take place."""

    type: ClassVar[str] = "lifecycle.session_cancelled"
    session: SessionId


class SessionStarted(EventData, frozen=True):
    """A class is live."""

    type: ClassVar[str] = "lifecycle.session_started"
    session: SessionId
    title: str


class SessionExtended(EventData, frozen=True):
    """The running class may go on until ``ends_at`` (Unix milliseconds)."""

    type: ClassVar[str] = "lifecycle.session_extended"
    session: SessionId
    ends_at: int


class EndingSoon(EventData, frozen=True):
    """The running class ends by itself at ``ends_at`` (Unix milliseconds) unless it is extended."""

    type: ClassVar[str] = "lifecycle.ending_soon"
    session: SessionId
    ends_at: int
    reason: Literal["planned_end", "time_limit"]


class SessionEnded(EventData, frozen=True):
    """The class is over: everybody still in it has left, every track is closed, no hand is up.

    The same commit says so one by one, but for the tail of a very large class
    (``DEPARTURES_PER_COMMIT_MAX``): followers close what is still open at this event.
    """

    type: ClassVar[str] = "lifecycle.session_ended"
    session: SessionId
    reason: Literal["ended", "empty", "time_limit"]


class SettingsChanged(EventData, frozen=True):
    """The room is set up anew."""

    type: ClassVar[str] = "lifecycle.settings_changed"
    before: RoomSettings
    after: RoomSettings


class RoomRenamed(EventData, frozen=True):
    """The room has another title."""

    type: ClassVar[str] = "lifecycle.room_renamed"
    title: str


class CourseAssigned(EventData, frozen=True):
    """The room belongs to this course, or to none."""

    type: ClassVar[str] = "lifecycle.course_assigned"
    course: CourseId | None


class RoomArchived(EventData, frozen=True):
    """The room takes no new class until it is restored."""

    type: ClassVar[str] = "lifecycle.room_archived"


class RoomRestored(EventData, frozen=True):
    """The room takes classes again."""

    type: ClassVar[str] = "lifecycle.room_restored"


EVENTS: tuple[type[EventData], ...] = (
    RoomCreated,
    SessionScheduled,
    SessionMoved,
    SessionRenamed,
    SessionCancelled,
    SessionStarted,
    SessionExtended,
    EndingSoon,
    SessionEnded,
    SettingsChanged,
    RoomRenamed,
    CourseAssigned,
    RoomArchived,
    RoomRestored,
)
