"""Events of chat. Each has the audience of the message that it is about."""

from typing import ClassVar

from schemas.events.common import EventData
from schemas.ids import MessageId, ParticipantId
from schemas.messages import EVERYONE, MessageFormat
from schemas.reactions import Reaction


class MessagePosted(EventData, frozen=True, omit_defaults=True):
    """Text for ``to``: everyone, staff (and the author), or one participant (and the author).

    One that was held before has the same ``message``; it is now in its place in the chat.
    """

    type: ClassVar[str] = "chat.posted"
    message: MessageId
    participant: ParticipantId
    display_name: str
    text: str
    format: MessageFormat = "plain"
    to: ParticipantId = EVERYONE
    reply_to: MessageId | None = None


class MessageHeld(EventData, frozen=True, omit_defaults=True):
    """Text for everyone that waits for staff to approve it. For its author and staff."""

    type: ClassVar[str] = "chat.held"
    message: MessageId
    participant: ParticipantId
    display_name: str
    text: str
    format: MessageFormat = "plain"
    reply_to: MessageId | None = None


class MessageRejected(EventData, frozen=True):
    """A held message will not be shown. For its author and staff."""

    type: ClassVar[str] = "chat.rejected"
    message: MessageId
    by: ParticipantId | None


class MessageEdited(EventData, frozen=True):
    """Its author gave a message other words."""

    type: ClassVar[str] = "chat.edited"
    message: MessageId
    text: str


class MessageDeleted(EventData, frozen=True):
    """A message is gone, taken back by its author or by staff."""

    type: ClassVar[str] = "chat.deleted"
    message: MessageId
    by: ParticipantId | None


class MessageReactedTo(EventData, frozen=True):
    """What a person feels about a message, in place of what was before."""

    type: ClassVar[str] = "chat.reacted"
    message: MessageId
    participant: ParticipantId
    reaction: Reaction


class MessageUnreactedTo(EventData, frozen=True):
    """A person shows no feeling about a message any more."""

    type: ClassVar[str] = "chat.unreacted"
    message: MessageId
    participant: ParticipantId


class MessagePinned(EventData, frozen=True):
    """A message to everyone is kept in sight, however many follow."""

    type: ClassVar[str] = "chat.pinned"
    message: MessageId
    by: ParticipantId | None


class MessageUnpinned(EventData, frozen=True):
    """A message is one among the others again."""

    type: ClassVar[str] = "chat.unpinned"
    message: MessageId
    by: ParticipantId | None


EVENTS: tuple[type[EventData], ...] = (
    MessagePosted,
    MessageHeld,
    MessageRejected,
    MessageEdited,
    MessageDeleted,
    MessageReactedTo,
    MessageUnreactedTo,
    MessagePinned,
    MessageUnpinned,
)
