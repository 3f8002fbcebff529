"""Commands of floor.

What somebody pins on their own screen is their own matter and never on the log: there is no command
for it. A spotlight is for all.
"""

from typing import Annotated, ClassVar

from msgspec import Meta

from schemas.commands.common import Command
from schemas.ids import ParticipantToken
from schemas.limits import FLOOR_S_MAX, SPOTLIGHT_MAX
from schemas.reactions import Reaction

FloorSeconds = Annotated[int, Meta(ge=1, le=FLOOR_S_MAX)]


class RaiseHand(Command, frozen=True, forbid_unknown_fields=True):
    """The asker wants to speak."""

    name: ClassVar[str] = "raise_hand"


class LowerHand(Command, frozen=True, forbid_unknown_fields=True):
    """Lowers the asker's hand, or, by a host, another's."""

    name: ClassVar[str] = "lower_hand"
    participant: ParticipantToken | None = None


class LowerAllHands(Command, frozen=True, forbid_unknown_fields=True):
    """Staff empty the queue of hands."""

    name: ClassVar[str] = "lower_all_hands"


class NextHand(Command, frozen=True, forbid_unknown_fields=True):
    """Staff take the first hand of the queue: it goes down, and its owner has the floor.

    For ``seconds``; None: until it is taken.
    """

    name: ClassVar[str] = "next_hand"
    seconds: FloorSeconds | None = None


class GiveFloor(Command, frozen=True, forbid_unknown_fields=True):
    """Staff let one person speak and be seen, whatever the role and the locks of the class say.

    For ``seconds`` from now; None: until it is taken.
    """

    name: ClassVar[str] = "give_floor"
    participant: ParticipantToken
    seconds: FloorSeconds | None = None


class TakeFloor(Command, frozen=True, forbid_unknown_fields=True):
    """Ends a person's turn, or the asker's own: what is not allowed without it is closed."""

    name: ClassVar[str] = "take_floor"
    participant: ParticipantToken | None = None


class AskToUnmute(Command, frozen=True, forbid_unknown_fields=True):
    """Staff ask a person to open the microphone. Only that person can do it."""

    name: ClassVar[str] = "ask_to_unmute"
    participant: ParticipantToken


class Spotlight(Command, frozen=True, forbid_unknown_fields=True):
    """Staff put these people in everybody's view, in this order; none ends it."""

    name: ClassVar[str] = "spotlight"
    participants: Annotated[tuple[ParticipantToken, ...], Meta(max_length=SPOTLIGHT_MAX)] = ()


class React(Command, frozen=True, forbid_unknown_fields=True):
    """The asker shows a feeling to the class."""

    name: ClassVar[str] = "react"
    reaction: Reaction


CLIENT: tuple[type[Command], ...] = (
    RaiseHand,
    LowerHand,
    LowerAllHands,
    NextHand,
    GiveFloor,
    TakeFloor,
    AskToUnmute,
    Spotlight,
    React,
)
SERVICE: tuple[type[Command], ...] = ()
