"""Who asks, as the rules see them: an envelope's actor, placed in a room."""

from msgspec import Struct

from rooms.permissions import Permission, permissions_of, standing_role
from rooms.state import Participant, RoomState
from schemas.envelope import STAFF, Actor, Envelope
from schemas.ids import CommandId, ParticipantId, derived_id, participant_id
from schemas.media import Role


class Asker(Struct, frozen=True):
    """The author of a command: an operator acts with a host's role, a service has none.

    ``present`` is set for who is in the running class; ``participant`` is also known outside it.
    ``alias`` is set where the command is to be logged without its author: then the facts name the alias,
    and nothing else of whoever asks.
    """

    actor: Actor
    command: CommandId
    participant: ParticipantId | None
    role: Role | None
    present: Participant | None
    permissions: frozenset[Permission] = frozenset()
    alias: str = ""

    @property
    def is_service(self) -> bool:
        """Whether one of our own processes asks."""
        return self.actor.kind == "service"

    def may(self, permission: Permission) -> bool:
        """Whether the asker may do this now."""
        return permission in self.permissions

    def rules_over(self, *roles: Role) -> bool:
        """Whether the asker may decide about people of these roles: hosts about everybody, others about
        speakers and viewers."""
        return self.role is Role.HOST or STAFF.isdisjoint(roles)


def asker(state: RoomState, envelope: Envelope, alias: str = "") -> Asker:
    """Places an envelope's author in the room."""
    actor = envelope.actor
    match actor.kind:
        case "service":
            return Asker(actor, envelope.id, actor.participant, None, None)
        case "operator":
            return Asker(actor, envelope.id, None, Role.HOST, None, frozenset(Permission))
        case "user" | "guest":
            who = actor.participant or participant_id(state.key, actor.id)
            present = state.participants.get(who)
            holds = present or standing_role(state, who, actor.capabilities)
            permissions = permissions_of(state, who, holds.role, holds.custom_role)
            return Asker(actor, envelope.id, who, holds.role, present, permissions, alias)


def new_id(state: RoomState, asks: Asker, prefix: str) -> str:
    """The identifier of what this command brings into being; the same for its every retry."""
    actor = asks.actor
    return derived_id(prefix, state.key.tenant, state.key.room, f"{actor.kind}.{actor.id}", asks.command)
