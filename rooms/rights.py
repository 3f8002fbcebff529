"""Rights beyond roles: grants and revocations for one person, locks for the class, the tenant's policy.

What a person may do is computed in one place (``rooms.permissions.permissions_of``); here is who may
change it. Two rules hold for every change: nobody gives what they do not have themselves, and only
hosts decide about hosts and co-hosts. Whoever loses the right to be heard or seen is silent in the same
commit. All of it ends with the class, but for the policy.
"""

from typing import assert_never, get_args

from msgspec.structs import replace

from rooms.asker import Asker
from rooms.permissions import BY_ROLE_ONLY, LOCKABLE, Permission, permissions_of, silenced, standing_role
from rooms.state import Participant, RoomState
from rooms.state.rights import Rights
from rooms.topic import Decided, Stamp, Topic
from rooms.viewer import Viewer
from schemas.commands.rights import (
    ApplyPolicy,
    GrantPermission,
    LockPermission,
    ResetPermissions,
    RevokePermission,
    UnlockPermission,
)
from schemas.envelope import AND_STAFF, Event
from schemas.events.lifecycle import SessionEnded
from schemas.events.rights import (
    PermissionGranted,
    PermissionLocked,
    PermissionRevoked,
    PermissionsReset,
    PermissionUnlocked,
    PolicyApplied,
)
from schemas.events.roster import ParticipantLeft, ParticipantReadmitted
from schemas.ids import ParticipantId
from schemas.limits import PARTICIPANTS_MAX, RIGHTS_PEOPLE_MAX
from schemas.media import Role
from schemas.permissions import Exceptions
from schemas.rejections import Code, Rejection, rejection
from schemas.view.rights import PersonRights, RemovedView, RightsView

Command = (
    GrantPermission | RevokePermission | ResetPermissions | LockPermission | UnlockPermission | ApplyPolicy
)
Fact = (
    PermissionGranted
    | PermissionRevoked
    | PermissionsReset
    | PermissionLocked
    | PermissionUnlocked
    | PolicyApplied
    | ParticipantLeft
    | ParticipantReadmitted
    | SessionEnded
)
_NONE = Exceptions()


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> Decided:
    """What a wish about rights leads to."""
    match command:
        case GrantPermission():
            return _refusal(state, asks, Permission.GRANT) or _grant(state, asks, command)
        case RevokePermission():
            return _refusal(state, asks, Permission.GRANT) or _revoke(state, asks, command)
        case ResetPermissions():
            return _refusal(state, asks, Permission.GRANT) or _reset(state, asks, command)
        case LockPermission():
            return _refusal(state, asks, Permission.LOCK) or _lock(state, command)
        case UnlockPermission():
            return _refusal(state, asks, Permission.LOCK) or _unlock(state, command)
        case ApplyPolicy():
            return _apply_policy(state, command)
        case _:
            assert_never(command)


def _refusal(state: RoomState, asks: Asker, permission: Permission) -> Rejection | None:
    """Rights are a matter of the running class and of those in it; an operator needs no page."""
    if not asks.may(permission):
        return rejection(Code.FORBIDDEN)
    if asks.present is None and asks.actor.kind != "operator":
        return rejection(Code.NOT_A_PARTICIPANT)
    return None if state.live else rejection(Code.SESSION_NOT_LIVE)


# --- one person ----------------------------------------------------------------------------------
def _grant(state: RoomState, asks: Asker, command: GrantPermission) -> Decided:
    who, permission = command.participant, command.permission
    target = _person(state, asks, who)
    if isinstance(target, Rejection):
        return target
    if permission in BY_ROLE_ONLY:
        return rejection(Code.FORBIDDEN, "This comes with a role only.")
    if not asks.may(permission):
        return rejection(Code.FORBIDDEN, "You cannot give what you do not have yourself.")
    before = exceptions_of(state, who)
    if permission in before.granted:
        return ()
    after = Exceptions(_with(before.granted, permission), _without(before.revoked, permission))
    return (Event(PermissionGranted(who, permission, before, after), (who, AND_STAFF)),)


def _revoke(state: RoomState, asks: Asker, command: RevokePermission) -> Decided:
    who, permission = command.participant, command.permission
    target = _person(state, asks, who)
    if isinstance(target, Rejection):
        return target
    if target.role is Role.HOST:
        return rejection(Code.FORBIDDEN, "A host may do everything. Give this person another role first.")
    before = exceptions_of(state, who)
    if permission in before.revoked:
        return ()
    after = Exceptions(_without(before.granted, permission), _with(before.revoked, permission))
    revoked = Event(PermissionRevoked(who, permission, before, after), (who, AND_STAFF))
    return (revoked, *silenced(_excepted(state, who, after)))


def _reset(state: RoomState, asks: Asker, command: ResetPermissions) -> Decided:
    """Also for who has left: they come back as everybody else."""
    who = command.participant
    before = exceptions_of(state, who)
    if before == _NONE:
        return () if who in state.participants else rejection(Code.NO_SUCH_PARTICIPANT)
    holds = state.participants.get(who) or standing_role(state, who)
    if not asks.rules_over(holds.role):
        return rejection(Code.FORBIDDEN, "Only a host can decide about hosts and co-hosts.")
    had = permissions_of(state, who, holds.role, holds.custom_role)
    after = _excepted(state, who, _NONE)
    if not permissions_of(after, who, holds.role, holds.custom_role) - had <= asks.permissions:
        return rejection(Code.FORBIDDEN, "You cannot give what you do not have yourself.")
    return (Event(PermissionsReset(who, before), (who, AND_STAFF)), *silenced(after))


def _person(state: RoomState, asks: Asker, who: ParticipantId) -> Participant | Rejection:
    """The person whose rights may be changed by the asker."""
    target = state.participants.get(who)
    if target is None:
        return rejection(Code.NO_SUCH_PARTICIPANT)
    if not asks.rules_over(target.role):
        return rejection(Code.FORBIDDEN, "Only a host can decide about hosts and co-hosts.")
    known = state.rights.granted.keys() | state.rights.revoked.keys()
    if who not in known and len(known) >= RIGHTS_PEOPLE_MAX:
        return rejection(Code.LIMIT_REACHED)
    return target


def exceptions_of(state: RoomState, who: ParticipantId) -> Exceptions:
    """What somebody was given or lost beside the role."""
    return Exceptions(state.rights.granted.get(who, ()), state.rights.revoked.get(who, ()))


# --- the class -----------------------------------------------------------------------------------
def _lock(state: RoomState, command: LockPermission) -> Decided:
    permission, before = command.permission, state.rights.locks
    if permission not in LOCKABLE:
        return rejection(Code.FORBIDDEN, "Only what everybody may do can be locked.")
    if permission in before:
        return ()
    after = _with(before, permission)
    locked = Event(PermissionLocked(permission, before, after))
    return (locked, *silenced(_locked(state, after)))


def _unlock(state: RoomState, command: UnlockPermission) -> Decided:
    permission, before = command.permission, state.rights.locks
    if permission not in before:
        return ()
    return (Event(PermissionUnlocked(permission, before, _without(before, permission))),)


def _apply_policy(state: RoomState, command: ApplyPolicy) -> Decided:
    if command.policy.version <= state.policy.version:
        return ()
    applied = Event(PolicyApplied(state.policy, command.policy), "staff")
    return (applied, *silenced(replace(state, policy=command.policy)))


# --- facts ---------------------------------------------------------------------------------------
def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about rights."""
    match fact:
        case (
            PermissionGranted(participant=who, after=after) | PermissionRevoked(participant=who, after=after)
        ):
            return _excepted(state, who, after)
        case PermissionsReset(participant=who):
            return _excepted(state, who, _NONE)
        case PermissionLocked(after=locks) | PermissionUnlocked(after=locks):
            return _locked(state, locks)
        case PolicyApplied(after=policy):
            return replace(state, policy=policy)
        case ParticipantLeft(participant=who, reason=reason):
            return _removed(state, who) if reason == "removed" and not fact.may_return else state
        case ParticipantReadmitted(participant=who):
            names = {k: v for k, v in state.rights.removed.items() if k != who}
            return replace(state, rights=replace(state.rights, removed=names))
        case SessionEnded():
            return replace(state, rights=Rights())
        case _:
            assert_never(fact)


def _excepted(state: RoomState, who: ParticipantId, exceptions: Exceptions) -> RoomState:
    granted = {k: v for k, v in state.rights.granted.items() if k != who}
    revoked = {k: v for k, v in state.rights.revoked.items() if k != who}
    if exceptions.granted:
        granted[who] = exceptions.granted
    if exceptions.revoked:
        revoked[who] = exceptions.revoked
    return replace(state, rights=replace(state.rights, granted=granted, revoked=revoked))


def _locked(state: RoomState, locks: tuple[Permission, ...]) -> RoomState:
    return replace(state, rights=replace(state.rights, locks=locks))


def _removed(state: RoomState, who: ParticipantId) -> RoomState:
    """Heard before ``roster`` forgets the person: the name is still there."""
    person = state.participants.get(who)
    if person is None:
        return state
    names = {**state.rights.removed, who: person.display_name}
    if len(names) > PARTICIPANTS_MAX:
        del names[next(iter(names))]
    return replace(state, rights=replace(state.rights, removed=names))


def _with(permissions: tuple[Permission, ...], one: Permission) -> tuple[Permission, ...]:
    return tuple(sorted({*permissions, one}))


def _without(permissions: tuple[Permission, ...], one: Permission) -> tuple[Permission, ...]:
    return tuple(p for p in permissions if p is not one)


# --- view ----------------------------------------------------------------------------------------
def view(state: RoomState, viewer: Viewer) -> RightsView:
    """Locks, and the exceptions for people: all to staff, otherwise the viewer's own."""
    rights = state.rights
    known = sorted({*rights.granted, *rights.revoked})
    staff = viewer.is_staff
    return RightsView(
        rights.locks,
        tuple(
            PersonRights(who, rights.granted.get(who, ()), rights.revoked.get(who, ()))
            for who in known
            if staff or who == viewer.participant
        ),
        state.policy.roles if staff else (),
        tuple(RemovedView(who, name) for who, name in rights.removed.items())
        if staff and viewer.present
        else (),
    )


TOPIC = Topic("rights", get_args(Command), get_args(Fact), decide, evolve)
