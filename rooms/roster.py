"""Who is in the class: joining, leaving, losing the line and coming back, roles.

Somebody whose page is gone stays in the class for a grace time. Who does not come back has left when
last seen alive, not when the grace ran out: attendance is right to the second.

A role is one of ours or one of the tenant's own, of which one of ours is the base. Whoever gives one
must have what it brings, and only hosts decide about hosts and co-hosts.
"""

from collections.abc import Iterator
from typing import Literal, assert_never, get_args

from msgspec.structs import replace

from rooms import lobby
from rooms.asker import Asker
from rooms.doors import refuse_entry
from rooms.permissions import Permission, is_owner, permissions_of, silenced, standing_role
from rooms.state import GivenRole, Participant, RoomState
from rooms.topic import Stamp, Topic
from schemas.commands.roster import (
    AddMember,
    ChangeRole,
    JoinSession,
    LeaveSession,
    LoseConnection,
    LoseEdge,
    ReadmitParticipant,
    RemoveMember,
    RemoveParticipant,
    ResumeConnection,
)
from schemas.envelope import STAFF, Event
from schemas.events.floor import HandLowered
from schemas.events.roster import (
    MemberAdded,
    MemberRemoved,
    ParticipantConnected,
    ParticipantDisconnected,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantReadmitted,
    RoleChanged,
)
from schemas.events.tracks import TrackClosed
from schemas.ids import ConnectionId, EdgeId, ParticipantId, participant_id
from schemas.limits import (
    DEPARTURES_PER_COMMIT_MAX,
    DISCONNECT_GRACE_S,
    MEMBERS_MAX,
    PARTICIPANTS_MAX,
)
from schemas.media import Role
from schemas.rejections import Code, Rejection, rejection

Command = (
    JoinSession
    | LeaveSession
    | RemoveParticipant
    | ReadmitParticipant
    | ChangeRole
    | ResumeConnection
    | LoseConnection
    | LoseEdge
    | AddMember
    | RemoveMember
)
Fact = (
    MemberAdded
    | MemberRemoved
    | ParticipantJoined
    | ParticipantConnected
    | ParticipantDisconnected
    | ParticipantLeft
    | ParticipantReadmitted
    | RoleChanged
)

_GRACE_MS = int(DISCONNECT_GRACE_S * 1000)


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> tuple[Event, ...] | Rejection:
    """What a wish about people leads to."""
    match command:
        case JoinSession():
            return _join(state, asks, command)
        case LeaveSession():
            return departure(state, asks.present, "left", now) if asks.present else ()
        case RemoveParticipant():
            return _remove(state, asks, command, now)
        case ReadmitParticipant():
            return _readmit(state, asks, command)
        case ChangeRole():
            return _change_role(state, asks, command)
        case ResumeConnection():
            return _resume(state, command)
        case LoseConnection():
            return _lose_connection(state, command, now)
        case LoseEdge():
            return _lose_edge(state, command, now)
        case AddMember():
            return _add_member(state, asks, command)
        case RemoveMember():
            return _remove_member(state, asks, command)
        case _:
            assert_never(command)


# --- coming and going ----------------------------------------------------------------------------
def _join(state: RoomState, asks: Asker, command: JoinSession) -> tuple[Event, ...] | Rejection:
    actor, who = asks.actor, asks.participant
    if who is None or asks.role is None or actor.edge is None or actor.connection is None:
        return rejection(Code.FORBIDDEN)  # Only a person with a page can be in a class.
    if not state.live:
        return rejection(Code.SESSION_NOT_LIVE)
    if asks.present:
        return _connected(asks.present, actor.edge, actor.connection)
    if who in state.removed:
        return rejection(Code.REMOVED)
    if (refusal := refuse_entry(state, actor.id, asks.role)) is not None:
        return refusal
    name = command.display_name.strip()
    if not name:
        return rejection(Code.MALFORMED, "A name is needed.")
    if lobby.must_wait(state, asks):
        return lobby.knock(state, asks, name)
    # A full class still has room for its teachers.
    if len(state.participants) >= (PARTICIPANTS_MAX if asks.role in STAFF else state.settings.capacity):
        return rejection(Code.ROOM_FULL)
    guest = actor.kind == "guest"
    custom_role = standing_role(state, who, actor.capabilities).custom_role
    joined = ParticipantJoined(
        who, actor.id, name, asks.role, guest, actor.edge, actor.connection, custom_role, actor.device
    )
    return (Event(joined),)


def departure_time(participant: Participant, now: int) -> int:
    """When somebody who is out now was there for the last time."""
    return now if participant.gone_since is None else participant.gone_since


def departure(
    state: RoomState,
    participant: Participant,
    reason: Literal["left", "removed", "timeout", "edge_lost"],
    now: int,
    by: ParticipantId | None = None,
    *,
    may_return: bool = False,
) -> tuple[Event, ...]:
    """What it means that one person goes: hand, tracks, person."""
    hand = [Event(HandLowered(participant.id, by))] if state.has_hand_up(participant.id) else []
    why: Literal["by_host", "left"] = "by_host" if reason == "removed" else "left"
    return (
        *hand,
        *(Event(TrackClosed(t.id, why)) for t in state.tracks_of(participant.id)),
        Event(ParticipantLeft(participant.id, reason, departure_time(participant, now), may_return)),
    )


def _remove(
    state: RoomState, asks: Asker, command: RemoveParticipant, now: int
) -> tuple[Event, ...] | Rejection:
    if not asks.may(Permission.REMOVE):
        return rejection(Code.FORBIDDEN)
    target = state.participants.get(command.participant)
    if target is None:
        return rejection(Code.NO_SUCH_PARTICIPANT)
    refusal = _refuse_against(state, asks, target, Role.VIEWER)
    return refusal or departure(state, target, "removed", now, asks.participant, may_return=not command.ban)


def _readmit(state: RoomState, asks: Asker, command: ReadmitParticipant) -> tuple[Event, ...] | Rejection:
    if not asks.may(Permission.REMOVE):
        return rejection(Code.FORBIDDEN)
    if not state.live:
        return rejection(Code.SESSION_NOT_LIVE)
    if command.participant not in state.removed:
        return ()
    return (Event(ParticipantReadmitted(command.participant), "staff"),)


def deadlines(state: RoomState) -> Iterator[int]:
    """The ends of all grace times."""
    return (p.grace_until for p in state.participants.values() if p.grace_until is not None)


def timeouts(state: RoomState, now: int) -> tuple[Event, ...]:
    """Those whose grace time is over have left; a bounded number per commit, the rest at once after."""
    late = [p for p in state.participants.values() if p.grace_until is not None and p.grace_until <= now]
    return tuple(
        event
        for p in late[:DEPARTURES_PER_COMMIT_MAX]
        for event in departure(state, p, "edge_lost" if p.edge_lost else "timeout", now)
    )


# --- the line ------------------------------------------------------------------------------------
def _connected(participant: Participant, edge: EdgeId, connection: ConnectionId) -> tuple[Event, ...]:
    here = (participant.edge, participant.connection) == (edge, connection)
    if here and participant.connected:
        return ()
    return (Event(ParticipantConnected(participant.id, edge, connection)),)


def _resume(state: RoomState, command: ResumeConnection) -> tuple[Event, ...] | Rejection:
    if command.participant in state.lobby.waiting:
        return lobby.resumed(state, command)
    participant = state.participants.get(command.participant)
    if participant is None:
        return rejection(Code.NO_SUCH_PARTICIPANT)
    return _connected(participant, command.edge, command.connection)


def _lose_connection(state: RoomState, command: LoseConnection, now: int) -> tuple[Event, ...]:
    """News about a line that was replaced meanwhile is no news."""
    participant = state.participants.get(command.participant)
    if participant is None:
        return lobby.lost(state, command, now)
    if participant.connection != command.connection or not participant.connected:
        return ()
    return (Event(ParticipantDisconnected(participant.id, now + _GRACE_MS, now)),)


def _lose_edge(state: RoomState, command: LoseEdge, now: int) -> tuple[Event, ...]:
    """Grace counts from now, because people can come back only from now; attendance from last beat."""
    lost = [p for p in state.participants.values() if p.edge == command.edge and p.connected]
    return (
        *lobby.lost_edge(state, command, now),
        *(
            Event(
                ParticipantDisconnected(
                    p.id, now + _GRACE_MS, max(p.joined_at, min(command.last_beat, now)), edge_lost=True
                )
            )
            for p in lost[:DEPARTURES_PER_COMMIT_MAX]
        ),
    )


# --- roles ---------------------------------------------------------------------------------------
def _change_role(state: RoomState, asks: Asker, command: ChangeRole) -> tuple[Event, ...] | Rejection:
    if not asks.may(Permission.CHANGE_ROLE):
        return rejection(Code.FORBIDDEN)
    target = state.participants.get(command.participant)
    if target is None:
        return rejection(Code.NO_SUCH_PARTICIPANT)
    wished = _wished(state, command.role, command.custom_role)
    if isinstance(wished, Rejection):
        return wished
    return _new_role(state, asks, target, wished)


def _wished(state: RoomState, role: Role, custom_role: str) -> GivenRole | Rejection:
    """The role that somebody is to have; a custom one stands on its base."""
    if not custom_role:
        return GivenRole(role)
    own = state.policy.role(custom_role)
    return rejection(Code.NO_SUCH_ROLE) if own is None else GivenRole(own.base, own.name)


def _new_role(
    state: RoomState, asks: Asker, target: Participant, wished: GivenRole
) -> tuple[Event, ...] | Rejection:
    """Another role for somebody present, with what it takes away: tracks that it does not allow are
    closed in the same commit."""
    if _role_of(target) == wished:
        return ()
    refusal = _refuse_against(state, asks, target, wished.role)
    refusal = refusal or _refuse_gift(state, asks, target.id, _role_of(target), wished)
    if refusal:
        return refusal
    changed = RoleChanged(target.id, target.role, wished.role, wished.custom_role, target.custom_role)
    return (Event(changed), *silenced(_with_role(state, target.id, wished)))


def _refuse_against(state: RoomState, asks: Asker, target: Participant, after: Role) -> Rejection | None:
    """Why this may not happen to this person: co-hosts rule over speakers and viewers only, and a
    class never loses its owner or its last host to a click."""
    if not asks.rules_over(target.role, after):
        return rejection(Code.FORBIDDEN, "Only a host can decide about hosts and co-hosts.")
    if target.role is not Role.HOST or after is Role.HOST:
        return None
    if is_owner(state, target.id):
        return rejection(Code.FORBIDDEN, "The owner of the room stays its host.")
    if sum(1 for p in state.participants.values() if p.role is Role.HOST) == 1:
        return rejection(Code.FORBIDDEN, "A class needs a host. Give somebody else this role first.")
    return None


def _refuse_gift(
    state: RoomState, asks: Asker, who: ParticipantId, before: GivenRole, after: GivenRole
) -> Rejection | None:
    """Nobody gives by a role what they do not have themselves."""
    had = permissions_of(state, who, before.role, before.custom_role)
    gains = permissions_of(state, who, after.role, after.custom_role) - had
    if gains <= asks.permissions:
        return None
    return rejection(Code.FORBIDDEN, "You cannot give what you do not have yourself.")


def _role_of(participant: Participant) -> GivenRole:
    return GivenRole(participant.role, participant.custom_role)


# --- members -------------------------------------------------------------------------------------
def _add_member(state: RoomState, asks: Asker, command: AddMember) -> tuple[Event, ...] | Rejection:
    """Gives a lasting role, and to somebody present the role now."""
    if not asks.may(Permission.ADD_MEMBER):
        return rejection(Code.FORBIDDEN)
    wished = _wished(state, command.role, command.custom_role)
    if isinstance(wished, Rejection):
        return wished
    who = participant_id(state.key, command.user)
    before = state.members.get(who)
    refusal = _refuse_member(state, asks, who, before, wished)
    if refusal:
        return refusal
    target = state.participants.get(who)
    now = _new_role(state, asks, target, wished) if target else ()
    if isinstance(now, Rejection) or before == wished:
        return now
    return (Event(_member_added(command, wished, before), "staff"), *now)


def _member_added(command: AddMember, wished: GivenRole, before: GivenRole | None) -> MemberAdded:
    if before is None:
        return MemberAdded(command.user, wished.role, wished.custom_role)
    return MemberAdded(command.user, wished.role, wished.custom_role, before.role, before.custom_role)


def _refuse_member(
    state: RoomState, asks: Asker, who: ParticipantId, before: GivenRole | None, wished: GivenRole
) -> Rejection | None:
    if is_owner(state, who) and wished.role is not Role.HOST:
        return rejection(Code.FORBIDDEN, "The owner of the room stays its host.")
    before = before or GivenRole(state.settings.default_role)
    if not asks.rules_over(before.role, wished.role):
        return rejection(Code.FORBIDDEN, "Only a host can decide about hosts and co-hosts.")
    if who not in state.members and len(state.members) >= MEMBERS_MAX:
        return rejection(Code.LIMIT_REACHED)
    return _refuse_gift(state, asks, who, before, wished)


def _remove_member(state: RoomState, asks: Asker, command: RemoveMember) -> tuple[Event, ...] | Rejection:
    """Takes a lasting role away, and from somebody present who has it by that alone the role now."""
    if not asks.may(Permission.ADD_MEMBER):
        return rejection(Code.FORBIDDEN)
    who = participant_id(state.key, command.user)
    before = state.members.get(who)
    if before is None:
        return ()
    if not asks.rules_over(before.role):
        return rejection(Code.FORBIDDEN, "Only a host can decide about hosts and co-hosts.")
    removed = Event(MemberRemoved(command.user, before.role, before.custom_role), "staff")
    target = state.participants.get(who)
    if target is None or _role_of(target) != before or who in state.given_roles or is_owner(state, who):
        return (removed,)
    now = _new_role(state, asks, target, GivenRole(state.settings.default_role))
    return now if isinstance(now, Rejection) else (removed, *now)


# --- facts ---------------------------------------------------------------------------------------
def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about people."""
    match fact:
        case MemberAdded(user=user, role=role, custom_role=custom):
            who = participant_id(state.key, user)
            return replace(state, members={**state.members, who: GivenRole(role, custom)})
        case MemberRemoved(user=user):
            who = participant_id(state.key, user)
            return replace(state, members={k: v for k, v in state.members.items() if k != who})
        case ParticipantJoined():
            return _with(
                state,
                Participant(
                    fact.participant,
                    fact.person,
                    fact.display_name,
                    fact.role,
                    fact.guest,
                    fact.edge,
                    fact.connection,
                    stamp.at,
                    custom_role=fact.custom_role,
                ),
            )
        case ParticipantConnected(participant=who, edge=edge, connection=connection):
            return _change(
                state,
                who,
                edge=edge,
                connection=connection,
                grace_until=None,
                gone_since=None,
                edge_lost=False,
            )
        case ParticipantDisconnected(participant=who):
            since = fact.since or stamp.at
            return _change(
                state, who, grace_until=fact.grace_until, gone_since=since, edge_lost=fact.edge_lost
            )
        case ParticipantLeft(participant=who, reason=reason):
            banned = reason == "removed" and not fact.may_return
            return _without(state, who, stamp.at, removed=banned)
        case ParticipantReadmitted(participant=who):
            return replace(state, removed=tuple(p for p in state.removed if p != who))
        case RoleChanged(participant=who, after=role, custom_role=custom):
            return _with_role(state, who, GivenRole(role, custom))
        case _:
            assert_never(fact)


def _with(state: RoomState, participant: Participant) -> RoomState:
    people = {**state.participants, participant.id: participant}
    return replace(state, participants=people, empty_since=None)


def _with_role(state: RoomState, who: ParticipantId, role: GivenRole) -> RoomState:
    """The role is remembered until the class ends, for who leaves and comes back."""
    given = {k: v for k, v in state.given_roles.items() if k != who}
    given[who] = role
    if len(given) > PARTICIPANTS_MAX:
        del given[next(iter(given))]
    return _change(replace(state, given_roles=given), who, role=role.role, custom_role=role.custom_role)


def _change(state: RoomState, who: ParticipantId, **changes: object) -> RoomState:
    participant = state.participants.get(who)
    if participant is None:
        return state
    return replace(state, participants={**state.participants, who: replace(participant, **changes)})


def _without(state: RoomState, who: ParticipantId, at: int, *, removed: bool) -> RoomState:
    people = {k: v for k, v in state.participants.items() if k != who}
    return replace(
        state,
        participants=people,
        empty_since=state.empty_since if people else at,
        removed=(*state.removed, who)[-PARTICIPANTS_MAX:] if removed else state.removed,
        hands=tuple(h for h in state.hands if h.participant != who),
        tracks={k: t for k, t in state.tracks.items() if t.participant != who},
    )


TOPIC = Topic("roster", get_args(Command), get_args(Fact), decide, evolve, deadlines, timeouts)
