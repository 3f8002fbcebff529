"""How the class follows just now: the part of the state that belongs to ``rooms.pulse``."""

from msgspec import Struct

from schemas.ids import ParticipantId
from schemas.pulse import PulseValue


class Signal(Struct, frozen=True):
    """The latest signal of somebody."""

    value: PulseValue
    slide: str
    at: int
    participant: ParticipantId | None = None


class Pulse(Struct, frozen=True):
    """Signals that still count, by alias or, where the tenant wants names, by participant; oldest first."""

    signals: dict[str, Signal] = {}
