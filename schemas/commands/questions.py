"""Commands of questions."""

from schemas.commands.common import Command

CLIENT: tuple[type[Command], ...] = ()
SERVICE: tuple[type[Command], ...] = ()
