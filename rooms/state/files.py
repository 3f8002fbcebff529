"""The library of the room: the part of the state that belongs to ``rooms.files``."""

from msgspec import Struct


class Files(Struct, frozen=True):
    """The library of the room."""
