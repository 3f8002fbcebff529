"""Groups, and the child rooms that are open, as somebody sees it."""

from msgspec import Struct


class BreakoutsView(Struct, frozen=True):
    """Groups, and the child rooms that are open."""
