"""What a read model is: tables, and a pure function from a fact to what it writes."""

import re
from collections.abc import Callable
from importlib import resources
from typing import NamedTuple

from msgspec import Struct

from schemas.envelope import RecordedActor
from schemas.events import EventData
from schemas.ids import RoomKey

_SECTION = re.compile(r"^-- name: ([a-z_]+)$", re.MULTILINE)


class Fact(Struct, frozen=True):
    """One event of a room: its place in the room's order, when it was decided (Unix ms), who asked."""

    key: RoomKey
    seq: int
    at: int
    data: EventData
    actor: RecordedActor


class Write(NamedTuple):
    """One statement with its arguments. The first two are tenant and room, and it touches no other room's
    rows. Writes of a model about one room are executed in order.

    The last ``adds`` arguments are numbers that the statement adds: once with the sum is as good as one
    by one. ``narrow``: it touches rows of its third argument alone (a person, say), so that its order with
    narrow writes about others of the room does not count.
    """

    query: str
    args: tuple[object, ...]
    adds: int = 0
    narrow: bool = False


class Model(Struct, frozen=True):
    """A read model. ``writes`` is pure; ``definition`` creates the tables if they are not there."""

    name: str
    tables: tuple[str, ...]
    definition: str
    writes: Callable[[Fact], tuple[Write, ...]]


def queries(name: str) -> dict[str, str]:
    """The named queries of ``sql/<name>.sql``; ``tables`` is the definition of its tables."""
    text = resources.files("projectors").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    parts = _SECTION.split(text)
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))
