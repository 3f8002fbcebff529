"""Wishes about roster."""

from random import Random

from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.rights import ApplyPolicy
from schemas.commands.roster import (
    AddMember,
    ChangeRole,
    JoinSession,
    ReadmitParticipant,
    RemoveMember,
    RemoveParticipant,
)
from schemas.ids import ParticipantId, UserId
from schemas.media import Role
from tests.wishes.cast import SERVICE, Cast, Wish
from tests.wishes.rights import HELPER, LISTENER, POLICY

EXAMPLES: tuple[Command, ...] = (
    ReadmitParticipant(ParticipantId("p1")),
    RemoveMember(UserId("u1")),
    RemoveParticipant(ParticipantId("p1"), ban=False),
    ChangeRole(ParticipantId("p1"), Role.VIEWER, HELPER.name),
    AddMember(UserId("u1"), Role.VIEWER, HELPER.name),
)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    absent = [actor for actor in cast.everyone if actor.participant not in state.participants]
    if absent and chance.random() < 0.5:
        return [(actor, JoinSession(actor.display_name)) for actor in absent]
    somebody = cast.anyone(chance)
    whose = somebody.participant or ParticipantId("p1")
    user = UserId(somebody.id)
    asks = chance.choice((cast.host, cast.host, cast.assistant, cast.anyone(chance)))
    role = chance.choice(list(Role))
    custom = chance.choice(("", HELPER.name, LISTENER.name, "unknown"))
    made: list[Wish] = [
        (somebody, JoinSession(somebody.display_name)),
        (asks, ChangeRole(whose, role, custom)),
        (asks, AddMember(user, role, custom)),
        (asks, RemoveMember(user)),
        (asks, ReadmitParticipant(chance.choice((*state.removed, whose)))),
    ]
    if chance.random() < 0.3:
        made.append((asks, RemoveParticipant(whose, ban=chance.random() < 0.5)))
    if state.policy.version == 0:
        made.append((SERVICE, ApplyPolicy(POLICY)))
    return made
