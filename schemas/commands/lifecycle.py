"""Commands of lifecycle."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from schemas.commands.common import Command, Milliseconds, Title
from schemas.ids import CourseToken, SeriesToken, SessionToken
from schemas.limits import EXTENSION_MINUTES_MAX, SERIES_SESSIONS_MAX
from schemas.room_settings import RoomSettings

Minutes = Annotated[int, Meta(ge=1, le=720)]
"""The planned length of a class."""

Starts = Annotated[tuple[Milliseconds, ...], Meta(min_length=1, max_length=SERIES_SESSIONS_MAX)]
"""When the lessons of a series begin, Unix milliseconds."""


class CreateRoom(Command, frozen=True, forbid_unknown_fields=True):
    """Creates the room that the subject names. Needs the capability ``teach`` or ``administer``."""

    name: ClassVar[str] = "create_room"
    title: Title
    default_role: Literal["speaker", "viewer"] = "speaker"


class ScheduleSession(Command, frozen=True, forbid_unknown_fields=True):
    """Plans a class: start in Unix milliseconds, length in minutes."""

    name: ClassVar[str] = "schedule_session"
    title: Title
    starts_at: Milliseconds
    minutes: Minutes = 60


class ScheduleSeries(Command, frozen=True, forbid_unknown_fields=True):
    """Plans recurring lessons, whole or not at all.

    The asker says when each begins: "every Monday at nine" depends on a time zone and its summer time,
    and the rules know only Unix milliseconds.
    """

    name: ClassVar[str] = "schedule_series"
    title: Title
    starts: Starts
    minutes: Minutes = 60


class MoveSession(Command, frozen=True, forbid_unknown_fields=True):
    """Gives a planned class another time."""

    name: ClassVar[str] = "move_session"
    session: SessionToken
    starts_at: Milliseconds
    minutes: Minutes = 60


class RenameSession(Command, frozen=True, forbid_unknown_fields=True):
    """Gives a planned or running class another title."""

    name: ClassVar[str] = "rename_session"
    session: SessionToken
    title: Title


class CancelSession(Command, frozen=True, forbid_unknown_fields=True):
    """Takes a planned class off the time table."""

    name: ClassVar[str] = "cancel_session"
    session: SessionToken


class CancelSeries(Command, frozen=True, forbid_unknown_fields=True):
    """Takes all lessons of a series that have not begun off the time table."""

    name: ClassVar[str] = "cancel_series"
    series: SeriesToken


class StartSession(Command, frozen=True, forbid_unknown_fields=True):
    """Starts a scheduled session, or an unscheduled one when none is named."""

    name: ClassVar[str] = "start_session"
    session: SessionToken | None = None


class EndSession(Command, frozen=True, forbid_unknown_fields=True):
    """Ends the running class for everybody."""

    name: ClassVar[str] = "end_session"


class ExtendSession(Command, frozen=True, forbid_unknown_fields=True):
    """Lets the running class go on for this much longer than it would."""

    name: ClassVar[str] = "extend_session"
    minutes: Annotated[int, Meta(ge=1, le=EXTENSION_MINUTES_MAX)]


class ChangeSettings(Command, frozen=True, forbid_unknown_fields=True):
    """Sets the room up anew, for the running class and all later ones. ``default_role`` is speaker or
    viewer and holds for those who come from now on."""

    name: ClassVar[str] = "change_settings"
    settings: RoomSettings


class RenameRoom(Command, frozen=True, forbid_unknown_fields=True):
    """Gives the room another title."""

    name: ClassVar[str] = "rename_room"
    title: Title


class AssignCourse(Command, frozen=True, forbid_unknown_fields=True):
    """Makes the room one of a course (or of none): the course groups rooms and the people enrolled."""

    name: ClassVar[str] = "assign_course"
    course: CourseToken | None = None


class ArchiveRoom(Command, frozen=True, forbid_unknown_fields=True):
    """Puts the room away: it keeps everything and takes no new class. A running one goes on to its end."""

    name: ClassVar[str] = "archive_room"


class RestoreRoom(Command, frozen=True, forbid_unknown_fields=True):
    """Takes an archived room into use again."""

    name: ClassVar[str] = "restore_room"


CLIENT: tuple[type[Command], ...] = (
    CreateRoom,
    ScheduleSession,
    ScheduleSeries,
    MoveSession,
    RenameSession,
    CancelSession,
    CancelSeries,
    StartSession,
    ExtendSession,
    EndSession,
    ChangeSettings,
    RenameRoom,
    AssignCourse,
    ArchiveRoom,
    RestoreRoom,
)
SERVICE: tuple[type[Command], ...] = ()
