"""Who waits at the door, as somebody sees it."""

from msgspec import Struct


class LobbyView(Struct, frozen=True):
    """Who waits at the door."""
