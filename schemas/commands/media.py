"""Commands of media."""

from typing import ClassVar

from schemas.commands.common import Command
from schemas.ids import (
    NodeToken,
)


class PlaceRoom(Command, frozen=True, forbid_unknown_fields=True):
    """``rooms`` places the running class on a media node (from its register of nodes)."""

    name: ClassVar[str] = "place_room"
    node: NodeToken


class LoseNode(Command, frozen=True, forbid_unknown_fields=True):
    """``rooms`` says that a media node is gone; ``place_room`` follows when another is there."""

    name: ClassVar[str] = "lose_node"
    node: NodeToken


CLIENT: tuple[type[Command], ...] = ()
SERVICE: tuple[type[Command], ...] = (
    PlaceRoom,
    LoseNode,
)
