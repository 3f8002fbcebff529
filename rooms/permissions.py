"""Who may do what, as data: a role grants permissions; a person and a class may have exceptions.

The table is what the documents print and what the tests read. A person's role in the running class
is on the log; before joining it follows from who they are (``standing_role``).
"""

from collections.abc import Mapping

from rooms.state import RoomState
from schemas.envelope import STAFF, Capability
from schemas.ids import ParticipantId, participant_id
from schemas.media import Role, Source
from schemas.permissions import Permission

__all__ = [
    "FROM_OUTSIDE",
    "PUBLISHING",
    "ROLES",
    "Permission",
    "is_owner",
    "may",
    "permissions_of",
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

PUBLISHING: Mapping[Source, Permission] = {
    Source.MICROPHONE: Permission.SPEAK,
    Source.CAMERA: Permission.CAMERA,
    Source.SCREEN: Permission.SHARE_SCREEN,
    Source.SCREEN_AUDIO: Permission.SHARE_SCREEN,
}


def permissions_of(
    state: RoomState, who: ParticipantId | None, role: Role | None, custom_role: str = ""
) -> frozenset[Permission]:
    """What somebody with this role may do in the class now.

    The role's permissions (or those of the tenant's own role), without what is locked for the class
    unless they are staff, with what this person was granted, without what was revoked.
    """
    if role is None:
        return frozenset()
    own = next((r for r in state.policy.roles if r.name == custom_role), None) if custom_role else None
    base = ROLES[role] if own is None else frozenset(own.permissions)
    rights = state.rights
    if rights.locks and role not in STAFF:
        base -= frozenset(rights.locks)
    if who is None:
        return base
    return base.union(rights.granted.get(who, ())).difference(rights.revoked.get(who, ()))


def standing_role(
    state: RoomState, participant: ParticipantId, capabilities: tuple[Capability, ...] = ()
) -> Role:
    """The role with which this person enters the class, or would.

    Owner and administrators host always; a role given in class outlasts leaving and joining again,
    so that nobody gets back by a reload what a host took away.
    """
    if is_owner(state, participant) or "administer" in capabilities:
        return Role.HOST
    given = state.given_roles.get(participant) or state.members.get(participant)
    return given or state.settings.default_role


def is_owner(state: RoomState, participant: ParticipantId) -> bool:
    """Whether this is the person who owns the room."""
    return state.owner is not None and participant == participant_id(state.key, state.owner)


def may(state: RoomState, who: ParticipantId, permission: Permission) -> bool:
    """Whether a person who is in the class may do this now."""
    present = state.participants.get(who)
    return present is not None and permission in permissions_of(state, who, present.role, present.custom_role)
