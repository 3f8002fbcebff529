"""The whiteboards of the room: the part of the state that belongs to ``rooms.boards``."""

from typing import Literal

from msgspec import Struct

from schemas.ids import BoardId, ElementId, PageId, ParticipantId

Who = Literal["everyone", "staff"] | tuple[ParticipantId, ...]


class Mark(Struct, frozen=True, array_like=True):
    """What decisions need to know of an element. One that was deleted has no bytes."""

    version: int
    nonce: int
    author: ParticipantId
    bytes: int


class Page(Struct, frozen=True):
    """A page: ``seq`` is that of the last event that changed what is on it.

    ``elements`` and ``bytes`` of what is there; ``is_forgotten`` when not all marks are known any more,
    and the two are upper bounds.
    """

    id: PageId
    seq: int
    generation: int = 0
    elements: int = 0
    bytes: int = 0
    is_forgotten: bool = False


class Board(Struct, frozen=True):
    """A board. With ``deck_pages`` it is what is drawn on a deck of so many: pages come as needed."""

    id: BoardId
    title: str
    pages: dict[PageId, Page]
    who: Who = "everyone"
    deck_pages: int = 0


class ShownPage(Struct, frozen=True):
    """The page that everybody sees."""

    board: BoardId
    page: PageId


class Boards(Struct, frozen=True):
    """The boards. ``marks`` are of the pages in use ("board/page"), last drawn on last; in each, the
    element changed last is last."""

    boards: dict[BoardId, Board] = {}
    shown: ShownPage | None = None
    marks: dict[str, dict[ElementId, Mark]] = {}
