"""What a breakout room does as the child of its parent: become what it is told, tell what it is.

The parent says all that the child shall be (``direct_breakout``); the child compares and notes the
difference. So it does not matter how often that is said, by whom, or what was lost in between.
"""

from msgspec.structs import replace

from rooms.asker import Asker, new_id
from rooms.doors import is_member, may_publish, parent_key
from rooms.lifecycle import ending
from rooms.permissions import PUBLISHING, Permission, is_owner, permissions_of, silenced
from rooms.roster import departure
from rooms.state import GivenRole, Participant, RoomState
from rooms.state.breakouts import Parentage, Visitor
from rooms.topic import Decided, Stamp
from schemas.breakouts import Announcement, StaffMember
from schemas.commands.breakouts import DirectBreakout, EndBreakout, ReportBreakout
from schemas.envelope import STAFF, Event
from schemas.events.breakouts import (
    AnnouncementMade,
    BreakoutsEndMoved,
    ChildStaffChanged,
    ClosedAsChild,
    Directed,
    HelpCalled,
    HelpEnded,
    MembersChanged,
    OpenedAsChild,
    VisitorCame,
    VisitorWent,
)
from schemas.events.lifecycle import RoomCreated, SessionStarted, SettingsChanged
from schemas.events.rights import PermissionLocked, PermissionUnlocked, PolicyApplied
from schemas.events.roster import RoleChanged
from schemas.events.studio import DeckAdded
from schemas.events.tracks import TrackClosed
from schemas.ids import ParticipantId, RoomId, SessionId, participant_id
from schemas.limits import BREAKOUT_TEXTS_KEPT_MAX
from schemas.media import Role
from schemas.rejections import Code, rejection
from schemas.room_settings import RoomSettings

Fact = (
    OpenedAsChild
    | MembersChanged
    | ChildStaffChanged
    | VisitorCame
    | VisitorWent
    | HelpCalled
    | HelpEnded
    | Directed
    | ClosedAsChild
)


# --- becoming what the parent says ---------------------------------------------------------------
def direct(state: RoomState, asks: Asker, command: DirectBreakout, now: int) -> Decided:
    """What differs from what the parent says."""
    of = state.breakouts.of
    if state.breakouts.opening is not None:
        return rejection(Code.BREAKOUTS_OPEN)
    if of is not None and command.version < of.version:
        return ()
    if of is None or of.opening != command.opening:
        return _open(state, asks, command, now)
    if of.closed or state.live is None:
        return ()
    return _noted(_with_rules(state, of, command, _differences(state, of, command, now)), of, command)


def _open(state: RoomState, asks: Asker, command: DirectBreakout, now: int) -> tuple[Event, ...]:
    """A room that is not there is created; one that is there is taken in as it is."""
    opened = OpenedAsChild(
        command.parent,
        command.session,
        command.opening,
        command.group,
        command.group_name,
        command.members,
        command.ends_at,
        command.carry,
    )
    of = _parentage(opened)
    session = SessionId(new_id(state, asks, "s"))
    return _noted(
        (
            *(() if state.exists else _create(command)),
            Event(opened),
            *_policy(state, command),
            *(() if state.live else (Event(SessionStarted(session, command.title)),)),
            *_decks(state, command),
            *_differences(state, of, command, now),
            *_locks(state, of, command),
        ),
        of,
        command,
    )


def _create(command: DirectBreakout) -> tuple[Event, ...]:
    """A room of the same owner, set up as the parent is."""
    role = Role(command.default_role)
    created = Event(RoomCreated(command.title, command.owner, role))
    settings = RoomSettings(default_role=role)
    if command.settings == settings:
        return (created,)
    return (created, Event(SettingsChanged(settings, command.settings)))


def _policy(state: RoomState, command: DirectBreakout) -> tuple[Event, ...]:
    if command.policy.version <= state.policy.version:
        return ()
    return (Event(PolicyApplied(state.policy, command.policy), "staff"),)


def _decks(state: RoomState, command: DirectBreakout) -> tuple[Event, ...]:
    """The parent's slides, to be drawn on without the other groups."""
    return tuple(
        Event(DeckAdded(d.deck, d.title, d.pages, d.file))
        for d in command.decks
        if d.deck not in state.studio.decks
    )


def _noted(events: tuple[Event, ...], of: Parentage, command: DirectBreakout) -> tuple[Event, ...]:
    settings = None if command.settings == of.settings else command.settings
    locks = None if command.locks == of.locks else command.locks
    if not events and settings is None and locks is None:
        return ()
    return (*events, Event(Directed(command.version, settings, locks), "staff"))


def _with_rules(
    state: RoomState, of: Parentage, command: DirectBreakout, told: tuple[Event, ...]
) -> tuple[Event, ...]:
    """What else there is to note, with the parent's rules where the parent changed them: what staff decided
    in here stays otherwise. Who loses the right to be heard is silent in the same commit."""
    settings = _settings(state, of, command)
    locks = _locks(state, of, command)
    policy = _policy(state, command)
    if not (settings or locks or policy):
        return told
    after = state
    for event in (*locks, *policy):
        match event.data:
            case PermissionLocked(after=locked) | PermissionUnlocked(after=locked):
                after = replace(after, rights=replace(after.rights, locks=locked))
            case PolicyApplied(after=applied):
                after = replace(after, policy=applied)
    shut = {event.data.track for event in told if isinstance(event.data, TrackClosed)}
    closed = (e for e in silenced(after) if isinstance(e.data, TrackClosed) and e.data.track not in shut)
    return (*settings, *locks, *policy, *told, *closed)


def _settings(state: RoomState, of: Parentage, command: DirectBreakout) -> tuple[Event, ...]:
    if command.settings in (of.settings, state.settings):
        return ()
    return (Event(SettingsChanged(state.settings, command.settings)),)


def _locks(state: RoomState, of: Parentage, command: DirectBreakout) -> tuple[Event, ...]:
    """What the parent locked or unlocked, one by one, as a host would."""
    events, now = [], state.rights.locks
    for permission in sorted({*of.locks} ^ {*command.locks}):
        before = now
        if permission in command.locks and permission not in now:
            now = tuple(sorted({*now, permission}))
            events.append(Event(PermissionLocked(permission, before, now)))
        elif permission in of.locks and permission in now:
            now = tuple(one for one in now if one is not permission)
            events.append(Event(PermissionUnlocked(permission, before, now)))
    return tuple(events)


def _differences(state: RoomState, of: Parentage, command: DirectBreakout, now: int) -> tuple[Event, ...]:
    return (
        *_end(of, command),
        *_people(state, of, command, now),
        *_visits(state, of, command),
        *(
            Event(AnnouncementMade(a.number, a.text, a.display_name))
            for a in command.announcements
            if a.number > of.announced
        ),
        *([Event(HelpEnded(of.help, answered=True))] if 0 < of.help <= command.helped else []),
    )


def _end(of: Parentage, command: DirectBreakout) -> tuple[Event, ...]:
    if (of.ends_at, of.closing) == (command.ends_at, command.closing):
        return ()
    return (Event(BreakoutsEndMoved(command.ends_at, command.closing)),)


def _people(state: RoomState, of: Parentage, command: DirectBreakout, now: int) -> tuple[Event, ...]:
    """Who may be here now. Who may not any more leaves; whose role in the parent changed has it here."""
    members = [Event(MembersChanged(command.members))] if of.members != command.members else []
    staff = [Event(ChildStaffChanged(command.staff), "staff")] if of.staff != command.staff else []
    roles = _given(state, command.staff)
    before = {participant_id(state.key, s.person) for s in of.staff}
    visitors = {participant_id(state.key, v.person) for v in command.visitors}
    future = replace(of, members=command.members)
    events: list[Event] = []
    for person in state.participants.values():
        was = GivenRole(person.role, person.custom_role)
        ordinary = GivenRole(state.settings.default_role) if person.id in before else was
        role = roles.get(person.id, ordinary)
        if is_owner(state, person.id):
            continue
        if role.role in STAFF or person.id in visitors or is_member(state, future, person.person):
            events += _role(state, person, role)
        else:
            events += departure(state, person, "left", now)
    return (*members, *staff, *events)


def _given(state: RoomState, staff: tuple[StaffMember, ...]) -> dict[ParticipantId, GivenRole]:
    return {participant_id(state.key, s.person): GivenRole(s.role, s.custom_role) for s in staff}


def _role(state: RoomState, person: Participant, now: GivenRole) -> tuple[Event, ...]:
    before = GivenRole(person.role, person.custom_role)
    if now == before:
        return ()
    allowed = permissions_of(state, person.id, now.role, now.custom_role)
    closed = [t for t in state.tracks_of(person.id) if PUBLISHING[t.source] not in allowed]
    return (
        Event(RoleChanged(person.id, before.role, now.role, now.custom_role, before.custom_role)),
        *(Event(TrackClosed(t.id, "role")) for t in closed),
    )


def _visits(state: RoomState, of: Parentage, command: DirectBreakout) -> tuple[Event, ...]:
    """Whoever listens is named to everybody; a mode that allows less closes what was open."""
    wanted = tuple(
        Visitor(participant_id(state.key, v.person), v.display_name, v.mode, v.to_all)
        for v in command.visitors
    )
    after = replace(state, breakouts=replace(state.breakouts, of=replace(of, visitors=wanted)))
    gone = [v for v in of.visitors if all(v.participant != w.participant for w in wanted)]
    came = [w for w in wanted if w not in of.visitors]
    silenced = [
        track
        for w in came
        for track in state.tracks_of(w.participant)
        if not may_publish(after, w.participant, track.source)
    ]
    return (
        *(Event(VisitorWent(v.participant)) for v in gone),
        *(Event(VisitorCame(w.participant, w.display_name, w.mode, w.to_all)) for w in came),
        *(Event(TrackClosed(track.id, "role")) for track in silenced),
    )


def end(state: RoomState, command: EndBreakout, now: int) -> Decided:
    """The class of a child room is over; the room stays as a record."""
    of = state.breakouts.of
    if of is None:
        return rejection(Code.NOT_A_BREAKOUT)
    if of.opening != command.opening or of.closed:
        return ()
    closed = Event(ClosedAsChild(of.opening))
    return (*ending(state, now, "ended"), closed) if state.live else (closed,)


# --- help ----------------------------------------------------------------------------------------
def call_for_help(state: RoomState, asks: Asker) -> Decided:
    """The group's call; one that waits already is enough."""
    of = state.breakouts.of
    if not asks.may(Permission.CALL_FOR_HELP):
        return rejection(Code.FORBIDDEN)
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    if of is None or of.closed:
        return rejection(Code.NOT_A_BREAKOUT)
    return () if of.help else (Event(HelpCalled(asks.present.id, of.calls + 1)),)


def withdraw_help(state: RoomState, asks: Asker) -> Decided:
    """The call is taken back."""
    of = state.breakouts.of
    if not asks.may(Permission.CALL_FOR_HELP):
        return rejection(Code.FORBIDDEN)
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    if of is None or of.closed:
        return rejection(Code.NOT_A_BREAKOUT)
    return (Event(HelpEnded(of.help, answered=False)),) if of.help else ()


# --- telling what it is --------------------------------------------------------------------------
def report(state: RoomState) -> tuple[RoomId, ReportBreakout] | None:
    """What the parent should know of this room, and who that is; None when it is nobody's open child."""
    of = state.breakouts.of
    if of is None or of.closed:
        return None
    parent = parent_key(state, of)
    present = sorted(participant_id(parent, p.person) for p in state.participants.values())
    over = state.live is None
    hands = len(state.hands)
    return of.parent, ReportBreakout(
        of.opening, of.group, tuple(present), hands, 0 if over else of.help, over
    )


# --- facts ---------------------------------------------------------------------------------------
def evolve(state: RoomState, of: Parentage | None, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact that makes it a child, or is about it as one."""
    if isinstance(fact, OpenedAsChild):
        return _with(state, _parentage(fact))
    if of is None:
        return state
    match fact:
        case MembersChanged(members=members):
            return _with(state, replace(of, members=members))
        case ChildStaffChanged():
            return _staffed(state, of, fact)
        case VisitorCame(participant=who):
            visit = Visitor(who, fact.display_name, fact.mode, fact.to_all)
            return _with(state, replace(of, visitors=(*_without(of, who), visit)))
        case VisitorWent(participant=who):
            return _with(state, replace(of, visitors=_without(of, who)))
        case HelpCalled(number=number):
            return _with(state, replace(of, calls=number, help=number))
        case HelpEnded():
            return _with(state, replace(of, help=0))
        case Directed(version=version, settings=settings, locks=locks):
            said = replace(
                of,
                version=version,
                settings=of.settings if settings is None else settings,
                locks=of.locks if locks is None else locks,
            )
            return _with(state, said)
        case ClosedAsChild():
            return _with(state, replace(of, closed=True, help=0, visitors=()))


def announced(of: Parentage, fact: AnnouncementMade) -> Parentage:
    """A child room with one more text; the latest are kept."""
    text = Announcement(fact.number, fact.text, fact.display_name)
    kept = (*of.announcements, text)[-BREAKOUT_TEXTS_KEPT_MAX:]
    return replace(of, announced=fact.number, announcements=kept)


def _parentage(fact: OpenedAsChild) -> Parentage:
    return Parentage(
        fact.parent,
        fact.session,
        fact.opening,
        fact.group,
        fact.group_name,
        fact.members,
        fact.ends_at,
        fact.carry,
    )


def _staffed(state: RoomState, of: Parentage, fact: ChildStaffChanged) -> RoomState:
    """The parent's staff are members of the room with a role, as if a host had added them."""
    before = {participant_id(state.key, s.person) for s in of.staff}
    others = {who: role for who, role in state.members.items() if who not in before}
    return _with(
        replace(state, members={**others, **_given(state, fact.staff)}), replace(of, staff=fact.staff)
    )


def _without(of: Parentage, who: ParticipantId) -> tuple[Visitor, ...]:
    return tuple(v for v in of.visitors if v.participant != who)


def _with(state: RoomState, of: Parentage) -> RoomState:
    return replace(state, breakouts=replace(state.breakouts, of=of))
