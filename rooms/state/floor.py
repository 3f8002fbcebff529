"""Who may speak, who is in the light: the part of the state that belongs to ``rooms.floor``."""

from msgspec import Struct


class Floor(Struct, frozen=True):
    """Who may speak, who is in the light, what people feel."""
