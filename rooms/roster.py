"""Who is in the class: joining, leaving, losing the line and coming back, roles.

Somebody whose page is gone stays in the class for a grace time. Who does not come back has left when
last seen alive, not when the grace ran out: attendance is right to the second.
"""

from collections.abc import Iterator
from typing import Literal, assert_never, get_args

from msgspec.structs import replace

from rooms.asker import Asker
from rooms.permissions import PUBLISHING, Permission, is_owner, permissions_of
from rooms.state import Participant, RoomState
from rooms.topic import Stamp, Topic
from schemas.commands.roster import (
    AddMember,
    ChangeRole,
    JoinSession,
    LeaveSession,
    LoseConnection,
    LoseEdge,
    RemoveParticipant,
    ResumeConnection,
)
from schemas.envelope import STAFF, Event
from schemas.events.floor import HandLowered
from schemas.events.roster import (
    MemberAdded,
    ParticipantConnected,
    ParticipantDisconnected,
    ParticipantJoined,
    ParticipantLeft,
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
    | ChangeRole
    | ResumeConnection
    | LoseConnection
    | LoseEdge
    | AddMember
)
Fact = (
    MemberAdded
    | ParticipantJoined
    | ParticipantConnected
    | ParticipantDisconnected
    | ParticipantLeft
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
    if len(state.participants) >= PARTICIPANTS_MAX:
        return rejection(Code.ROOM_FULL)
    name = command.display_name.strip()
    if not name:
        return rejection(Code.MALFORMED, "A name is needed.")
    guest = actor.kind == "guest"
    joined = ParticipantJoined(who, actor.id, name, asks.role, guest, actor.edge, actor.connection)
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
) -> tuple[Event, ...]:
    """What it means that one person goes: hand, tracks, person."""
    hand = [Event(HandLowered(participant.id, by))] if state.has_hand_up(participant.id) else []
    why: Literal["by_host", "left"] = "by_host" if reason == "removed" else "left"
    return (
        *hand,
        *(Event(TrackClosed(t.id, why)) for t in state.tracks_of(participant.id)),
        Event(ParticipantLeft(participant.id, reason, departure_time(participant, now))),
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
    return refusal or departure(state, target, "removed", now, asks.participant)


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
    participant = state.participants.get(command.participant)
    if participant is None:
        return rejection(Code.NO_SUCH_PARTICIPANT)
    return _connected(participant, command.edge, command.connection)


def _lose_connection(state: RoomState, command: LoseConnection, now: int) -> tuple[Event, ...]:
    """News about a line that was replaced meanwhile is no news."""
    participant = state.participants.get(command.participant)
    if participant is None or participant.connection != command.connection or not participant.connected:
        return ()
    return (Event(ParticipantDisconnected(participant.id, now + _GRACE_MS, now)),)


def _lose_edge(state: RoomState, command: LoseEdge, now: int) -> tuple[Event, ...]:
    """Grace counts from now, because people can come back only from now; attendance from last beat."""
    lost = [p for p in state.participants.values() if p.edge == command.edge and p.connected]
    return tuple(
        Event(
            ParticipantDisconnected(
                p.id, now + _GRACE_MS, max(p.joined_at, min(command.last_beat, now)), edge_lost=True
            )
        )
        for p in lost[:DEPARTURES_PER_COMMIT_MAX]
    )


# --- roles ---------------------------------------------------------------------------------------
def _change_role(state: RoomState, asks: Asker, command: ChangeRole) -> tuple[Event, ...] | Rejection:
    if not asks.may(Permission.CHANGE_ROLE):
        return rejection(Code.FORBIDDEN)
    target = state.participants.get(command.participant)
    if target is None:
        return rejection(Code.NO_SUCH_PARTICIPANT)
    if target.role == command.role:
        return ()
    return _refuse_against(state, asks, target, command.role) or _new_role(state, target, command.role)


def _refuse_against(state: RoomState, asks: Asker, target: Participant, after: Role) -> Rejection | None:
    """Why this may not happen to this person: co-hosts rule over speakers and viewers only, and a
    class never loses its owner or its last host to a click."""
    if asks.role is not Role.HOST and (target.role in STAFF or after in STAFF):
        return rejection(Code.FORBIDDEN, "Only a host can decide about hosts and co-hosts.")
    if target.role is not Role.HOST or after is Role.HOST:
        return None
    if is_owner(state, target.id):
        return rejection(Code.FORBIDDEN, "The owner of the room stays its host.")
    if sum(1 for p in state.participants.values() if p.role is Role.HOST) == 1:
        return rejection(Code.FORBIDDEN, "A class needs a host. Give somebody else this role first.")
    return None


def _new_role(state: RoomState, target: Participant, role: Role) -> tuple[Event, ...]:
    """A role and what it takes away: tracks that it does not grant are closed in the same commit."""
    allowed = permissions_of(state, target.id, role)
    closed = [t for t in state.tracks_of(target.id) if PUBLISHING[t.source] not in allowed]
    return (
        Event(RoleChanged(target.id, target.role, role)),
        *(Event(TrackClosed(t.id, "role")) for t in closed),
    )


def _add_member(state: RoomState, asks: Asker, command: AddMember) -> tuple[Event, ...] | Rejection:
    if not asks.may(Permission.ADD_MEMBER):
        return rejection(Code.FORBIDDEN)
    who = participant_id(state.key, command.user)
    if is_owner(state, who) and command.role is not Role.HOST:
        return rejection(Code.FORBIDDEN, "The owner of the room stays its host.")
    if who not in state.members and len(state.members) >= MEMBERS_MAX:
        return rejection(Code.LIMIT_REACHED)
    target = state.participants.get(who)
    present_change: tuple[Event, ...] = ()
    if target is not None and target.role != command.role:
        refusal = _refuse_against(state, asks, target, command.role)
        if refusal:
            return refusal
        present_change = _new_role(state, target, command.role)
    if state.members.get(who) == command.role:
        return present_change
    return (Event(MemberAdded(command.user, command.role), "staff"), *present_change)


# --- facts ---------------------------------------------------------------------------------------
def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about people."""
    match fact:
        case MemberAdded(user=user, role=role):
            return replace(state, members={**state.members, participant_id(state.key, user): role})
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
            return _without(state, who, stamp.at, removed=reason == "removed")
        case RoleChanged(participant=who, after=role):
            given = {k: v for k, v in state.given_roles.items() if k != who}
            given[who] = role
            if len(given) > PARTICIPANTS_MAX:
                del given[next(iter(given))]
            return _change(replace(state, given_roles=given), who, role=role)
        case _:
            assert_never(fact)


def _with(state: RoomState, participant: Participant) -> RoomState:
    people = {**state.participants, participant.id: participant}
    return replace(state, participants=people, empty_since=None)


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
