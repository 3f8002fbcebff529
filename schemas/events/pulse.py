"""Events of pulse. All are for staff."""

from typing import ClassVar

from schemas.events.common import EventData
from schemas.ids import ParticipantId, SessionId
from schemas.pulse import PulseCounts, PulseValue


class PulseSent(EventData, frozen=True):
    """Somebody said how they follow. ``participant`` is set only where the tenant wants names."""

    type: ClassVar[str] = "pulse.sent"
    session: SessionId
    voter: str
    value: PulseValue
    counts: PulseCounts
    slide: str = ""
    participant: ParticipantId | None = None

    @property
    def hides_actor(self) -> bool:
        """The signal is for staff alone."""
        return True


class PulseFaded(EventData, frozen=True):
    """Signals sent until then (Unix ms) no longer count."""

    type: ClassVar[str] = "pulse.faded"
    until: int
    counts: PulseCounts


EVENTS: tuple[type[EventData], ...] = (PulseSent, PulseFaded)
