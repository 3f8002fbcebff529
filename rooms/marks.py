"""The marks of elements: what the state remembers of what was drawn, and how it forgets.

Marks are kept of pages in use, ``BOARD_MARKS_MAX`` in all: the page drawn on longest ago is forgotten
first, as a whole. Within a page, deletions beyond ``PAGE_MARKS_MAX`` are forgotten, the oldest first.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from rooms import elements
from rooms.state.boards import Board, Boards, Mark, Page
from schemas.events.boards import DrawingsWithdrawn, Drawn, PageCleared
from schemas.ids import BoardId, ElementId, PageId
from schemas.limits import BOARD_MARKS_MAX, PAGE_MARKS_MAX

PageMarks = dict[ElementId, Mark]


def place(board: BoardId, page: PageId) -> str:
    """Under which name the marks of a page are kept; ids have no slash."""
    return f"{board}/{page}"


def after_drawing(boards: Boards, fact: Drawn, seq: int) -> Boards:
    """The boards after elements were drawn."""
    board = boards.boards[fact.board]
    before = board.pages.get(fact.page) or Page(fact.page, seq)
    marks = dict(boards.marks.get(place(fact.board, fact.page), {}))
    count, size = before.elements, before.bytes
    for drawn in fact.elements:
        element = elements.read(drawn.element)
        known = marks.pop(element.id, None)
        bytes_now = 0 if element.is_deleted else len(bytes(drawn.element))
        bytes_before = known.bytes if known else 0
        count += (bytes_now > 0) - (bytes_before > 0)
        size += bytes_now - bytes_before
        marks[element.id] = Mark(element.version, element.nonce, drawn.author, bytes_now)
    page = replace(before, seq=seq, elements=count, bytes=size)
    return _with(boards, board, page, _without_old_deletions(marks))


def after_clearing(boards: Boards, fact: PageCleared, seq: int) -> Boards:
    """The boards after a page was emptied: nothing of it needs to be known."""
    board = boards.boards[fact.board]
    return _with(boards, board, Page(fact.page, seq, fact.generation), {})


def after_withdrawal(boards: Boards, fact: DrawingsWithdrawn, seq: int) -> Boards:
    """The boards after one author's drawings went. Their marks stay as those of deletions."""
    board = boards.boards[fact.board]
    before = board.pages.get(fact.page) or Page(fact.page, seq)
    known = boards.marks.get(place(fact.board, fact.page), {})
    gone = {k: m for k, m in known.items() if m.author == fact.author and m.bytes}
    marks = {k: replace(m, bytes=0) if k in gone else m for k, m in known.items()}
    page = replace(
        before,
        seq=seq,
        elements=before.elements - len(gone),
        bytes=before.bytes - sum(m.bytes for m in gone.values()),
    )
    return _with(boards, board, page, marks)


def without_board(marks: Mapping[str, PageMarks], board: BoardId) -> dict[str, PageMarks]:
    """The marks of all other boards."""
    return {k: v for k, v in marks.items() if not k.startswith(f"{board}/")}


def without_page(marks: Mapping[str, PageMarks], board: BoardId, page: PageId) -> dict[str, PageMarks]:
    """The marks of all other pages."""
    return {k: v for k, v in marks.items() if k != place(board, page)}


def _with(boards: Boards, board: Board, page: Page, marks: PageMarks) -> Boards:
    everywhere = without_page(boards.marks, board.id, page.id)
    if marks:
        everywhere[place(board.id, page.id)] = marks
    after = {**boards.boards, board.id: replace(board, pages={**board.pages, page.id: page})}
    return _forgetful(replace(boards, boards=after, marks=everywhere))


def _without_old_deletions(marks: PageMarks) -> PageMarks:
    extra = len(marks) - PAGE_MARKS_MAX
    if extra <= 0:
        return marks
    deleted = [k for k, mark in marks.items() if not mark.bytes]
    for gone in deleted[:extra]:
        del marks[gone]
    return marks


def _forgetful(boards: Boards) -> Boards:
    """Forgets pages that were not drawn on for longest, as long as there are too many marks."""
    total = sum(len(marks) for marks in boards.marks.values())
    if total <= BOARD_MARKS_MAX:
        return boards
    marks, after = dict(boards.marks), dict(boards.boards)
    while total > BOARD_MARKS_MAX and len(marks) > 1:
        oldest = next(iter(marks))
        total -= len(marks.pop(oldest))
        board_id, _, page_id = oldest.partition("/")
        board = after[BoardId(board_id)]
        page = replace(board.pages[PageId(page_id)], is_forgotten=True)
        after[board.id] = replace(board, pages={**board.pages, page.id: page})
    return replace(boards, marks=marks, boards=after)
