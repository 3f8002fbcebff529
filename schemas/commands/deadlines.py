"""Commands of deadlines."""

from typing import ClassVar

from schemas.commands.common import Command, Milliseconds


class DeadlinePassed(Command, frozen=True, forbid_unknown_fields=True):
    """``rooms`` wakes a room whose ``next_deadline(state)`` was ``due`` (Unix milliseconds)."""

    name: ClassVar[str] = "deadline_passed"
    due: Milliseconds


CLIENT: tuple[type[Command], ...] = ()
SERVICE: tuple[type[Command], ...] = (DeadlinePassed,)
