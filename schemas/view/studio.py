"""What is on stage, as somebody sees it."""

from msgspec import Struct


class StudioView(Struct, frozen=True):
    """What is on stage."""
