"""Groups, and the child rooms that are open, as somebody sees it."""

from msgspec import Struct

from schemas.breakouts import Announcement, Group, VisitMode
from schemas.ids import GroupId, OpeningId, ParticipantId, RoomId


class OpenGroupView(Struct, frozen=True):
    """A group while child rooms are open. ``child`` is its room, for those who may enter it.

    Only staff see who is ``present`` and whether hands are up there or help is called (since
    ``help_at``); for others these are empty.
    """

    id: GroupId
    name: str
    participants: tuple[ParticipantId, ...]
    child: RoomId | None
    present: tuple[ParticipantId, ...]
    hands: int
    over: bool
    help: int
    help_at: int


class VisitView(Struct, frozen=True):
    """Somebody in a child room."""

    participant: ParticipantId
    group: GroupId
    mode: VisitMode


class OpeningView(Struct, frozen=True):
    """The child rooms that are open. ``group`` is the viewer's own.

    ``visits`` are all to staff, otherwise the viewer's own.
    """

    id: OpeningId
    ends_at: int | None
    closing: bool
    carry: tuple[str, ...]
    free_choice: bool
    group: GroupId | None
    groups: tuple[OpenGroupView, ...]
    visits: tuple[VisitView, ...]
    speaking: ParticipantId | None
    announcements: tuple[Announcement, ...]


class VisitorView(Struct, frozen=True):
    """A visitor in this child room, whether their page is here already or not."""

    participant: ParticipantId
    display_name: str
    mode: VisitMode
    to_all: bool


class ChildView(Struct, frozen=True):
    """What a child room knows of itself. ``help`` is the call that waits, 0: none."""

    parent: RoomId
    opening: OpeningId
    group: GroupId
    group_name: str
    members: tuple[ParticipantId, ...]
    ends_at: int | None
    closing: bool
    carry: tuple[str, ...]
    visitors: tuple[VisitorView, ...]
    announcements: tuple[Announcement, ...]
    help: int
    closed: bool


class BreakoutsView(Struct, frozen=True):
    """The plan (for staff, otherwise empty), what is open, and whose child this room is.

    ``sees_all``: the viewer sees every child room.
    """

    plan: tuple[Group, ...]
    opening: OpeningView | None
    of: ChildView | None
    sees_all: bool
