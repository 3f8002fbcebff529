"""What a tenant has decided for all its rooms, as a room is told it by ``apply_policy``."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.limits import CUSTOM_ROLE_NAME_CHARS_MAX, CUSTOM_ROLES_MAX
from schemas.media import Role
from schemas.permissions import Permission

CustomRoleName = Annotated[str, Meta(min_length=1, max_length=CUSTOM_ROLE_NAME_CHARS_MAX)]


class CustomRole(Struct, frozen=True, forbid_unknown_fields=True):
    """A tenant's own role: staff or not as its ``base``, with these permissions instead of the base's."""

    name: CustomRoleName
    base: Role
    permissions: Annotated[tuple[Permission, ...], Meta(max_length=len(Permission))]


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """A tenant's policy. A room keeps the highest ``version`` it was told.

    ``second_class``: what happens to who joins a class while in another one. ``named_pulse``: whether
    staff may learn who sent which signal. ``keep_recordings_days`` 0: for ever.
    """

    version: Annotated[int, Meta(ge=0)] = 0
    roles: Annotated[tuple[CustomRole, ...], Meta(max_length=CUSTOM_ROLES_MAX)] = ()
    second_class: Literal["refuse", "move_here"] = "refuse"
    named_pulse: bool = False
    keep_recordings_days: Annotated[int, Meta(ge=0, le=36_500)] = 0

    def role(self, name: str) -> CustomRole | None:
        """The tenant's own role of this name."""
        return next((r for r in self.roles if r.name == name), None)
