"""Who waits at the door, as somebody sees it."""

from typing import Literal

from msgspec import Struct

from schemas.ids import ParticipantId


class WaitingView(Struct, frozen=True):
    """A person at the door. A disconnected one is in grace time."""

    id: ParticipantId
    display_name: str
    guest: bool
    connected: bool
    knocked_at: int


class LobbyView(Struct, frozen=True):
    """The door. ``waiting`` is for staff only, in order of knocking, without the viewer.

    ``mine`` is where the viewer stands; ``told`` what those who wait are told, shown to them and to
    staff; ``denial`` why the viewer was not let in.
    """

    waiting: tuple[WaitingView, ...]
    mine: Literal["none", "waiting", "admitted", "denied"]
    told: str
    denial: str
