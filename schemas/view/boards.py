"""The whiteboards of the room, as somebody sees them: everything but the elements.

**How a page gets the elements.** They are many, so they are in the read model, not in the view:

1. When it opens a page, the browser begins to keep the page's events (``board.drawn``,
   ``board.page_cleared``, ``board.drawings_withdrawn``), and notes the page's ``seq`` in the view it
   has at that moment. No event between that view and the first one kept can be missing.
2. ``GET /rooms/{room}/boards/{board}/pages/{page}`` answers the elements with the ``seq`` of the last
   event that changed them.
3. If that ``seq`` is lower than the one noted, the read model lags behind the view: what lies between is
   neither in the answer nor among what was kept. The browser asks again, a little later each time.
4. Else it applies the kept events with a higher ``seq``, in order. An event says what is from now on,
   so it takes the place of what is there; one that the answer has already is left out by its ``seq``.
5. From then on each event is applied as it comes.

After a fresh ``view`` (instead of missed events) the page is opened anew, because events are missing.
``net/ink.ts`` does this; the edits that are not on the log yet are merged by Excalidraw itself.
"""

from typing import Literal

from msgspec import Struct

from schemas.ids import BoardId, PageId, ParticipantId


class PageView(Struct, frozen=True):
    """A page: ``seq`` is that of the last event that changed what is on it, ``generation`` counts how
    often it was cleared."""

    id: PageId
    seq: int
    generation: int


class BoardView(Struct, frozen=True):
    """A board, or what is drawn on a deck (of which only pages with drawings are here)."""

    id: BoardId
    title: str
    is_deck: bool
    who: Literal["everyone", "staff"] | tuple[ParticipantId, ...]
    pages: tuple[PageView, ...]


class ShownPageView(Struct, frozen=True):
    """The page that everybody sees."""

    board: BoardId
    page: PageId


class BoardsView(Struct, frozen=True):
    """The boards of the room, and which page is shown."""

    boards: tuple[BoardView, ...]
    shown: ShownPageView | None
