"""What a topic of the rules is: commands it decides, facts it understands, deadlines it keeps.

``rooms.room`` puts the topics together and knows nothing else about them. A topic may understand a
fact of another one: polls and hands end with the class, so their topics listen to ``session_ended``.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from msgspec import Struct

from rooms.asker import Asker
from rooms.state import RoomState
from schemas.commands import Command
from schemas.envelope import Event
from schemas.events import EventData
from schemas.rejections import Rejection


class Stamp(NamedTuple):
    """Where an event stands in its room, and when it was decided (Unix milliseconds)."""

    seq: int
    at: int


Decided = tuple[Event, ...] | Rejection
"""What a command leads to. No events: accepted, and nothing had to happen."""


def never(state: RoomState) -> Iterable[int]:
    """A topic that keeps no deadline."""
    return ()


def nothing(state: RoomState, now: int) -> tuple[Event, ...]:
    """A topic to which nothing happens by itself."""
    return ()


class Topic(Struct, frozen=True):
    """One file of the rules.

    ``decide(state, asker, command, now)`` for its own commands; ``evolve(state, event, stamp)`` for
    every fact in ``facts``, whoever decided it; ``deadlines(state)`` says when the room must be woken
    (Unix milliseconds), and ``due(state, now)`` what happens by itself then.
    """

    name: str
    commands: tuple[type[Command], ...]
    facts: tuple[type[EventData], ...]
    decide: Callable[[RoomState, Asker, Any, int], Decided]
    evolve: Callable[[RoomState, Any, Stamp], RoomState]
    deadlines: Callable[[RoomState], Iterable[int]] = never
    due: Callable[[RoomState, int], tuple[Event, ...]] = nothing
