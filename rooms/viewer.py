"""Who looks at a room: what each topic needs to know to show its part."""

from msgspec import Struct

from rooms.permissions import Permission, permissions_of, standing_role
from rooms.state import RoomState
from schemas.envelope import STAFF, Capability
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

    def may(self, permission: Permission) -> bool:
        """Whether this person may do this now."""
        return permission in self.permissions


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
