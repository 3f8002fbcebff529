"""Commands of rights: who may do what beyond the roles, until the class ends."""

from typing import ClassVar

from schemas.commands.common import Command
from schemas.ids import ParticipantToken
from schemas.permissions import Permission
from schemas.policy import Policy


class GrantPermission(Command, frozen=True, forbid_unknown_fields=True):
    """Gives one person a permission beside the role. It holds against locks."""

    name: ClassVar[str] = "grant_permission"
    participant: ParticipantToken
    permission: Permission


class RevokePermission(Command, frozen=True, forbid_unknown_fields=True):
    """Takes a permission from one person, whatever the role says."""

    name: ClassVar[str] = "revoke_permission"
    participant: ParticipantToken
    permission: Permission


class ResetPermissions(Command, frozen=True, forbid_unknown_fields=True):
    """Undoes what one person was granted and what was revoked: the role alone counts again."""

    name: ClassVar[str] = "reset_permissions"
    participant: ParticipantToken


class LockPermission(Command, frozen=True, forbid_unknown_fields=True):
    """Takes a permission from everybody but staff and those to whom it was granted."""

    name: ClassVar[str] = "lock_permission"
    permission: Permission


class UnlockPermission(Command, frozen=True, forbid_unknown_fields=True):
    """Ends a lock."""

    name: ClassVar[str] = "unlock_permission"
    permission: Permission


class ApplyPolicy(Command, frozen=True, forbid_unknown_fields=True):
    """Tells a room its tenant's policy. One that is not newer than what the room knows is ignored."""

    name: ClassVar[str] = "apply_policy"
    policy: Policy


CLIENT: tuple[type[Command], ...] = (
    GrantPermission,
    RevokePermission,
    ResetPermissions,
    LockPermission,
    UnlockPermission,
)
SERVICE: tuple[type[Command], ...] = (ApplyPolicy,)
