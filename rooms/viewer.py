"""Who looks at a room: what each topic needs to know to show its part."""

from collections.abc import Mapping

from msgspec import Struct

from rooms.permissions import FROM_OUTSIDE, Permission, permissions_of, standing_role
from rooms.state import Participant, RoomState
from schemas.envelope import STAFF, Capability, Commit
from schemas.events.roster import (
    ParticipantConnected,
    ParticipantDisconnected,
    ParticipantJoined,
    ParticipantLeft,
)
from schemas.ids import ParticipantId
from schemas.media import Role


class Viewer(Struct, frozen=True):
    """Somebody before a room. ``role`` is the one in class, or the one they would have."""

    participant: ParticipantId | None
    role: Role | None
    present: bool
    permissions: frozenset[Permission]

    @property
    def is_staff(self) -> bool:
        """Whether what only staff may see is shown."""
        return self.role in STAFF

    @property
    def role_seen(self) -> Role | None:
        """The role by which events are shown: the one in class, staff's also outside; None at the door."""
        return self.role if self.present or self.is_staff else None

    def may(self, permission: Permission) -> bool:
        """Whether this person may do this now."""
        return permission in self.permissions

    @property
    def listed(self) -> frozenset[Permission]:
        """The permissions that the view lists: before joining only what makes sense from outside."""
        return self.permissions if self.present else self.permissions & FROM_OUTSIDE


def viewer(
    state: RoomState, participant: ParticipantId | None, capabilities: tuple[Capability, ...] = ()
) -> Viewer:
    """Places somebody in the room."""
    if participant is None:
        return Viewer(None, None, False, frozenset())
    present = state.participants.get(participant)
    holds = present or standing_role(state, participant, capabilities)
    permissions = permissions_of(state, participant, holds.role, holds.custom_role)
    return Viewer(participant, holds.role, present is not None, permissions)


def moved(before: RoomState, after: RoomState) -> frozenset[ParticipantId] | None:
    """Whose role, presence or permissions may differ between two states; None: anybody's.

    A pass over the people of the class where they changed; nothing at all after most commits.
    """
    if _class_wide(before) != _class_wide(after):
        return None
    pairs = zip(_personal(before), _personal(after), strict=True)
    changed = (_differences(one, other) for one, other in pairs if one is not other)
    return frozenset[ParticipantId]().union(*changed)


def moved_by(commit: Commit, before: RoomState, after: RoomState) -> frozenset[ParticipantId] | None:
    """The same for one commit: most of those in a crowd only tell that somebody comes or goes."""
    if all(isinstance(event.data, _COMING_AND_GOING) for event in commit.events):
        joined_or_left = (e.data for e in commit.events if isinstance(e.data, _STANDING))
        return frozenset(data.participant for data in joined_or_left)
    return moved(before, after)


_STANDING = (ParticipantJoined, ParticipantLeft)
_COMING_AND_GOING = (*_STANDING, ParticipantConnected, ParticipantDisconnected)


def _class_wide(state: RoomState) -> tuple[object, ...]:
    return state.owner, state.settings.default_role, state.policy, state.rights.locks


def _personal(state: RoomState) -> tuple[Mapping[ParticipantId, object], ...]:
    speaking = dict.fromkeys(state.floor.speaking)  # Until when does not matter.
    rights = state.rights
    return state.participants, state.given_roles, state.members, rights.granted, rights.revoked, speaking


def _differences(
    one: Mapping[ParticipantId, object], other: Mapping[ParticipantId, object]
) -> set[ParticipantId]:
    same = {k for k, v in one.items() if k in other and (v is other[k] or _counts(v) == _counts(other[k]))}
    return (one.keys() | other.keys()) - same


def _counts(value: object) -> object:
    """What of a person decides; a lost line does not."""
    return (value.role, value.custom_role) if isinstance(value, Participant) else value
