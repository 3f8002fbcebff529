"""Whiteboards: pages of elements that many draw at once; and what is drawn on slides.

Which version of an element wins is decided here, once, by Excalidraw's own rule (``rooms.ink``); a
commit has only the winners, and nobody who follows has to judge again. The elements themselves are in
the read model; the state keeps a mark of each on the pages in use. Of a page that was not used for long
the marks are forgotten: then the next version of an element wins, whatever its number, because nothing
older can still be on its way.

A deck's annotations are a board with the deck's id, made and removed with it; its pages are "1", "2", ….
"""

from typing import assert_never

from msgspec.structs import replace

from rooms import drawing
from rooms.asker import Asker, new_id
from rooms.marks import without_board, without_page
from rooms.permissions import Permission
from rooms.state import RoomState
from rooms.state.boards import Board, Boards, Page, ShownPage
from rooms.topic import Decided, Stamp, Topic
from rooms.viewer import Viewer
from schemas.commands.boards import (
    CLIENT,
    AddBoardPage,
    AllowDrawing,
    ClearMine,
    ClearPage,
    CreateBoard,
    DeleteBoard,
    Draw,
    HideBoard,
    RemoveBoardPage,
    RenameBoard,
    ShowBoard,
)
from schemas.envelope import Event
from schemas.events.boards import (
    EVENTS,
    BoardCreated,
    BoardDeleted,
    BoardHidden,
    BoardPageAdded,
    BoardPageRemoved,
    BoardRenamed,
    BoardShown,
    DrawingAllowed,
    DrawingsWithdrawn,
    Drawn,
    PageCleared,
)
from schemas.events.studio import DeckAdded, DeckRemoved
from schemas.ids import BoardId, PageId
from schemas.limits import (
    BOARD_PAGES_MAX,
    BOARDS_MAX,
)
from schemas.rejections import Code, rejection
from schemas.view.boards import BoardsView, BoardView, PageView, ShownPageView

Arranging = (
    CreateBoard
    | RenameBoard
    | DeleteBoard
    | AddBoardPage
    | RemoveBoardPage
    | ShowBoard
    | HideBoard
    | AllowDrawing
    | ClearPage
)
Command = Arranging | Draw | ClearMine
Fact = (
    BoardCreated
    | BoardRenamed
    | BoardDeleted
    | BoardPageAdded
    | BoardPageRemoved
    | BoardShown
    | BoardHidden
    | DrawingAllowed
    | Drawn
    | PageCleared
    | DrawingsWithdrawn
    | DeckAdded
    | DeckRemoved
)


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> Decided:
    """What a wish about boards leads to."""
    match command:
        case Draw() | ClearMine():
            return drawing.decide(state, asks, command)
        case _:
            return _arrange(state, asks, command)


# --- arranging -----------------------------------------------------------------------------------
def _arrange(state: RoomState, asks: Asker, command: Arranging) -> Decided:
    if not asks.may(Permission.PRESENT):
        return rejection(Code.FORBIDDEN)
    boards = state.boards
    if isinstance(command, CreateBoard):
        return _create(state, asks, command.title)
    if isinstance(command, HideBoard):
        return (Event(BoardHidden(boards.shown.board)),) if boards.shown else ()
    board = boards.boards.get(command.board)
    if board is None:
        return rejection(Code.NO_SUCH_BOARD)
    if isinstance(command, ShowBoard | AllowDrawing | ClearPage):
        return _conduct(boards, board, command)
    if board.deck_pages:
        return rejection(Code.NO_SUCH_BOARD)  # Pages and title of a deck are those of its file.
    return _rebuild(state, asks, board, command)


def _conduct(boards: Boards, board: Board, command: ShowBoard | AllowDrawing | ClearPage) -> Decided:
    """What is done to boards and decks alike."""
    match command:
        case ShowBoard(page=page):
            return _show(boards, board, page)
        case AllowDrawing(who=who):
            who = who if isinstance(who, str) else tuple(dict.fromkeys(who))
            return () if who == board.who else (Event(DrawingAllowed(board.id, who)),)
        case ClearPage(page=page):
            return drawing.clear(board, page)
        case _:
            assert_never(command)


def _rebuild(
    state: RoomState,
    asks: Asker,
    board: Board,
    command: RenameBoard | DeleteBoard | AddBoardPage | RemoveBoardPage,
) -> Decided:
    match command:
        case RenameBoard(title=title):
            return () if title == board.title else (Event(BoardRenamed(board.id, title)),)
        case DeleteBoard():
            return (Event(BoardDeleted(board.id)),)
        case AddBoardPage(after=after):
            return _add_page(state, asks, board, after)
        case RemoveBoardPage(page=page):
            return _remove_page(board, page)
        case _:
            assert_never(command)


def _create(state: RoomState, asks: Asker, title: str) -> Decided:
    board, page = BoardId(new_id(state, asks, "b")), PageId(new_id(state, asks, "g"))
    if board in state.boards.boards:
        return ()  # A repetition from beyond the memory of answers must not empty the board.
    own = sum(1 for known in state.boards.boards.values() if not known.deck_pages)
    if own >= BOARDS_MAX or drawing.is_full(state.boards):
        return rejection(Code.LIMIT_REACHED)
    return (Event(BoardCreated(board, title, page)),)


def _add_page(state: RoomState, asks: Asker, board: Board, after: PageId | None) -> Decided:
    if after is not None and after not in board.pages:
        return rejection(Code.NO_SUCH_PAGE)
    page = PageId(new_id(state, asks, "g"))
    if page in board.pages:
        return ()
    if len(board.pages) >= BOARD_PAGES_MAX or drawing.is_full(state.boards):
        return rejection(Code.LIMIT_REACHED)
    return (Event(BoardPageAdded(board.id, page, after)),)


def _remove_page(board: Board, page: PageId) -> Decided:
    if page not in board.pages:
        return rejection(Code.NO_SUCH_PAGE)
    if len(board.pages) == 1:
        return rejection(Code.LAST_PAGE)
    return (Event(BoardPageRemoved(board.id, page)),)


def _show(boards: Boards, board: Board, page: PageId | None) -> Decided:
    page = next(iter(board.pages), PageId("1")) if page is None else page
    if drawing.page_of(board, page) is None:
        return rejection(Code.NO_SUCH_PAGE)
    return () if boards.shown == ShownPage(board.id, page) else (Event(BoardShown(board.id, page)),)


# --- what facts mean -----------------------------------------------------------------------------
def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about boards."""
    return replace(state, boards=_after(state.boards, fact, stamp.seq))


def _after(boards: Boards, fact: Fact, seq: int) -> Boards:
    match fact:
        case BoardCreated(board=board, title=title, page=page):
            return _with(boards, Board(board, title, {page: Page(page, seq)}))
        case DeckAdded(deck=deck, title=title, pages=pages):
            return _with(boards, Board(BoardId(deck), title, {}, who="staff", deck_pages=pages))
        case BoardDeleted(board=board):
            return _without(boards, board)
        case DeckRemoved(deck=deck):
            return _without(boards, BoardId(deck))
        case BoardShown(board=board, page=page):
            return replace(boards, shown=ShownPage(board, page))
        case BoardHidden():
            return replace(boards, shown=None)
        case BoardRenamed() | DrawingAllowed() | BoardPageAdded() | BoardPageRemoved():
            return _after_change(boards, fact, seq)
        case Drawn() | PageCleared() | DrawingsWithdrawn():
            return drawing.after(boards, fact, seq) if fact.board in boards.boards else boards
        case _:
            assert_never(fact)


def _after_change(
    boards: Boards, fact: BoardRenamed | DrawingAllowed | BoardPageAdded | BoardPageRemoved, seq: int
) -> Boards:
    board = boards.boards.get(fact.board)
    if board is None:
        return boards
    match fact:
        case BoardRenamed(title=title):
            return _with(boards, replace(board, title=title))
        case DrawingAllowed(who=who):
            return _with(boards, replace(board, who=who))
        case BoardPageAdded():
            return _with(boards, replace(board, pages=_pages_with(board, fact, seq)))
        case BoardPageRemoved(page=page):
            return _without_page(boards, board, page)
        case _:
            assert_never(fact)


def _with(boards: Boards, board: Board) -> Boards:
    return replace(boards, boards={**boards.boards, board.id: board})


def _without(boards: Boards, board: BoardId) -> Boards:
    return replace(
        boards,
        boards={k: v for k, v in boards.boards.items() if k != board},
        shown=None if boards.shown and boards.shown.board == board else boards.shown,
        marks=without_board(boards.marks, board),
    )


def _pages_with(board: Board, fact: BoardPageAdded, seq: int) -> dict[PageId, Page]:
    pages: dict[PageId, Page] = {}
    for page in board.pages.values():
        pages[page.id] = page
        if page.id == fact.after:
            pages[fact.page] = Page(fact.page, seq)
    pages.setdefault(fact.page, Page(fact.page, seq))
    return pages


def _without_page(boards: Boards, board: Board, page: PageId) -> Boards:
    pages = {k: v for k, v in board.pages.items() if k != page}
    shown = boards.shown
    if shown == ShownPage(board.id, page):
        shown = ShownPage(board.id, next(iter(pages))) if pages else None
    after = _with(boards, replace(board, pages=pages))
    return replace(after, shown=shown, marks=without_page(boards.marks, board.id, page))


def view(state: RoomState, viewer: Viewer) -> BoardsView:
    """The same for everybody."""
    boards, shown = state.boards, state.boards.shown
    return BoardsView(
        tuple(
            BoardView(
                b.id,
                b.title,
                b.deck_pages > 0,
                b.who,
                tuple(PageView(p.id, p.seq, p.generation) for p in b.pages.values()),
            )
            for b in boards.boards.values()
        ),
        ShownPageView(shown.board, shown.page) if shown else None,
    )


TOPIC = Topic("board", CLIENT, (*EVENTS, DeckAdded, DeckRemoved), decide, evolve)
