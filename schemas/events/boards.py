"""Events of boards."""

from typing import ClassVar, Literal

from msgspec import Raw, Struct

from schemas.events.common import EventData
from schemas.ids import BoardId, PageId, ParticipantId


class DrawnElement(Struct, frozen=True):
    """Excalidraw's element as it is from now on, and who drew it first."""

    author: ParticipantId
    element: Raw


class BoardCreated(EventData, frozen=True):
    """There is a board, with one page, on which everybody whose role lets them may draw."""

    type: ClassVar[str] = "board.created"
    board: BoardId
    title: str
    page: PageId


class BoardRenamed(EventData, frozen=True):
    """A board has another title."""

    type: ClassVar[str] = "board.renamed"
    board: BoardId
    title: str


class BoardDeleted(EventData, frozen=True):
    """A board is gone with everything on it; if it was shown, none is."""

    type: ClassVar[str] = "board.deleted"
    board: BoardId


class BoardPageAdded(EventData, frozen=True):
    """A board has another page, after this one; None: at the end."""

    type: ClassVar[str] = "board.page_added"
    board: BoardId
    page: PageId
    after: PageId | None


class BoardPageRemoved(EventData, frozen=True):
    """A page is gone with everything on it; if it was shown, the board's first is."""

    type: ClassVar[str] = "board.page_removed"
    board: BoardId
    page: PageId


class BoardShown(EventData, frozen=True):
    """Everybody sees this page."""

    type: ClassVar[str] = "board.shown"
    board: BoardId
    page: PageId


class BoardHidden(EventData, frozen=True):
    """No board is shown any more."""

    type: ClassVar[str] = "board.hidden"
    board: BoardId


class DrawingAllowed(EventData, frozen=True):
    """These, of those whose role lets them draw, may draw here; staff always may."""

    type: ClassVar[str] = "board.drawing_allowed"
    board: BoardId
    who: Literal["everyone", "staff"] | tuple[ParticipantId, ...]


class Drawn(EventData, frozen=True):
    """These elements are as it says here: only those whose version won. A page of a deck comes into
    being with the first."""

    type: ClassVar[str] = "board.drawn"
    board: BoardId
    page: PageId
    generation: int
    elements: tuple[DrawnElement, ...]


class PageCleared(EventData, frozen=True):
    """A page is empty, and of this generation."""

    type: ClassVar[str] = "board.page_cleared"
    board: BoardId
    page: PageId
    generation: int


class DrawingsWithdrawn(EventData, frozen=True):
    """Everything of this author is gone from a page."""

    type: ClassVar[str] = "board.drawings_withdrawn"
    board: BoardId
    page: PageId
    author: ParticipantId


EVENTS: tuple[type[EventData], ...] = (
    BoardCreated,
    BoardRenamed,
    BoardDeleted,
    BoardPageAdded,
    BoardPageRemoved,
    BoardShown,
    BoardHidden,
    DrawingAllowed,
    Drawn,
    PageCleared,
    DrawingsWithdrawn,
)
