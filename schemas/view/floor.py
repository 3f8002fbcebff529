"""Who may speak, who is in the light, what people feel, as somebody sees it."""

from msgspec import Struct


class FloorView(Struct, frozen=True):
    """Who may speak, who is in the light, what people feel."""
