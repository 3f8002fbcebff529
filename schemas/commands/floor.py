"""Commands of floor."""

from typing import ClassVar

from schemas.commands.common import Command
from schemas.ids import (
    ParticipantToken,
)


class RaiseHand(Command, frozen=True, forbid_unknown_fields=True):
    """The asker wants to speak."""

    name: ClassVar[str] = "raise_hand"


class LowerHand(Command, frozen=True, forbid_unknown_fields=True):
    """Lowers the asker's hand, or, by a host, another's."""

    name: ClassVar[str] = "lower_hand"
    participant: ParticipantToken | None = None


CLIENT: tuple[type[Command], ...] = (
    RaiseHand,
    LowerHand,
)
SERVICE: tuple[type[Command], ...] = ()
