"""Commands of breakouts.

Those of people go to the parent room, but for ``call_for_help`` and ``withdraw_help``, which are asked in
a child room. The service's three are how parent and child rooms speak with each other; each may be sent
again at any time, because it says what is, not what changed.
"""

from typing import Annotated, ClassVar

from msgspec import Meta

from schemas.breakouts import (
    Announcement,
    BreakoutText,
    CarriedDeck,
    Carry,
    GroupName,
    GroupPlan,
    Members,
    StaffMember,
    VisitMode,
    VisitorPass,
)
from schemas.commands.common import Command, Milliseconds
from schemas.commands.lifecycle import CreateRoom
from schemas.ids import GroupToken, OpeningToken, ParticipantToken, RoomToken, SessionToken, UserToken
from schemas.limits import (
    BREAKOUT_CARRY_MAX,
    BREAKOUT_COUNTDOWN_S_MAX,
    BREAKOUT_MEMBERS_MAX,
    BREAKOUT_MINUTES_MAX,
    BREAKOUT_SEED_CHARS_MAX,
    BREAKOUT_STAFF_MAX,
    BREAKOUT_TEXTS_KEPT_MAX,
    BREAKOUT_VISITORS_MAX,
    BREAKOUTS_CLOSING_MAX,
    BREAKOUTS_MAX,
    PARTICIPANTS_MAX,
)
from schemas.permissions import Permission
from schemas.policy import Policy
from schemas.room_settings import RoomSettings

GroupCount = Annotated[int, Meta(ge=1, le=BREAKOUTS_MAX)]
Minutes = Annotated[int, Meta(ge=1, le=BREAKOUT_MINUTES_MAX)]
Count = Annotated[int, Meta(ge=0, le=1 << 31)]


# --- planning ------------------------------------------------------------------------------------
class PlanBreakouts(Command, frozen=True, forbid_unknown_fields=True):
    """Plans the groups by hand, in or outside a class; no groups: there is no plan."""

    name: ClassVar[str] = "plan_breakouts"
    groups: Annotated[tuple[GroupPlan, ...], Meta(max_length=BREAKOUTS_MAX)]


class PlanByNumber(Command, frozen=True, forbid_unknown_fields=True):
    """Counts those in class off into so many groups, in the order in which they came. Staff are left."""

    name: ClassVar[str] = "plan_by_number"
    groups: GroupCount


class PlanAtRandom(Command, frozen=True, forbid_unknown_fields=True):
    """Draws groups of those in class: so many, or of so many people each. Staff are left.

    The same ``seed`` and the same people are the same groups.
    """

    name: ClassVar[str] = "plan_at_random"
    groups: GroupCount | None = None
    size: Annotated[int, Meta(ge=1, le=BREAKOUT_MEMBERS_MAX)] | None = None
    seed: Annotated[str, Meta(max_length=BREAKOUT_SEED_CHARS_MAX)] = ""


class PlanLikeLastTime(Command, frozen=True, forbid_unknown_fields=True):
    """Plans the groups that were opened last, in this lesson or an earlier one."""

    name: ClassVar[str] = "plan_like_last_time"


class MoveParticipant(Command, frozen=True, forbid_unknown_fields=True):
    """Puts a person into a group, or into none, before or while the child rooms are open."""

    name: ClassVar[str] = "move_participant"
    participant: ParticipantToken
    group: GroupToken | None = None


# --- while open ----------------------------------------------------------------------------------
class OpenBreakouts(Command, frozen=True, forbid_unknown_fields=True):
    """Opens a child room for each planned group; None: without time limit.

    ``free_choice``: people choose their group themselves.
    """

    name: ClassVar[str] = "open_breakouts"
    minutes: Minutes | None = None
    carry: Carry = ()
    free_choice: bool = False


class ChooseBreakout(Command, frozen=True, forbid_unknown_fields=True):
    """The asker goes into this group, where people choose freely."""

    name: ClassVar[str] = "choose_breakout"
    group: GroupToken


class LeaveBreakout(Command, frozen=True, forbid_unknown_fields=True):
    """The asker is back: a visit ends, and a freely chosen group is given up.

    Whom staff put into a group keeps the place, and just leaves the child room's class.
    """

    name: ClassVar[str] = "leave_breakout"


class BroadcastToBreakouts(Command, frozen=True, forbid_unknown_fields=True):
    """Shows a text in every child room."""

    name: ClassVar[str] = "broadcast_to_breakouts"
    text: BreakoutText


class ExtendBreakouts(Command, frozen=True, forbid_unknown_fields=True):
    """Gives all groups more minutes. Without time limit there is nothing to extend."""

    name: ClassVar[str] = "extend_breakouts"
    minutes: Minutes


class CloseBreakouts(Command, frozen=True, forbid_unknown_fields=True):
    """Ends all child rooms after a countdown; 0: now. An earlier end stays."""

    name: ClassVar[str] = "close_breakouts"
    seconds: Annotated[int, Meta(ge=0, le=BREAKOUT_COUNTDOWN_S_MAX)] = 60


# --- help ----------------------------------------------------------------------------------------
class CallForHelp(Command, frozen=True, forbid_unknown_fields=True):
    """A group asks the parent room's staff to come."""

    name: ClassVar[str] = "call_for_help"


class WithdrawHelp(Command, frozen=True, forbid_unknown_fields=True):
    """A group does not need help any more."""

    name: ClassVar[str] = "withdraw_help"


class AnswerHelp(Command, frozen=True, forbid_unknown_fields=True):
    """Staff answer a group's call; it leaves the queue."""

    name: ClassVar[str] = "answer_help"
    group: GroupToken


# --- visits --------------------------------------------------------------------------------------
class VisitBreakout(Command, frozen=True, forbid_unknown_fields=True):
    """Lets the asker into a group's child room, instead of the one they visit. The group is told."""

    name: ClassVar[str] = "visit_breakout"
    group: GroupToken
    mode: VisitMode = "visit"


class SpeakToAll(Command, frozen=True, forbid_unknown_fields=True):
    """Lets the asker's microphone into every child room; one person at a time."""

    name: ClassVar[str] = "speak_to_all"


class StopSpeakingToAll(Command, frozen=True, forbid_unknown_fields=True):
    """Ends it: one's own, or by staff another's."""

    name: ClassVar[str] = "stop_speaking_to_all"


# --- between the rooms ---------------------------------------------------------------------------
class DirectBreakout(CreateRoom, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a child room shall be, as its parent is at ``version`` (the parent's seq).

    The room is created and its class started if need be; then only differences have an effect. One with
    an older version than the last is stale and ignored. ``members`` are participants of the parent;
    ``helped`` is the number of the latest call for help that was answered; ``settings`` and ``locks`` are
    the parent's: each change of them, and each new ``policy``, holds in the child too.
    """

    name: ClassVar[str] = "direct_breakout"
    owner: UserToken
    parent: RoomToken
    session: SessionToken
    opening: OpeningToken
    group: GroupToken
    group_name: GroupName
    members: Members
    staff: Annotated[tuple[StaffMember, ...], Meta(max_length=BREAKOUT_STAFF_MAX)] = ()
    visitors: Annotated[tuple[VisitorPass, ...], Meta(max_length=BREAKOUT_VISITORS_MAX + 1)] = ()
    announcements: Annotated[tuple[Announcement, ...], Meta(max_length=BREAKOUT_TEXTS_KEPT_MAX)] = ()
    ends_at: Milliseconds | None = None
    closing: bool = False
    carry: Carry = ()
    decks: Annotated[tuple[CarriedDeck, ...], Meta(max_length=BREAKOUT_CARRY_MAX)] = ()
    helped: Count = 0
    settings: RoomSettings = RoomSettings()
    locks: tuple[Permission, ...] = ()
    policy: Policy = Policy()
    version: Annotated[int, Meta(ge=0, le=1 << 53)] = 0


class EndBreakout(Command, frozen=True, forbid_unknown_fields=True):
    """Ends a child room of this opening: its class is over, everybody is back."""

    name: ClassVar[str] = "end_breakout"
    opening: OpeningToken


class ReportBreakout(Command, frozen=True, forbid_unknown_fields=True):
    """What a child room tells its parent of itself: who is there, by their ids in the parent.

    ``help`` is the number of the call that waits for an answer, 0: none. ``over``: its class has ended.
    """

    name: ClassVar[str] = "report_breakout"
    opening: OpeningToken
    group: GroupToken
    present: Annotated[tuple[ParticipantToken, ...], Meta(max_length=PARTICIPANTS_MAX)] = ()
    hands: Count = 0
    help: Count = 0
    over: bool = False


class ConfirmClosed(Command, frozen=True, forbid_unknown_fields=True):
    """These child rooms have heard that they are closed."""

    name: ClassVar[str] = "confirm_closed"
    rooms: Annotated[tuple[RoomToken, ...], Meta(max_length=BREAKOUTS_CLOSING_MAX)]


CLIENT: tuple[type[Command], ...] = (
    PlanBreakouts,
    PlanByNumber,
    PlanAtRandom,
    PlanLikeLastTime,
    MoveParticipant,
    OpenBreakouts,
    ChooseBreakout,
    LeaveBreakout,
    BroadcastToBreakouts,
    ExtendBreakouts,
    CloseBreakouts,
    CallForHelp,
    WithdrawHelp,
    AnswerHelp,
    VisitBreakout,
    SpeakToAll,
    StopSpeakingToAll,
)
SERVICE: tuple[type[Command], ...] = (DirectBreakout, EndBreakout, ReportBreakout, ConfirmClosed)
