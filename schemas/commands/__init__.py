"""Commands: wishes, in the imperative. Each is one struct; its wire name is its tag. One module per topic.

A command travels on ``class.<tenant>.<room>.cmd.<name>`` with its body as JSON and everything about
the asker in headers (``schemas.envelope``), stamped by the edge and never taken from the client.
``CLIENT_COMMANDS`` are those that a browser or an operator may send; the rest belong to services.
"""

from schemas.commands import (
    boards,
    breakouts,
    chat,
    deadlines,
    files,
    floor,
    lifecycle,
    lobby,
    media,
    notes,
    polls,
    pulse,
    questions,
    recording,
    redaction,
    rights,
    roster,
    studio,
    timer,
    tracks,
)
from schemas.commands.common import Command

__all__ = ["CLIENT_COMMANDS", "CLIENT_COMMAND_NAMES", "COMMANDS", "SERVICE_COMMANDS", "Command"]

_TOPICS = (
    lifecycle,
    rights,
    lobby,
    roster,
    floor,
    tracks,
    chat,
    questions,
    polls,
    pulse,
    studio,
    notes,
    timer,
    boards,
    files,
    breakouts,
    recording,
    redaction,
    media,
    deadlines,
)

CLIENT_COMMANDS: tuple[type[Command], ...] = tuple(c for topic in _TOPICS for c in topic.CLIENT)
SERVICE_COMMANDS: tuple[type[Command], ...] = tuple(c for topic in _TOPICS for c in topic.SERVICE)

COMMANDS: dict[str, type[Command]] = {c.name: c for c in CLIENT_COMMANDS + SERVICE_COMMANDS}
CLIENT_COMMAND_NAMES: frozenset[str] = frozenset(c.name for c in CLIENT_COMMANDS)
