"""Who may do what, as data: a role grants permissions; a person and a class may have exceptions.

The table is what the documents print and what the tests read. A person's role in the running class
is on the log; before joining it follows from who they are (``standing_role``).
"""

from collections.abc import Mapping

from rooms.state import GivenRole, RoomState
from schemas.envelope import STAFF, Capability, Event
from schemas.events.tracks import TrackClosed
from schemas.ids import ParticipantId, participant_id
from schemas.media import Role, Source
from schemas.permissions import Permission

__all__ = [
    "BY_ROLE_ONLY",
    "FROM_OUTSIDE",
    "LOCKABLE",
    "PUBLISHING",
    "ROLES",
    "WITH_FLOOR",
    "Permission",
    "is_owner",
    "may",
    "permissions_of",
    "silenced",
    "standing_role",
]


_VIEWER = frozenset(
    {
        Permission.CHAT,
        Permission.CHAT_STAFF,
        Permission.RAISE_HAND,
        Permission.REACT,
        Permission.ASK_QUESTION,
        Permission.VOTE,
        Permission.PULSE,
        Permission.CALL_FOR_HELP,
    }
)
_SPEAKER = _VIEWER | {
    Permission.SPEAK,
    Permission.CAMERA,
    Permission.SHARE_SCREEN,
    Permission.CHAT_PRIVATE,
    Permission.DRAW,
    Permission.WRITE_NOTES,
    Permission.UPLOAD,
}
_HOST_ONLY = frozenset(
    {
        Permission.END_SESSION,
        Permission.ADD_MEMBER,
        Permission.CHANGE_SETTINGS,
        Permission.REDACT,
    }
)

ROLES: Mapping[Role, frozenset[Permission]] = {
    Role.HOST: frozenset(Permission),
    Role.CO_HOST: frozenset(Permission) - _HOST_ONLY,
    Role.SPEAKER: _SPEAKER,
    Role.VIEWER: _VIEWER,
}

# Permissions that make sense without being in the class: planning and preparing it, reading about it.
FROM_OUTSIDE = frozenset(
    {
        Permission.START_SESSION,
        Permission.END_SESSION,
        Permission.SCHEDULE,
        Permission.ADD_MEMBER,
        Permission.CHANGE_SETTINGS,
        Permission.PRESENT,
        Permission.POLL,
        Permission.OPEN_BREAKOUTS,
        Permission.SEE_ATTENDANCE,
        Permission.REDACT,
    }
)

# What a lock for the class can take away: one's own voice. Everything else is staff's by role.
LOCKABLE = _SPEAKER

# No single person is granted these in class: they are power over others' rights, or reach beyond the class.
BY_ROLE_ONLY = frozenset(
    {
        Permission.GRANT,
        Permission.LOCK,
        Permission.CHANGE_ROLE,
        Permission.ADD_MEMBER,
        Permission.CHANGE_SETTINGS,
        Permission.START_SESSION,
        Permission.SCHEDULE,
        Permission.REDACT,
    }
)

# What the floor lets somebody do, whatever the role and the locks say.
WITH_FLOOR = frozenset({Permission.SPEAK, Permission.CAMERA})

PUBLISHING: Mapping[Source, Permission] = {
    Source.MICROPHONE: Permission.SPEAK,
    Source.CAMERA: Permission.CAMERA,
    Source.SCREEN: Permission.SHARE_SCREEN,
    Source.SCREEN_AUDIO: Permission.SHARE_SCREEN,
}


def permissions_of(
    state: RoomState, who: ParticipantId, role: Role, custom_role: str = ""
) -> frozenset[Permission]:
    """What somebody with this role may do in the class now.

    The role's permissions (or those of the tenant's own role, while the policy knows it with this
    base), without what is locked for the class unless they are staff, with what this person was
    granted and what the floor allows, without what was revoked. From a host nothing is revoked: a
    class could lose its last one.
    """
    base = ROLES[role]
    if custom_role:
        own = state.policy.role(custom_role)
        base = frozenset(own.permissions) if own is not None and own.base is role else base
    rights = state.rights
    if rights.locks and role not in STAFF:
        base -= frozenset(rights.locks)
    base = base.union(rights.granted.get(who, ()))
    if who in state.floor.speaking:
        base |= WITH_FLOOR
    return base if role is Role.HOST else base.difference(rights.revoked.get(who, ()))


def standing_role(
    state: RoomState, participant: ParticipantId, capabilities: tuple[Capability, ...] = ()
) -> GivenRole:
    """The role with which this person enters the class, or would.

    Owner and administrators host always; a role given in class outlasts leaving and joining again,
    so that nobody gets back by a reload what a host took away. A custom role stands on the base that
    the policy gives it now; one that is gone leaves the base it had.
    """
    if is_owner(state, participant) or "administer" in capabilities:
        return GivenRole(Role.HOST)
    given = state.given_roles.get(participant) or state.members.get(participant)
    if given is None:
        return GivenRole(state.settings.default_role)
    if not given.custom_role:
        return given
    own = state.policy.role(given.custom_role)
    return GivenRole(own.base, own.name) if own else GivenRole(given.role)


def is_owner(state: RoomState, participant: ParticipantId) -> bool:
    """Whether this is the person who owns the room."""
    return state.owner is not None and participant == participant_id(state.key, state.owner)


def may(state: RoomState, who: ParticipantId, permission: Permission) -> bool:
    """Whether a person who is in the class may do this now."""
    present = state.participants.get(who)
    return present is not None and permission in permissions_of(state, who, present.role, present.custom_role)


def silenced(state: RoomState) -> tuple[Event, ...]:
    """The closing of every track whose owner may not publish it in this state.

    There are at most ``TRACKS_MAX``, so it fits into the commit that took the permission away.
    """
    return tuple(
        Event(TrackClosed(t.id, "role"))
        for t in state.tracks.values()
        if not may(state, t.participant, PUBLISHING[t.source])
    )
