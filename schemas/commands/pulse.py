"""Commands of pulse."""

from typing import Annotated, ClassVar

from msgspec import Meta

from schemas.commands.common import Command
from schemas.limits import PULSE_SLIDE_CHARS_MAX
from schemas.pulse import PulseValue

Slide = Annotated[str, Meta(max_length=PULSE_SLIDE_CHARS_MAX, pattern=r"^[A-Za-z0-9_.:-]*$(?!\n)")]


class SendPulse(Command, frozen=True, forbid_unknown_fields=True):
    """How the asker follows just now, and which slide is before them (``deck.page``, or nothing)."""

    name: ClassVar[str] = "send_pulse"
    value: PulseValue
    slide: Slide = ""


CLIENT: tuple[type[Command], ...] = (SendPulse,)
SERVICE: tuple[type[Command], ...] = ()
