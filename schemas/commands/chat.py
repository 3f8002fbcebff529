"""Commands of chat."""

from typing import ClassVar

from schemas.commands.common import Command, Text


class PostMessage(Command, frozen=True, forbid_unknown_fields=True):
    """Writes to everybody in the class."""

    name: ClassVar[str] = "post_message"
    text: Text


CLIENT: tuple[type[Command], ...] = (PostMessage,)
SERVICE: tuple[type[Command], ...] = ()
