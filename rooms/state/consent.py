"""Who agreed to being recorded: the part of the state that belongs to ``rooms.recording``."""

from msgspec import Struct


class Consents(Struct, frozen=True):
    """Who agreed to being recorded."""
