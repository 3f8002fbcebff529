"""What limits and extends the roles in a class."""

from msgspec import Struct

from schemas.ids import ParticipantId
from schemas.permissions import Permission
from schemas.policy import CustomRole


class PersonRights(Struct, frozen=True):
    """What one person was given or lost beside the role."""

    participant: ParticipantId
    granted: tuple[Permission, ...]
    revoked: tuple[Permission, ...]


class RemovedView(Struct, frozen=True):
    """Somebody who was sent out of this class and stays out until readmitted."""

    participant: ParticipantId
    display_name: str


class RightsView(Struct, frozen=True):
    """Locks hold for everybody but staff. ``people``, by participant, are all to staff, otherwise only
    the viewer. ``roles`` (the tenant's own) are shown to staff only, ``removed`` to staff in the class."""

    locks: tuple[Permission, ...]
    people: tuple[PersonRights, ...]
    roles: tuple[CustomRole, ...]
    removed: tuple[RemovedView, ...]
