"""Who waits at the door: the part of the state that belongs to ``rooms.lobby``."""

from msgspec import Struct


class Lobby(Struct, frozen=True):
    """Who waits at the door."""
