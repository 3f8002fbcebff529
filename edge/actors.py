"""Who asks: the actor of a command is made here, from a verified login, and nowhere else."""

from edge.tokens import Access
from schemas.envelope import Actor
from schemas.ids import ConnectionId, EdgeId, RoomKey, participant_id
from schemas.media import Device


def actor_of(
    access: Access,
    key: RoomKey,
    edge: EdgeId,
    connection: ConnectionId | None = None,
    device: Device = "",
) -> Actor:
    """A signed-in person as the author of a command to this room."""
    person = access.person
    return Actor(
        kind=person.kind,
        id=person.id,
        participant=participant_id(key, person.id),
        display_name=person.display_name,
        capabilities=person.capabilities,
        login=access.login,
        connection=connection,
        edge=edge,
        admitted=person.admitted,
        device=device,
    )


def edge_actor(edge: EdgeId) -> Actor:
    """This process itself, reporting about sockets."""
    return Actor(kind="service", id=edge, edge=edge)
