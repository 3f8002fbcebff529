"""Commands of files."""

from schemas.commands.common import Command

CLIENT: tuple[type[Command], ...] = ()
SERVICE: tuple[type[Command], ...] = ()
