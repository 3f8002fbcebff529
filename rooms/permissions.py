"""Who may do what, as data: a role grants permissions, nothing else does.

The table is what the documents print and what the tests read. A person's role in the running class
is on the log; before joining it follows from who they are (``standing_role``).
"""

from collections.abc import Mapping
from enum import StrEnum

from rooms.state import RoomState
from schemas.envelope import Capability
from schemas.ids import ParticipantId, participant_id
from schemas.media import Role, Source


class Permission(StrEnum):
    """What can be granted. The words are part of the wire contract (``me.permissions``)."""

    SPEAK = "speak"
    CAMERA = "camera"
    SHARE_SCREEN = "share_screen"
    CHAT = "chat"
    RAISE_HAND = "raise_hand"
    LOWER_HANDS = "lower_hands"
    MUTE = "mute"
    REMOVE = "remove"
    CHANGE_ROLE = "change_role"
    RECORD = "record"
    START_SESSION = "start_session"
    END_SESSION = "end_session"
    SCHEDULE = "schedule"
    ADD_MEMBER = "add_member"


_VIEWER = frozenset({Permission.CHAT, Permission.RAISE_HAND})
_SPEAKER = _VIEWER | {Permission.SPEAK, Permission.CAMERA, Permission.SHARE_SCREEN}
_CO_HOST = _SPEAKER | {
    Permission.LOWER_HANDS,
    Permission.MUTE,
    Permission.REMOVE,
    Permission.CHANGE_ROLE,
    Permission.RECORD,
    Permission.START_SESSION,
    Permission.SCHEDULE,
}

ROLES: Mapping[Role, frozenset[Permission]] = {
    Role.HOST: frozenset(Permission),
    Role.CO_HOST: _CO_HOST,
    Role.SPEAKER: _SPEAKER,
    Role.VIEWER: _VIEWER,
}

# Permissions that make sense without being in the class.
FROM_OUTSIDE = frozenset(
    {Permission.START_SESSION, Permission.END_SESSION, Permission.SCHEDULE, Permission.ADD_MEMBER}
)

PUBLISHING: Mapping[Source, Permission] = {
    Source.MICROPHONE: Permission.SPEAK,
    Source.CAMERA: Permission.CAMERA,
    Source.SCREEN: Permission.SHARE_SCREEN,
    Source.SCREEN_AUDIO: Permission.SHARE_SCREEN,
}


def grants(role: Role | None, permission: Permission) -> bool:
    """Whether a role has a permission; nobody's role has none."""
    return role is not None and permission in ROLES[role]


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
    return given or state.default_role


def is_owner(state: RoomState, participant: ParticipantId) -> bool:
    """Whether this is the person who owns the room."""
    return state.owner is not None and participant == participant_id(state.key, state.owner)


def may(state: RoomState, participant: ParticipantId, permission: Permission) -> bool:
    """Whether a person who is in the class may do this now."""
    present = state.participants.get(participant)
    return present is not None and grants(present.role, permission)
