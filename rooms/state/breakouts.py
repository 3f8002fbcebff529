"""Groups, and the child rooms that are open: the part of the state that belongs to ``rooms.breakouts``."""

from msgspec import Struct

from schemas.breakouts import Announcement, Group, StaffMember, VisitMode
from schemas.ids import GroupId, OpeningId, ParticipantId, RoomId, SessionId
from schemas.permissions import Permission
from schemas.room_settings import RoomSettings


class Child(Struct, frozen=True):
    """A group's child room. ``ready``: it was heard of. ``present`` and ``hands`` are what it told last.

    ``help`` is the number of the call that waits since ``help_at`` (0: none); ``helped`` that of the
    latest answered one.
    """

    group: GroupId
    room: RoomId
    ready: bool = False
    present: tuple[ParticipantId, ...] = ()
    hands: int = 0
    over: bool = False
    help: int = 0
    help_at: int = 0
    helped: int = 0


class Opening(Struct, frozen=True):
    """Child rooms that are open. ``announced`` counts announcements, the latest of which are kept."""

    id: OpeningId
    opened_at: int
    ends_at: int | None
    carry: tuple[str, ...]
    free_choice: bool
    children: tuple[Child, ...]
    closing: bool = False
    announced: int = 0
    announcements: tuple[Announcement, ...] = ()


class Visit(Struct, frozen=True):
    """Somebody of the staff in a child room."""

    participant: ParticipantId
    group: GroupId
    mode: VisitMode


class Closing(Struct, frozen=True):
    """A child room that must still hear that it is closed."""

    room: RoomId
    opening: OpeningId


class Visitor(Struct, frozen=True):
    """In a child room: who may enter beside members and staff, under their id here."""

    participant: ParticipantId
    display_name: str
    mode: VisitMode
    to_all: bool


class Parentage(Struct, frozen=True):
    """What makes a room a child room. ``members`` are participants of the parent.

    ``version`` is the parent's seq that it follows, ``calls`` counts calls for help, ``help`` is the one
    that waits (0: none). When ``closed``, the room is at rest again. ``settings`` and ``locks`` are what
    the parent last said of its own.
    """

    parent: RoomId
    session: SessionId
    opening: OpeningId
    group: GroupId
    group_name: str
    members: tuple[ParticipantId, ...]
    ends_at: int | None
    carry: tuple[str, ...]
    closing: bool = False
    staff: tuple[StaffMember, ...] = ()
    visitors: tuple[Visitor, ...] = ()
    announced: int = 0
    announcements: tuple[Announcement, ...] = ()
    calls: int = 0
    help: int = 0
    version: int = 0
    closed: bool = False
    settings: RoomSettings = RoomSettings()
    locks: tuple[Permission, ...] = ()


class Breakouts(Struct, frozen=True):
    """The planned groups, those of the last opening, and the child rooms that are open.

    ``closing`` are child rooms of earlier openings; ``of`` is set in a child room.
    """

    groups: tuple[Group, ...] = ()
    last: tuple[Group, ...] = ()
    opening: Opening | None = None
    visits: tuple[Visit, ...] = ()
    speaking: ParticipantId | None = None
    closing: tuple[Closing, ...] = ()
    of: Parentage | None = None
