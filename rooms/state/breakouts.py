"""Groups, and the child rooms that are open: the part of the state that belongs to ``rooms.breakouts``."""

from msgspec import Struct


class Breakouts(Struct, frozen=True):
    """Groups, and the child rooms that are open."""
