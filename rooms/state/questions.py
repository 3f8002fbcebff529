"""Questions of the running class: the part of the state that belongs to ``rooms.questions``."""

from msgspec import Struct


class Questions(Struct, frozen=True):
    """Questions of the running class."""
