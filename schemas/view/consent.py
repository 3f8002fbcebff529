"""Who agreed to being recorded, as somebody sees it."""

from msgspec import Struct


class ConsentsView(Struct, frozen=True):
    """Who agreed to being recorded."""
