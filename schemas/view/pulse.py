"""How the class follows just now, as somebody sees it."""

from msgspec import Struct


class PulseView(Struct, frozen=True):
    """How the class follows just now."""
