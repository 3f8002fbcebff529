"""Events of rights. Each says what held before and what holds after it."""

from typing import ClassVar

from schemas.events.common import EventData
from schemas.ids import ParticipantId
from schemas.permissions import Exceptions, Permission
from schemas.policy import Policy


class PermissionGranted(EventData, frozen=True):
    """A person has this permission beside the role, also against a lock."""

    type: ClassVar[str] = "rights.granted"
    participant: ParticipantId
    permission: Permission
    before: Exceptions
    after: Exceptions


class PermissionRevoked(EventData, frozen=True):
    """A person has lost this permission, whatever the role says."""

    type: ClassVar[str] = "rights.revoked"
    participant: ParticipantId
    permission: Permission
    before: Exceptions
    after: Exceptions


class PermissionsReset(EventData, frozen=True):
    """For this person the role alone counts again."""

    type: ClassVar[str] = "rights.reset"
    participant: ParticipantId
    before: Exceptions


class PermissionLocked(EventData, frozen=True):
    """Only staff, and those to whom it was granted, have this permission now. All locks, sorted."""

    type: ClassVar[str] = "rights.locked"
    permission: Permission
    before: tuple[Permission, ...]
    after: tuple[Permission, ...]


class PermissionUnlocked(EventData, frozen=True):
    """Roles decide about this permission again. All locks, sorted."""

    type: ClassVar[str] = "rights.unlocked"
    permission: Permission
    before: tuple[Permission, ...]
    after: tuple[Permission, ...]


class PolicyApplied(EventData, frozen=True):
    """The tenant's policy holds in this room. Staff only."""

    type: ClassVar[str] = "rights.policy_applied"
    before: Policy
    after: Policy


EVENTS: tuple[type[EventData], ...] = (
    PermissionGranted,
    PermissionRevoked,
    PermissionsReset,
    PermissionLocked,
    PermissionUnlocked,
    PolicyApplied,
)
