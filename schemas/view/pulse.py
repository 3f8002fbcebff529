"""How the class follows just now, as somebody sees it."""

from msgspec import Struct

from schemas.ids import ParticipantId
from schemas.pulse import PulseCounts, PulseValue


class SignalView(Struct, frozen=True):
    """One person's latest signal, where the tenant wants names."""

    participant: ParticipantId
    value: PulseValue
    slide: str
    at: int


class PulseView(Struct, frozen=True):
    """For staff how many feel so now; for others nothing. ``people`` is empty unless names are wanted."""

    counts: PulseCounts
    people: tuple[SignalView, ...]
