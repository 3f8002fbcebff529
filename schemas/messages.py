"""Words that commands, events and views share about chat messages."""

from typing import Literal

from msgspec import Struct

from schemas.ids import ParticipantId
from schemas.reactions import Reaction

MessageFormat = Literal["plain", "formula", "code", "link"]
"""How a screen may show a text, which is never markup: a formula is TeX, a link is one web address."""

EVERYONE = ParticipantId("everyone")
"""The addressee of a message to the whole class."""

TO_STAFF = ParticipantId("staff")
"""The addressee of a message to all hosts and co-hosts. Anybody else is named by participant id."""


class MessageReaction(Struct, frozen=True):
    """What one person feels about a message; one at a time."""

    participant: ParticipantId
    reaction: Reaction
