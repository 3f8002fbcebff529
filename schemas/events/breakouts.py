"""Events of breakouts: first those of a parent room, then those of a child room.

People are named by their participant ids in the parent room, where nothing else is said: a child
room's log names its own participants for visits and calls for help only.
"""

from typing import ClassVar

from schemas.breakouts import Group, StaffMember, VisitMode
from schemas.events.common import EventData
from schemas.ids import GroupId, OpeningId, ParticipantId, RoomId, SessionId
from schemas.permissions import Permission
from schemas.room_settings import RoomSettings


# --- in the parent room --------------------------------------------------------------------------
class BreakoutsPlanned(EventData, frozen=True):
    """These are the groups now. Staff only."""

    type: ClassVar[str] = "breakouts.planned"
    groups: tuple[Group, ...]


class ParticipantMoved(EventData, frozen=True):
    """A person is in this group and in no other, or in none. Staff only while nothing is open."""

    type: ClassVar[str] = "breakouts.moved"
    participant: ParticipantId
    group: GroupId | None


class BreakoutsOpened(EventData, frozen=True):
    """Child rooms are being opened for these groups."""

    type: ClassVar[str] = "breakouts.opened"
    opening: OpeningId
    groups: tuple[Group, ...]
    ends_at: int | None
    carry: tuple[str, ...]
    free_choice: bool


class DoorOpened(EventData, frozen=True):
    """The audience may enter this group's child room, which is there."""

    type: ClassVar[str] = "breakouts.door_opened"
    group: GroupId
    child: RoomId


class BreakoutActivity(EventData, frozen=True):
    """Who is in a child room, how many hands are up there, and whether its class is over. Staff only."""

    type: ClassVar[str] = "breakouts.activity"
    group: GroupId
    present: tuple[ParticipantId, ...]
    hands: int
    over: bool


class HelpQueued(EventData, frozen=True):
    """A group waits for help. Staff only."""

    type: ClassVar[str] = "breakouts.help_queued"
    group: GroupId
    number: int


class HelpUnqueued(EventData, frozen=True):
    """A group does not wait for help any more: its call was answered or withdrawn. Staff only."""

    type: ClassVar[str] = "breakouts.help_unqueued"
    group: GroupId
    number: int
    answered: bool


class VisitStarted(EventData, frozen=True):
    """A person visits a group's child room, and no other. For that person and staff."""

    type: ClassVar[str] = "breakouts.visit_started"
    participant: ParticipantId
    group: GroupId
    child: RoomId
    mode: VisitMode


class VisitEnded(EventData, frozen=True):
    """A person visits no child room any more. For that person and staff."""

    type: ClassVar[str] = "breakouts.visit_ended"
    participant: ParticipantId


class SpeakingToAllStarted(EventData, frozen=True):
    """A person's microphone may be in every child room."""

    type: ClassVar[str] = "breakouts.speaking_to_all_started"
    participant: ParticipantId


class SpeakingToAllStopped(EventData, frozen=True):
    """It may not any more."""

    type: ClassVar[str] = "breakouts.speaking_to_all_stopped"
    participant: ParticipantId


class BreakoutsClosed(EventData, frozen=True):
    """The child rooms are over, everybody comes back. The groups stay for the next time."""

    type: ClassVar[str] = "breakouts.closed"
    opening: OpeningId


class ChildrenClosed(EventData, frozen=True):
    """These child rooms have heard it. Staff only."""

    type: ClassVar[str] = "breakouts.children_closed"
    rooms: tuple[RoomId, ...]


# --- in both -------------------------------------------------------------------------------------
class AnnouncementMade(EventData, frozen=True):
    """A text for all child rooms, in the parent's log and in that of each child."""

    type: ClassVar[str] = "breakouts.announced"
    number: int
    text: str
    display_name: str


class BreakoutsEndMoved(EventData, frozen=True):
    """The child rooms end at another time (Unix milliseconds; None: without limit).

    ``closing``: it is a countdown.
    """

    type: ClassVar[str] = "breakouts.end_moved"
    ends_at: int | None
    closing: bool


# --- in a child room -----------------------------------------------------------------------------
class OpenedAsChild(EventData, frozen=True):
    """This room is a group's child room of a session of its parent."""

    type: ClassVar[str] = "breakouts.opened_as_child"
    parent: RoomId
    session: SessionId
    opening: OpeningId
    group: GroupId
    group_name: str
    members: tuple[ParticipantId, ...]
    ends_at: int | None
    carry: tuple[str, ...]


class MembersChanged(EventData, frozen=True):
    """These participants of the parent may enter."""

    type: ClassVar[str] = "breakouts.members_changed"
    members: tuple[ParticipantId, ...]


class ChildStaffChanged(EventData, frozen=True):
    """These people of the parent's staff may enter, with their roles. Staff only: it names accounts."""

    type: ClassVar[str] = "breakouts.staff_changed"
    staff: tuple[StaffMember, ...]


class VisitorCame(EventData, frozen=True):
    """A visitor may enter, under their id in this room; again with another ``mode`` when that changes."""

    type: ClassVar[str] = "breakouts.visitor_came"
    participant: ParticipantId
    display_name: str
    mode: VisitMode
    to_all: bool


class VisitorWent(EventData, frozen=True):
    """A visitor may not enter any more."""

    type: ClassVar[str] = "breakouts.visitor_went"
    participant: ParticipantId


class HelpCalled(EventData, frozen=True):
    """The group calls for help; calls are counted from 1."""

    type: ClassVar[str] = "breakouts.help_called"
    participant: ParticipantId
    number: int


class HelpEnded(EventData, frozen=True):
    """The call was answered, or withdrawn."""

    type: ClassVar[str] = "breakouts.help_ended"
    number: int
    answered: bool


class Directed(EventData, frozen=True, omit_defaults=True):
    """The child is as its parent was at this seq. Staff only.

    ``settings`` and ``locks`` are the parent's, where they are not those that it had before.
    """

    type: ClassVar[str] = "breakouts.directed"
    version: int
    settings: RoomSettings | None = None
    locks: tuple[Permission, ...] | None = None


class ClosedAsChild(EventData, frozen=True):
    """The parent has closed this room's opening."""

    type: ClassVar[str] = "breakouts.closed_as_child"
    opening: OpeningId


EVENTS: tuple[type[EventData], ...] = (
    BreakoutsPlanned,
    ParticipantMoved,
    BreakoutsOpened,
    DoorOpened,
    BreakoutActivity,
    HelpQueued,
    HelpUnqueued,
    VisitStarted,
    VisitEnded,
    SpeakingToAllStarted,
    SpeakingToAllStopped,
    BreakoutsClosed,
    ChildrenClosed,
    AnnouncementMade,
    BreakoutsEndMoved,
    OpenedAsChild,
    MembersChanged,
    ChildStaffChanged,
    VisitorCame,
    VisitorWent,
    HelpCalled,
    HelpEnded,
    Directed,
    ClosedAsChild,
)
