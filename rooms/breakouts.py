"""Breakout rooms: planned, opened, visited, closed.

Each group works in a child room with a log of its own; its people stay in the roster of the parent, too.
This file is the parent's side. It says what every child shall be (``directives``), and ``rooms.service``
tells the children until they are so; what a child does then is in ``rooms.child``, who goes where in
``rooms.grouping``, who may enter in ``rooms.doors``.

::

    planned ── open_breakouts ──► open ── close_breakouts, or the end ──► closed, children still to be told
                                   │ each child reports: ready, who is there, hands, help

Of who talks in a child the parent knows nothing: levels are ephemeral and never on a log.
"""

from collections.abc import Iterator
from typing import assert_never, get_args

from msgspec.structs import replace

from rooms import child
from rooms.asker import Asker, new_id
from rooms.breakout_view import view
from rooms.grouping import at_random, by_hand, by_number, group_of, moved
from rooms.permissions import Permission, may
from rooms.state import RoomState
from rooms.state.breakouts import Breakouts, Child, Closing, Opening, Visit
from rooms.topic import Decided, Stamp, Topic
from schemas.breakouts import Announcement, CarriedDeck, Group, StaffMember, VisitorPass
from schemas.commands.breakouts import (
    AnswerHelp,
    BroadcastToBreakouts,
    CallForHelp,
    ChooseBreakout,
    CloseBreakouts,
    ConfirmClosed,
    DirectBreakout,
    EndBreakout,
    ExtendBreakouts,
    LeaveBreakout,
    MoveParticipant,
    OpenBreakouts,
    PlanAtRandom,
    PlanBreakouts,
    PlanByNumber,
    PlanLikeLastTime,
    ReportBreakout,
    SpeakToAll,
    StopSpeakingToAll,
    VisitBreakout,
    WithdrawHelp,
)
from schemas.envelope import AND_STAFF, STAFF, Audience, Event
from schemas.events.breakouts import (
    AnnouncementMade,
    BreakoutActivity,
    BreakoutsClosed,
    BreakoutsEndMoved,
    BreakoutsOpened,
    BreakoutsPlanned,
    ChildrenClosed,
    DoorOpened,
    HelpQueued,
    HelpUnqueued,
    ParticipantMoved,
    SpeakingToAllStarted,
    SpeakingToAllStopped,
    VisitEnded,
    VisitStarted,
)
from schemas.events.lifecycle import SessionEnded
from schemas.events.roster import ParticipantLeft
from schemas.ids import DeckId, FileId, GroupId, OpeningId, ParticipantId, RoomId, RoomKey, derived_id
from schemas.limits import (
    BREAKOUT_MEMBERS_MAX,
    BREAKOUT_MINUTES_MAX,
    BREAKOUT_STAFF_MAX,
    BREAKOUT_TEXTS_KEPT_MAX,
    BREAKOUT_VISITORS_MAX,
    BREAKOUTS_CLOSING_MAX,
    TITLE_CHARS_MAX,
)
from schemas.media import Role
from schemas.rejections import Code, Rejection, rejection

BetweenRooms = DirectBreakout | EndBreakout | ReportBreakout | ConfirmClosed
Command = (
    PlanBreakouts
    | PlanByNumber
    | PlanAtRandom
    | PlanLikeLastTime
    | MoveParticipant
    | OpenBreakouts
    | ChooseBreakout
    | LeaveBreakout
    | BroadcastToBreakouts
    | ExtendBreakouts
    | CloseBreakouts
    | CallForHelp
    | WithdrawHelp
    | AnswerHelp
    | VisitBreakout
    | SpeakToAll
    | StopSpeakingToAll
    | BetweenRooms
)
ChildTold = DoorOpened | BreakoutActivity | HelpQueued | HelpUnqueued
Visiting = VisitStarted | VisitEnded | SpeakingToAllStarted | SpeakingToAllStopped
ParentFact = (
    BreakoutsPlanned
    | ParticipantMoved
    | BreakoutsOpened
    | BreakoutsClosed
    | ChildrenClosed
    | ChildTold
    | Visiting
)
Fact = ParentFact | AnnouncementMade | BreakoutsEndMoved | ParticipantLeft | SessionEnded | child.Fact

__all__ = ["TOPIC", "child_room", "decide", "directives", "evolve", "view"]

_MINUTE_MS = 60_000


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> Decided:
    """What a wish leads to."""
    match command:
        case PlanBreakouts() | PlanByNumber() | PlanAtRandom() | PlanLikeLastTime():
            return _plan(state, asks, command)
        case MoveParticipant():
            return _move(state, asks, command)
        case OpenBreakouts():
            return _open(state, asks, command, now)
        case ChooseBreakout(group=group):
            return _choose(state, asks, group)
        case LeaveBreakout():
            return _leave(state, asks)
        case BroadcastToBreakouts() | ExtendBreakouts() | CloseBreakouts():
            return _direct_all(state, asks, command, now)
        case VisitBreakout():
            return _visit(state, asks, command)
        case SpeakToAll():
            return _speak(state, asks)
        case StopSpeakingToAll():
            return _stop_speaking(state, asks)
        case CallForHelp() | WithdrawHelp() | AnswerHelp():
            return _help(state, asks, command)
        case DirectBreakout() | EndBreakout() | ReportBreakout() | ConfirmClosed():
            return _between_rooms(state, asks, command, now)
        case _:
            assert_never(command)


def _between_rooms(state: RoomState, asks: Asker, command: BetweenRooms, now: int) -> Decided:
    match command:
        case DirectBreakout():
            return child.direct(state, asks, command, now)
        case EndBreakout():
            return child.end(state, command, now)
        case ReportBreakout():
            return _heard(state, command)
        case ConfirmClosed(rooms=rooms):
            told = tuple(c.room for c in state.breakouts.closing if c.room in rooms)
            return (Event(ChildrenClosed(told), "staff"),) if told else ()
        case _:
            assert_never(command)


# --- planning ------------------------------------------------------------------------------------
def _plan(
    state: RoomState, asks: Asker, command: PlanBreakouts | PlanByNumber | PlanAtRandom | PlanLikeLastTime
) -> Decided:
    if not asks.may(Permission.OPEN_BREAKOUTS):
        return rejection(Code.FORBIDDEN)
    if state.breakouts.opening is not None:
        return rejection(Code.BREAKOUTS_OPEN)
    groups = _groups(state, asks, command)
    if isinstance(groups, Rejection):
        return groups
    same = [(g.name, g.participants) for g in groups] == [
        (g.name, g.participants) for g in state.breakouts.groups
    ]
    return () if same else (Event(BreakoutsPlanned(groups), "staff"),)


def _groups(
    state: RoomState, asks: Asker, command: PlanBreakouts | PlanByNumber | PlanAtRandom | PlanLikeLastTime
) -> tuple[Group, ...] | Rejection:
    match command:
        case PlanBreakouts():
            return by_hand(state, asks, command)
        case PlanByNumber():
            return by_number(state, asks, command)
        case PlanAtRandom():
            return at_random(state, asks, command)
        case PlanLikeLastTime():
            last = state.breakouts.last
            return last or rejection(Code.NO_SUCH_GROUP, "No groups were open in this room before.")
        case _:
            assert_never(command)


def _move(state: RoomState, asks: Asker, command: MoveParticipant) -> Decided:
    if not asks.may(Permission.OPEN_BREAKOUTS):
        return rejection(Code.FORBIDDEN)
    return _moving(state, command.participant, command.group)


def _choose(state: RoomState, asks: Asker, group: GroupId) -> Decided:
    opening = state.breakouts.opening
    if opening is not None and not opening.free_choice and not asks.may(Permission.OPEN_BREAKOUTS):
        return rejection(Code.FORBIDDEN, "The groups were made by the teacher.")
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    if opening is None:
        return rejection(Code.BREAKOUTS_NOT_OPEN)
    return _moving(state, asks.present.id, group)


def _moving(state: RoomState, who: ParticipantId, to: GroupId | None) -> Decided:
    """A person into a group. While it is open, its door opens for them in the same commit."""
    breakouts = state.breakouts
    opening = breakouts.opening
    target = _find(breakouts.groups, to)
    if to is not None and target is None:
        return rejection(Code.NO_SUCH_GROUP)
    if group_of(breakouts.groups, who) == target:
        return ()
    if target is not None and len(target.participants) >= BREAKOUT_MEMBERS_MAX:
        return rejection(Code.LIMIT_REACHED)
    move = ParticipantMoved(who, to)
    if opening is None:
        return (Event(move, "staff"),)
    room = _child(opening, to)
    if room is None or not room.ready or opening.free_choice:
        return (Event(move),)
    return (Event(move), Event(DoorOpened(room.group, room.room), (who,)))


# --- opening and closing -------------------------------------------------------------------------
def _open(state: RoomState, asks: Asker, command: OpenBreakouts, now: int) -> Decided:
    if not asks.may(Permission.OPEN_BREAKOUTS):
        return rejection(Code.FORBIDDEN)
    if not state.live:
        return rejection(Code.SESSION_NOT_LIVE)
    breakouts = state.breakouts
    if breakouts.of is not None and not breakouts.of.closed:
        return rejection(Code.IS_A_BREAKOUT)
    if breakouts.opening is not None:
        return rejection(Code.BREAKOUTS_OPEN)
    if not breakouts.groups:
        return rejection(Code.NO_SUCH_GROUP, "Plan the groups first.")
    if len(breakouts.closing) + len(breakouts.groups) > BREAKOUTS_CLOSING_MAX:
        return rejection(Code.LIMIT_REACHED, "Earlier breakout rooms are still being closed.")
    carry = tuple(dict.fromkeys(command.carry))
    if not all(_is_there(state, name) for name in carry):
        return rejection(Code.NO_SUCH_FILE)
    ends_at = None if command.minutes is None else now + command.minutes * _MINUTE_MS
    opening = OpeningId(new_id(state, asks, "o"))
    return (Event(BreakoutsOpened(opening, breakouts.groups, ends_at, carry, command.free_choice)),)


def _is_there(state: RoomState, name: str) -> bool:
    return DeckId(name) in state.studio.decks or state.files.find(FileId(name)) is not None


def _direct_all(
    state: RoomState, asks: Asker, command: BroadcastToBreakouts | ExtendBreakouts | CloseBreakouts, now: int
) -> Decided:
    if not asks.may(Permission.OPEN_BREAKOUTS):
        return rejection(Code.FORBIDDEN)
    opening = state.breakouts.opening
    if opening is None:
        return () if isinstance(command, CloseBreakouts) else rejection(Code.BREAKOUTS_NOT_OPEN)
    match command:
        case BroadcastToBreakouts(text=text):
            name = asks.present.display_name if asks.present else asks.actor.display_name
            if not text.strip():
                return rejection(Code.MALFORMED, "A text is needed.")
            return (Event(AnnouncementMade(opening.announced + 1, text.strip(), name)),)
        case ExtendBreakouts(minutes=minutes):
            return _extend(opening, minutes, now)
        case CloseBreakouts(seconds=0):
            return (Event(BreakoutsClosed(opening.id)),)
        case CloseBreakouts(seconds=seconds):
            end = now + seconds * 1000
            sooner = opening.ends_at is not None and opening.ends_at <= end
            return () if sooner else (Event(BreakoutsEndMoved(end, closing=True)),)
        case _:
            assert_never(command)


def _extend(opening: Opening, minutes: int, now: int) -> Decided:
    if opening.ends_at is None:
        return ()
    end = max(opening.ends_at, now) + minutes * _MINUTE_MS
    if end > opening.opened_at + 2 * BREAKOUT_MINUTES_MAX * _MINUTE_MS:
        return rejection(Code.LIMIT_REACHED)
    return (Event(BreakoutsEndMoved(end, closing=False)),)


def deadlines(state: RoomState) -> Iterator[int]:
    """The end of what is open."""
    opening = state.breakouts.opening
    if opening is not None and opening.ends_at is not None:
        yield opening.ends_at


def due(state: RoomState, now: int) -> tuple[Event, ...]:
    """The time is over: everybody comes back."""
    opening = state.breakouts.opening
    if opening is None or opening.ends_at is None or now < opening.ends_at:
        return ()
    return (Event(BreakoutsClosed(opening.id)),)


# --- help and visits -----------------------------------------------------------------------------
def _help(state: RoomState, asks: Asker, command: CallForHelp | WithdrawHelp | AnswerHelp) -> Decided:
    match command:
        case CallForHelp():
            return child.call_for_help(state, asks)
        case WithdrawHelp():
            return child.withdraw_help(state, asks)
        case AnswerHelp(group=group):
            return _answer_help(state, asks, group)
        case _:
            assert_never(command)


def _answer_help(state: RoomState, asks: Asker, group: GroupId) -> Decided:
    if not asks.may(Permission.VISIT_BREAKOUTS):
        return rejection(Code.FORBIDDEN)
    opening = state.breakouts.opening
    if opening is None:
        return rejection(Code.BREAKOUTS_NOT_OPEN)
    room = _child(opening, group)
    if room is None:
        return rejection(Code.NO_SUCH_GROUP)
    return (Event(HelpUnqueued(group, room.help, answered=True), "staff"),) if room.help else ()


def _visit(state: RoomState, asks: Asker, command: VisitBreakout) -> Decided:
    if not asks.may(Permission.VISIT_BREAKOUTS):
        return rejection(Code.FORBIDDEN)
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    breakouts = state.breakouts
    if breakouts.opening is None:
        return rejection(Code.BREAKOUTS_NOT_OPEN)
    room = _child(breakouts.opening, command.group)
    if room is None:
        return rejection(Code.NO_SUCH_GROUP)
    who = asks.present.id
    if Visit(who, command.group, command.mode) in breakouts.visits:
        return ()
    if len([v for v in breakouts.visits if v.participant != who]) >= BREAKOUT_VISITORS_MAX:
        return rejection(Code.LIMIT_REACHED)
    visit = VisitStarted(who, command.group, room.room, command.mode)
    return (Event(visit, (who, AND_STAFF)),)


def _leave(state: RoomState, asks: Asker) -> Decided:
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    breakouts, who = state.breakouts, asks.present.id
    if any(v.participant == who for v in breakouts.visits):
        return (Event(VisitEnded(who), (who, AND_STAFF)),)
    if breakouts.opening is not None and breakouts.opening.free_choice:
        return _moving(state, who, None)
    return ()


def _speak(state: RoomState, asks: Asker) -> Decided:
    if not asks.may(Permission.VISIT_BREAKOUTS):
        return rejection(Code.FORBIDDEN)
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    if state.breakouts.opening is None:
        return rejection(Code.BREAKOUTS_NOT_OPEN)
    before, who = state.breakouts.speaking, asks.present.id
    if before == who:
        return ()
    stopped = [Event(SpeakingToAllStopped(before))] if before is not None else []
    return (*stopped, Event(SpeakingToAllStarted(who)))


def _stop_speaking(state: RoomState, asks: Asker) -> Decided:
    if not asks.may(Permission.VISIT_BREAKOUTS):
        return rejection(Code.FORBIDDEN)
    speaking = state.breakouts.speaking
    return () if speaking is None else (Event(SpeakingToAllStopped(speaking)),)


# --- what a child tells --------------------------------------------------------------------------
def _heard(state: RoomState, told: ReportBreakout) -> Decided:
    opening = state.breakouts.opening
    if opening is None or opening.id != told.opening:
        return rejection(Code.BREAKOUTS_NOT_OPEN)
    room = _child(opening, told.group)
    if room is None:
        return rejection(Code.NO_SUCH_GROUP)
    events: list[Event] = []
    if not room.ready:
        events.append(Event(DoorOpened(room.group, room.room), _audience(state, opening, room.group)))
    if (room.present, room.hands, room.over) != (told.present, told.hands, told.over):
        events.append(Event(BreakoutActivity(room.group, told.present, told.hands, told.over), "staff"))
    if room.help and told.help != room.help:
        events.append(Event(HelpUnqueued(room.group, room.help, answered=False), "staff"))
    if told.help > room.helped and told.help != room.help:
        events.append(Event(HelpQueued(room.group, told.help), "staff"))
    return tuple(events)


def _audience(state: RoomState, opening: Opening, group: GroupId) -> Audience:
    """Who is shown the way into a group's room."""
    if opening.free_choice:
        return "everyone"
    members = _find(state.breakouts.groups, group)
    return (*(members.participants if members else ()), AND_STAFF)


# --- what the children shall be ------------------------------------------------------------------
def directives(state: RoomState) -> tuple[tuple[RoomId, DirectBreakout], ...]:
    """What every open child room shall be; ``version`` is for the sender to fill in.

    Whoever is in a child room is in the class of the parent, too: who leaves that is no member until
    they come back.
    """
    breakouts, opening = state.breakouts, state.breakouts.opening
    if opening is None or state.live is None or state.owner is None:
        return ()
    staff = tuple(
        StaffMember(p.person, p.role, p.custom_role)
        for p in state.participants.values()
        if p.role in STAFF and may(state, p.id, Permission.VISIT_BREAKOUTS)
    )[:BREAKOUT_STAFF_MAX]
    carried = (state.studio.decks.get(DeckId(name)) for name in opening.carry)
    decks = tuple(CarriedDeck(d.id, d.title, d.pages, d.file) for d in carried if d is not None)
    # At this door the parent decides, and the parent says when it is over.
    settings = replace(state.settings, lobby="off", end_at_time=False)
    return tuple(
        (
            room.room,
            DirectBreakout(
                title=f"{state.title}: {group.name}"[-TITLE_CHARS_MAX:],
                default_role="viewer" if settings.default_role is Role.VIEWER else "speaker",
                owner=state.owner,
                parent=state.key.room,
                session=state.live.id,
                opening=opening.id,
                group=group.id,
                group_name=group.name,
                members=tuple(who for who in group.participants if who in state.participants),
                staff=staff,
                visitors=_passes(state, group.id),
                announcements=opening.announcements,
                ends_at=opening.ends_at,
                closing=opening.closing,
                carry=opening.carry,
                decks=decks,
                helped=room.helped,
                settings=settings,
                locks=state.rights.locks,
                policy=state.policy,
            ),
        )
        for group, room in zip(breakouts.groups, opening.children, strict=True)
    )


def _passes(state: RoomState, group: GroupId) -> tuple[VisitorPass, ...]:
    """Who may enter beside members and staff. Who speaks to all may do so here, whatever else."""
    breakouts = state.breakouts
    modes = {v.participant: v.mode for v in breakouts.visits if v.group == group}
    speaking = breakouts.speaking
    if speaking is not None and modes.get(speaking, "listen") == "listen":
        modes[speaking] = "speak"
    people = ((state.participants.get(who), mode) for who, mode in modes.items())
    return tuple(
        VisitorPass(p.person, p.display_name, mode, p.id == speaking) for p, mode in people if p is not None
    )


def child_room(key: RoomKey, opening: OpeningId, group: GroupId) -> RoomId:
    """The child room of a group: another one each time, so that nobody reads what others wrote."""
    return RoomId(derived_id("b", key.tenant, key.room, opening, group))


def _child(opening: Opening, group: GroupId | None) -> Child | None:
    return next((c for c in opening.children if c.group == group), None)


def _find(groups: tuple[Group, ...], group: GroupId | None) -> Group | None:
    return next((g for g in groups if g.id == group), None)


# --- facts ---------------------------------------------------------------------------------------
def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact."""
    breakouts = state.breakouts
    match fact:
        case SessionEnded():
            return _after(state, _closed(breakouts))
        case ParticipantLeft(participant=who, reason=reason):
            return _after(state, _gone(breakouts, who, removed=reason == "removed"))
        case AnnouncementMade() if breakouts.opening is not None:
            return _after(state, replace(breakouts, opening=_announced(breakouts.opening, fact)))
        case BreakoutsEndMoved() if breakouts.opening is not None:
            opening = replace(breakouts.opening, ends_at=fact.ends_at, closing=fact.closing)
            return _after(state, replace(breakouts, opening=opening))
        case AnnouncementMade() if breakouts.of is not None:
            return _after(state, replace(breakouts, of=child.announced(breakouts.of, fact)))
        case BreakoutsEndMoved() if breakouts.of is not None:
            of = replace(breakouts.of, ends_at=fact.ends_at, closing=fact.closing)
            return _after(state, replace(breakouts, of=of))
        case AnnouncementMade() | BreakoutsEndMoved():
            return state  # Nothing is open and nobody is a parent: it has no meaning.
        case _ if isinstance(fact, ParentFact):
            return _after(state, _as_parent(state, breakouts, fact, stamp))
        case _:
            return child.evolve(state, breakouts.of, fact, stamp)


def _after(state: RoomState, breakouts: Breakouts) -> RoomState:
    return state if breakouts is state.breakouts else replace(state, breakouts=breakouts)


def _as_parent(state: RoomState, breakouts: Breakouts, fact: ParentFact, stamp: Stamp) -> Breakouts:
    match fact:
        case BreakoutsPlanned(groups=groups):
            return replace(breakouts, groups=groups)
        case ParticipantMoved(participant=who, group=to):
            groups = moved(breakouts.groups, who, to)
            is_open = breakouts.opening is not None
            return replace(breakouts, groups=groups, last=groups if is_open else breakouts.last)
        case BreakoutsOpened():
            return _opened(state.key, breakouts, fact, stamp.at)
        case BreakoutsClosed():
            return _closed(breakouts)
        case ChildrenClosed(rooms=rooms):
            return replace(breakouts, closing=tuple(c for c in breakouts.closing if c.room not in rooms))
        case VisitStarted() | VisitEnded() | SpeakingToAllStarted() | SpeakingToAllStopped():
            return _visited(breakouts, fact)
        case DoorOpened() | BreakoutActivity() | HelpQueued() | HelpUnqueued():
            return _told(breakouts, fact, stamp.at)
        case _:
            assert_never(fact)


def _told(breakouts: Breakouts, fact: ChildTold, at: int) -> Breakouts:
    match fact:
        case DoorOpened(group=group):
            return _change(breakouts, group, ready=True)
        case BreakoutActivity(group=group):
            return _change(breakouts, group, present=fact.present, hands=fact.hands, over=fact.over)
        case HelpQueued(group=group, number=number):
            return _change(breakouts, group, help=number, help_at=at)
        case HelpUnqueued(group=group, number=number):
            return _change(breakouts, group, help=0, help_at=0, helped=number)
        case _:
            assert_never(fact)


def _visited(breakouts: Breakouts, fact: Visiting) -> Breakouts:
    match fact:
        case VisitStarted(participant=who, group=group, mode=mode):
            return replace(breakouts, visits=(*_visits_of_others(breakouts, who), Visit(who, group, mode)))
        case VisitEnded(participant=who):
            return replace(breakouts, visits=_visits_of_others(breakouts, who))
        case SpeakingToAllStarted(participant=who):
            return replace(breakouts, speaking=who)
        case SpeakingToAllStopped():
            return replace(breakouts, speaking=None)
        case _:
            assert_never(fact)


def _opened(key: RoomKey, breakouts: Breakouts, fact: BreakoutsOpened, at: int) -> Breakouts:
    children = tuple(Child(g.id, child_room(key, fact.opening, g.id)) for g in fact.groups)
    opening = Opening(fact.opening, at, fact.ends_at, fact.carry, fact.free_choice, children)
    return replace(breakouts, groups=fact.groups, last=fact.groups, opening=opening)


def _change(breakouts: Breakouts, group: GroupId, **changes: object) -> Breakouts:
    opening = breakouts.opening
    if opening is None:
        return breakouts
    children = tuple(replace(c, **changes) if c.group == group else c for c in opening.children)
    return replace(breakouts, opening=replace(opening, children=children))


def _announced(opening: Opening, fact: AnnouncementMade) -> Opening:
    text = Announcement(fact.number, fact.text, fact.display_name)
    kept = (*opening.announcements, text)[-BREAKOUT_TEXTS_KEPT_MAX:]
    return replace(opening, announced=fact.number, announcements=kept)


def _closed(breakouts: Breakouts) -> Breakouts:
    """Nothing is open; the children must still be told."""
    opening = breakouts.opening
    if opening is None:
        return breakouts
    closing = tuple(Closing(c.room, opening.id) for c in opening.children)
    return replace(breakouts, opening=None, visits=(), speaking=None, closing=(*breakouts.closing, *closing))


def _gone(breakouts: Breakouts, who: ParticipantId, *, removed: bool) -> Breakouts:
    """Who left the class visits nobody; who was sent out is in no group any more."""
    visits = _visits_of_others(breakouts, who)
    if len(visits) != len(breakouts.visits) or breakouts.speaking == who:
        speaking = None if breakouts.speaking == who else breakouts.speaking
        breakouts = replace(breakouts, visits=visits, speaking=speaking)
    if removed and group_of(breakouts.groups, who) is not None:
        breakouts = replace(breakouts, groups=moved(breakouts.groups, who, None))
    return breakouts


def _visits_of_others(breakouts: Breakouts, who: ParticipantId) -> tuple[Visit, ...]:
    return tuple(v for v in breakouts.visits if v.participant != who)


TOPIC = Topic("breakouts", get_args(Command), get_args(Fact), decide, evolve, deadlines, due)
