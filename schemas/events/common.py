"""What all events have in common."""

from typing import ClassVar

from msgspec import Struct


class EventData(Struct, frozen=True):
    """Base of all events. ``type`` is the wire type."""

    type: ClassVar[str]

    @property
    def hides_actor(self) -> bool:
        """Whether only staff may learn who caused this (a question asked anonymously)."""
        return False
