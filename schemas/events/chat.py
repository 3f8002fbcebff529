"""Events of chat."""

from typing import ClassVar

from schemas.events.common import EventData
from schemas.ids import (
    MessageId,
    ParticipantId,
)


class MessagePosted(EventData, frozen=True):
    """Plain text to everybody."""

    type: ClassVar[str] = "chat.posted"
    message: MessageId
    participant: ParticipantId
    display_name: str
    text: str


EVENTS: tuple[type[EventData], ...] = (MessagePosted,)
