"""Who asks, as the rules see them: an envelope's actor, placed in a room."""

from msgspec import Struct

from rooms.permissions import Permission, permissions_of, standing_role
from rooms.state import Participant, RoomState
from schemas.envelope import Actor, Envelope
from schemas.ids import CommandId, ParticipantId, derived_id, participant_id
from schemas.media import Role


class Asker(Struct, frozen=True):
    """The author of a command: an operator acts with a host's role, a service has none.

    ``present`` is set for who is in the running class; ``participant`` is also known outside it.
    """

    actor: Actor
    command: CommandId
    participant: ParticipantId | None
    role: Role | None
    present: Participant | None
    permissions: frozenset[Permission] = frozenset()

    @property
    def is_service(self) -> bool:
        """Whether one of our own processes asks."""
        return self.actor.kind == "service"

    def may(self, permission: Permission) -> bool:
        """Whether the asker may do this now."""
        return permission in self.permissions


def asker(state: RoomState, envelope: Envelope) -> Asker:
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
            role = present.role if present else standing_role(state, who, actor.capabilities)
            custom = present.custom_role if present else ""
            permissions = permissions_of(state, who, role, custom)
            return Asker(actor, envelope.id, who, role, present, permissions)


def new_id(state: RoomState, asks: Asker, prefix: str) -> str:
    """The identifier of what this command brings into being; the same for its every retry."""
    actor = asks.actor
    return derived_id(prefix, state.key.tenant, state.key.room, f"{actor.kind}.{actor.id}", asks.command)
