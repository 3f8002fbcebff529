"""Rights beyond roles: the part of the state that belongs to ``rooms.rights``."""

from msgspec import Struct

from schemas.ids import ParticipantId
from schemas.permissions import Permission


class Rights(Struct, frozen=True):
    """Until the class ends, also for those who went out and come back. Permissions are sorted.

    ``removed`` are the names of those who were sent out: staff must know whom they can readmit.
    """

    locks: tuple[Permission, ...] = ()
    granted: dict[ParticipantId, tuple[Permission, ...]] = {}
    revoked: dict[ParticipantId, tuple[Permission, ...]] = {}
    removed: dict[ParticipantId, str] = {}
