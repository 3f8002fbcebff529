"""What was written lately: the part of the state that belongs to ``rooms.chat``."""

from msgspec import Struct

from schemas.ids import MessageId, ParticipantId
from schemas.messages import EVERYONE, MessageFormat, MessageReaction


class Message(Struct, frozen=True):
    """A chat message; ``seq`` is that of its event, and of the approval once it was held.

    ``to`` is everyone, staff or one participant. A held one waits for staff to approve it.
    """

    id: MessageId
    seq: int
    at: int
    participant: ParticipantId
    display_name: str
    text: str
    format: MessageFormat = "plain"
    to: ParticipantId = EVERYONE
    reply_to: MessageId | None = None
    edited_at: int | None = None
    pinned: bool = False
    held: bool = False
    reactions: tuple[MessageReaction, ...] = ()
