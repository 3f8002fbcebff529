"""Wishes about rights."""

from random import Random

from msgspec.structs import replace

from rooms.permissions import LOCKABLE
from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.rights import (
    ApplyPolicy,
    GrantPermission,
    LockPermission,
    ResetPermissions,
    RevokePermission,
    UnlockPermission,
)
from schemas.commands.roster import JoinSession
from schemas.ids import ParticipantId
from schemas.media import Role
from schemas.permissions import Permission
from schemas.policy import CustomRole, Policy
from tests.wishes.cast import SERVICE, Cast, Wish

SOMEBODY = ParticipantId("p1")
HELPER = CustomRole("helper", Role.SPEAKER, (Permission.SPEAK, Permission.CHAT, Permission.MUTE))
LISTENER = CustomRole("listener", Role.VIEWER, (Permission.CHAT,))
POLICY = Policy(1, (HELPER, LISTENER))

EXAMPLES: tuple[Command, ...] = (
    GrantPermission(SOMEBODY, Permission.SPEAK),
    RevokePermission(SOMEBODY, Permission.SPEAK),
    ResetPermissions(SOMEBODY),
    LockPermission(Permission.SPEAK),
    UnlockPermission(Permission.SPEAK),
    ApplyPolicy(POLICY),
)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    absent = [actor for actor in cast.everyone if actor.participant not in state.participants]
    if absent and chance.random() < 0.6:
        return [(actor, JoinSession(actor.display_name)) for actor in absent]
    known = (*state.rights.granted, *state.rights.revoked)
    whose = chance.choice((*known, cast.anyone(chance).participant or SOMEBODY))
    about = chance.choice(sorted(LOCKABLE))
    anything = chance.choice(list(Permission))
    asks = chance.choice((cast.host, cast.host, cast.assistant, cast.anyone(chance)))
    newer = replace(
        POLICY,
        version=state.policy.version + chance.choice((0, 1)),
        roles=POLICY.roles[: chance.randrange(3)],
    )
    made: list[Wish] = [
        (asks, GrantPermission(whose, about)),
        (asks, GrantPermission(whose, anything)),
        (asks, RevokePermission(whose, about)),
        (asks, RevokePermission(whose, anything)),
        (asks, ResetPermissions(whose)),
        (asks, LockPermission(about)),
        (asks, UnlockPermission(chance.choice((*state.rights.locks, about)))),
    ]
    if chance.random() < 0.3:
        made.append((SERVICE, ApplyPolicy(newer)))
    return made
