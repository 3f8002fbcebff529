"""What is on stage: the part of the state that belongs to ``rooms.studio``."""

from msgspec import Struct


class Studio(Struct, frozen=True):
    """What is on stage."""
