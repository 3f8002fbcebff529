"""The whiteboards of the room, as somebody sees it."""

from msgspec import Struct


class BoardsView(Struct, frozen=True):
    """The whiteboards of the room."""
