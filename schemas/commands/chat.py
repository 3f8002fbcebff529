"""Commands of chat."""

from typing import ClassVar

from schemas.commands.common import Command, Text
from schemas.ids import MessageToken, ParticipantToken
from schemas.messages import EVERYONE, MessageFormat
from schemas.reactions import Reaction


class PostMessage(Command, frozen=True, forbid_unknown_fields=True):
    """Writes to ``everyone`` in the class, to all ``staff``, or to one participant.

    ``reply_to`` is a message that all who get this one can read.
    """

    name: ClassVar[str] = "post_message"
    text: Text
    format: MessageFormat = "plain"
    to: ParticipantToken = EVERYONE
    reply_to: MessageToken | None = None


class EditMessage(Command, frozen=True, forbid_unknown_fields=True):
    """Gives one's own message other words."""

    name: ClassVar[str] = "edit_message"
    message: MessageToken
    text: Text


class DeleteMessage(Command, frozen=True, forbid_unknown_fields=True):
    """Takes back one's own message, or, by staff, another's that they can read."""

    name: ClassVar[str] = "delete_message"
    message: MessageToken


class ReactToMessage(Command, frozen=True, forbid_unknown_fields=True):
    """Shows a feeling about a message, in place of an earlier one about it."""

    name: ClassVar[str] = "react_to_message"
    message: MessageToken
    reaction: Reaction


class UnreactToMessage(Command, frozen=True, forbid_unknown_fields=True):
    """Takes back one's own reaction to a message."""

    name: ClassVar[str] = "unreact_to_message"
    message: MessageToken


class PinMessage(Command, frozen=True, forbid_unknown_fields=True):
    """Staff keep a message to everyone in sight."""

    name: ClassVar[str] = "pin_message"
    message: MessageToken


class UnpinMessage(Command, frozen=True, forbid_unknown_fields=True):
    """Staff let a pinned message go its way."""

    name: ClassVar[str] = "unpin_message"
    message: MessageToken


class ApproveMessage(Command, frozen=True, forbid_unknown_fields=True):
    """Staff show a held message to everyone."""

    name: ClassVar[str] = "approve_message"
    message: MessageToken


class RejectMessage(Command, frozen=True, forbid_unknown_fields=True):
    """Staff do not show a held message."""

    name: ClassVar[str] = "reject_message"
    message: MessageToken


CLIENT: tuple[type[Command], ...] = (
    PostMessage,
    EditMessage,
    DeleteMessage,
    ReactToMessage,
    UnreactToMessage,
    PinMessage,
    UnpinMessage,
    ApproveMessage,
    RejectMessage,
)
SERVICE: tuple[type[Command], ...] = ()
