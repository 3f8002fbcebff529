"""The whiteboards of the room: the part of the state that belongs to ``rooms.boards``."""

from msgspec import Struct


class Boards(Struct, frozen=True):
    """The whiteboards of the room."""
