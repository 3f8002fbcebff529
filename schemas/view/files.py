"""The library of the room, as somebody sees it."""

from msgspec import Struct


class FilesView(Struct, frozen=True):
    """The library of the room."""
