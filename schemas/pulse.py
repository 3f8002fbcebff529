"""The words of the pulse, as commands, events and views all speak of it."""

from typing import Literal

from msgspec import Struct

PulseValue = Literal["lost", "too_fast", "fine"]


class PulseCounts(Struct, frozen=True):
    """How many feel so now: the latest signal of each person that is not too old."""

    lost: int
    too_fast: int
    fine: int
