"""Who waits at the door: the part of the state that belongs to ``rooms.lobby``."""

from msgspec import Struct

from schemas.ids import ConnectionId, EdgeId, ParticipantId
from schemas.media import Device


class Waiting(Struct, frozen=True):
    """A person at the door. ``grace_until`` is set while the page is gone."""

    id: ParticipantId
    person: str
    display_name: str
    guest: bool
    edge: EdgeId
    connection: ConnectionId
    knocked_at: int
    grace_until: int | None = None
    device: Device = ""

    @property
    def connected(self) -> bool:
        """Whether the page is there."""
        return self.grace_until is None


class Lobby(Struct, frozen=True):
    """Who waits at the door, in order of knocking; who was let in, and who was not, in this class.

    ``denied`` has the words with which each was refused, ``message`` what those who wait are told.
    """

    waiting: dict[ParticipantId, Waiting] = {}
    admitted: tuple[ParticipantId, ...] = ()
    denied: dict[ParticipantId, str] = {}
    message: str = ""
