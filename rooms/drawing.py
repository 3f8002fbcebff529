"""Drawing on a page of a board or of slides: whose strokes are taken, and which version of each.

Part of the topic ``board``. What is refused is refused as a whole; of what is taken, versions that lose
are left out, and where nothing is left nothing happens.
"""

from typing import assert_never

from rooms import elements
from rooms.asker import Asker
from rooms.ink import winners
from rooms.marks import after_clearing, after_drawing, after_withdrawal, place
from rooms.permissions import Permission
from rooms.state import RoomState
from rooms.state.boards import Board, Boards, Page, Who
from rooms.topic import Decided
from schemas.commands.boards import ClearMine, Draw
from schemas.envelope import STAFF, Event
from schemas.events.boards import DrawingsWithdrawn, Drawn, DrawnElement, PageCleared
from schemas.ids import PageId
from schemas.limits import BOARD_BYTES_MAX, BOARD_PAGES_ROOM_MAX, PAGE_BYTES_MAX, PAGE_ELEMENTS_MAX
from schemas.rejections import Code, rejection

Command = Draw | ClearMine
Fact = Drawn | PageCleared | DrawingsWithdrawn


def decide(state: RoomState, asks: Asker, command: Command) -> Decided:
    """What a wish to draw, or to take one's own drawings back, leads to."""
    if not asks.may(Permission.DRAW):
        return rejection(Code.FORBIDDEN)
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    board = state.boards.boards.get(command.board)
    if board is None:
        return rejection(Code.NO_SUCH_BOARD)
    page = page_of(board, command.page)
    if page is None:
        return rejection(Code.NO_SUCH_PAGE)
    match command:
        case Draw():
            return _draw(state.boards, board, page, asks, command)
        case ClearMine():
            return _clear_mine(state.boards, board, page, asks)
        case _:
            assert_never(command)


def _draw(boards: Boards, board: Board, page: Page, asks: Asker, command: Draw) -> Decided:
    if not _allows(board.who, asks):
        return rejection(Code.DRAWING_NOT_ALLOWED)
    if command.generation != page.generation:
        return rejection(Code.CLEARED_MEANWHILE)
    return _judge(boards, board, page, asks, command)


def _allows(who: Who, asks: Asker) -> bool:
    if asks.role in STAFF or who == "everyone":
        return True
    return who != "staff" and asks.participant in who


def _judge(boards: Boards, board: Board, page: Page, asks: Asker, command: Draw) -> Decided:
    try:
        wished = [(elements.check(raw), raw) for raw in command.elements]
    except elements.RemoteElementError as error:
        return rejection(Code.MALFORMED, str(error))
    marks = boards.marks.get(place(board.id, page.id), {})
    raws = {(e.id, e.version, e.nonce): raw for e, raw in reversed(wished)}
    won = winners(marks, ((e.id, e) for e, _ in wished))
    if not won:
        return ()
    assert asks.present is not None
    drawn = Drawn(
        board.id,
        page.id,
        page.generation,
        tuple(
            DrawnElement(
                marks[e.id].author if e.id in marks else asks.present.id, raws[e.id, e.version, e.nonce]
            )
            for e in won.values()
        ),
    )
    return rejection(Code.LIMIT_REACHED) if _overflows(boards, board, page, drawn) else (Event(drawn),)


def _overflows(boards: Boards, board: Board, before: Page, drawn: Drawn) -> bool:
    """Whether this is more than fits. What makes a page no fuller always fits."""
    if before.id not in board.pages and is_full(boards):
        return True
    after = after_drawing(boards, drawn, before.seq).boards[board.id].pages[before.id]
    more = after.bytes - before.bytes
    return (
        (after.elements > PAGE_ELEMENTS_MAX and after.elements > before.elements)
        or (after.bytes > PAGE_BYTES_MAX and more > 0)
        or (more > 0 and sum(p.bytes for p in board.pages.values()) + more > BOARD_BYTES_MAX)
    )


def _clear_mine(boards: Boards, board: Board, page: Page, asks: Asker) -> Decided:
    assert asks.present is not None
    me = asks.present.id
    marks = boards.marks.get(place(board.id, page.id), {}).values()
    if not page.is_forgotten and not any(m.author == me and m.bytes for m in marks):
        return ()
    return (Event(DrawingsWithdrawn(board.id, page.id, me)),)


def clear(board: Board, page: PageId) -> Decided:
    """Everything on a page goes, whoever drew it."""
    known = page_of(board, page)
    if known is None:
        return rejection(Code.NO_SUCH_PAGE)
    if not known.elements and not known.is_forgotten:
        return ()
    return (Event(PageCleared(board.id, page, known.generation + 1)),)


def page_of(board: Board, page: PageId) -> Page | None:
    """The page, also one of a deck on which nobody has drawn yet."""
    known = board.pages.get(page)
    if known is None and page in {str(n + 1) for n in range(board.deck_pages)}:
        return Page(page, 0)
    return known


def is_full(boards: Boards) -> bool:
    """Whether there are as many pages as a room may have."""
    return sum(len(board.pages) for board in boards.boards.values()) >= BOARD_PAGES_ROOM_MAX


def after(boards: Boards, fact: Fact, seq: int) -> Boards:
    """The boards after a fact about what is on a page."""
    match fact:
        case Drawn():
            return after_drawing(boards, fact, seq)
        case PageCleared():
            return after_clearing(boards, fact, seq)
        case DrawingsWithdrawn():
            return after_withdrawal(boards, fact, seq)
        case _:
            assert_never(fact)
