"""Chat, as somebody sees it."""

from msgspec import Struct

from schemas.ids import MessageId, ParticipantId
from schemas.messages import MessageFormat, MessageReaction


class MessageView(Struct, frozen=True):
    """A chat message that the viewer may read.

    ``to`` is ``everyone``, ``staff`` or one participant. A ``held`` one is seen by its author and staff
    until staff approve it. ``edited_at`` is None while it reads as it was posted.
    """

    id: MessageId
    seq: int
    at: int
    participant: ParticipantId
    display_name: str
    text: str
    format: MessageFormat
    to: ParticipantId
    reply_to: MessageId | None
    edited_at: int | None
    pinned: bool
    held: bool
    reactions: tuple[MessageReaction, ...]
