"""How the class follows just now: the part of the state that belongs to ``rooms.pulse``."""

from msgspec import Struct


class Pulse(Struct, frozen=True):
    """How the class follows just now."""
