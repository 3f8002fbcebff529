"""What limits and extends the roles in a class."""

from msgspec import Struct

from schemas.ids import ParticipantId
from schemas.permissions import Permission


class PersonRights(Struct, frozen=True):
    """What one person was given or lost beside the role."""

    participant: ParticipantId
    granted: tuple[Permission, ...]
    revoked: tuple[Permission, ...]


class RightsView(Struct, frozen=True):
    """Locks hold for everybody but staff. ``people`` are all to staff, otherwise only the viewer."""

    locks: tuple[Permission, ...]
    people: tuple[PersonRights, ...]
