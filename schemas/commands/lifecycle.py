"""Commands of lifecycle."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from schemas.commands.common import Command, Milliseconds, Title
from schemas.ids import (
    SessionToken,
)


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
    minutes: Annotated[int, Meta(ge=1, le=720)] = 60


class StartSession(Command, frozen=True, forbid_unknown_fields=True):
    """Starts a scheduled session, or an unscheduled one when none is named."""

    name: ClassVar[str] = "start_session"
    session: SessionToken | None = None


class EndSession(Command, frozen=True, forbid_unknown_fields=True):
    """Ends the running class for everybody."""

    name: ClassVar[str] = "end_session"


CLIENT: tuple[type[Command], ...] = (
    CreateRoom,
    ScheduleSession,
    StartSession,
    EndSession,
)
SERVICE: tuple[type[Command], ...] = ()
