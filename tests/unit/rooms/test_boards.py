"""Whiteboards: the manual of ``rooms.boards``, ``rooms.drawing``, ``rooms.marks`` and ``rooms.ink``."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from rooms.boards import view
from rooms.ink import winners
from rooms.state.boards import Page, ShownPage
from rooms.viewer import viewer
from schemas.commands import Command
from schemas.commands.boards import (
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
from schemas.commands.lifecycle import EndSession, StartSession
from schemas.commands.roster import ChangeRole
from schemas.commands.studio import AddDeck, RemoveDeck
from schemas.envelope import Actor
from schemas.events.boards import (
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
    DrawnElement,
    PageCleared,
)
from schemas.ids import BoardId, DeckId, FileId, PageId
from schemas.limits import (
    BOARD_BYTES_MAX,
    BOARD_MARKS_MAX,
    BOARD_PAGES_MAX,
    BOARD_PAGES_ROOM_MAX,
    BOARDS_MAX,
    ELEMENT_BYTES_MAX,
    ELEMENT_DEPTH_MAX,
    ELEMENTS_PER_DRAW_MAX,
    PAGE_BYTES_MAX,
    PAGE_ELEMENTS_MAX,
    PAGE_MARKS_MAX,
)
from schemas.media import Role
from schemas.rejections import Code
from schemas.view.boards import BoardView, PageView, ShownPageView
from tests.unit.rooms.classroom import CORA, GUS, OPERATOR, SAM, TESS, VERA, Class, who
from tests.wishes.boards import EXAMPLES, element

Fields = dict[str, Any]


class Sketch:
    """A class with a board, and what a follower has of its first page."""

    def __init__(self, *people: Actor) -> None:
        self.room = Class().live(*(people or (TESS, SAM, VERA)))
        (made,) = self.room.facts(TESS, CreateBoard("Sketches"))
        assert isinstance(made, BoardCreated)
        self.board, self.page = made.board, made.page

    def draw(self, actor: Actor, *elements: Raw, generation: int | None = None) -> tuple[Any, ...]:
        """Draws on the first page; returns the facts."""
        return self.room.facts(actor, self.wish(*elements, generation=generation))

    def wish(self, *elements: Raw, generation: int | None = None) -> Draw:
        """The wish to draw there."""
        now = self.state.generation if generation is None else generation
        return Draw(self.board, self.page, now, elements)

    @property
    def state(self) -> Page:
        """What the rules know of the page."""
        return self.room.state.boards.boards[self.board].pages[self.page]

    def followed(self) -> dict[str, Fields]:
        """What is on the page for somebody who puts what events say in place of what was there."""
        there: dict[str, tuple[str, Fields]] = {}
        for commit in self.room.log:
            for event in commit.events:
                match event.data:
                    case Drawn(elements=elements):
                        for drawn in elements:
                            fields = msgspec.json.decode(drawn.element)
                            there[fields["id"]] = (drawn.author, fields)
                    case PageCleared():
                        there = {}
                    case DrawingsWithdrawn(author=author):
                        there = {k: v for k, v in there.items() if v[0] != author}
        return {k: fields for k, (_, fields) in sorted(there.items()) if not fields["isDeleted"]}


# --- arranging -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "command", [c for c in EXAMPLES if not isinstance(c, Draw | ClearMine)], ids=lambda c: c.name
)
def test_only_who_may_present_arranges_boards(command: Command) -> None:
    assert Class().live(TESS, SAM).refusal(SAM, command) is Code.FORBIDDEN


@pytest.mark.parametrize(
    "command", [c for c in EXAMPLES if not isinstance(c, CreateBoard | HideBoard)], ids=lambda c: c.name
)
def test_nothing_is_done_to_a_board_that_is_not_there(command: Command) -> None:
    assert Class().live(TESS).refusal(TESS, command) is Code.NO_SUCH_BOARD


def test_a_board_is_prepared_before_class_and_stays_after_it() -> None:
    room = Class().created()
    (made,) = room.facts(TESS, CreateBoard("Sketches"))
    assert isinstance(made, BoardCreated)
    assert made == BoardCreated(made.board, "Sketches", made.page)
    room.facts(TESS, StartSession())
    room.facts(TESS, ShowBoard(made.board))
    room.facts(TESS, EndSession())
    assert room.state.boards.shown == ShownPage(made.board, made.page)


def test_a_board_is_renamed_and_deleted() -> None:
    sketch = Sketch()
    room, board = sketch.room, sketch.board
    assert room.facts(TESS, RenameBoard(board, "Proof")) == (BoardRenamed(board, "Proof"),)
    assert room.facts(TESS, RenameBoard(board, "Proof")) == ()
    sketch.draw(SAM, element("e1", 1, 1))
    room.facts(TESS, CreateBoard("Another"))
    room.facts(TESS, ShowBoard(board))
    assert room.facts(TESS, DeleteBoard(board)) == (BoardDeleted(board),)
    assert (room.state.boards.shown, room.state.boards.marks) == (None, {})
    assert room.refusal(TESS, DeleteBoard(board)) is Code.NO_SUCH_BOARD


def test_another_boards_end_does_not_hide_the_shown_one() -> None:
    sketch = Sketch()
    (other,) = sketch.room.facts(TESS, CreateBoard("Another"))
    assert isinstance(other, BoardCreated)
    sketch.room.facts(TESS, ShowBoard(sketch.board))
    sketch.room.facts(TESS, DeleteBoard(other.board))
    assert sketch.room.state.boards.shown == ShownPage(sketch.board, sketch.page)


def test_pages_are_added_after_another_or_at_the_end() -> None:
    sketch = Sketch()
    room, board, first = sketch.room, sketch.board, sketch.page
    (last,) = room.facts(TESS, AddBoardPage(board))
    (second,) = room.facts(TESS, AddBoardPage(board, first))
    assert isinstance(last, BoardPageAdded)
    assert isinstance(second, BoardPageAdded)
    assert second == BoardPageAdded(board, second.page, first)
    assert list(room.state.boards.boards[board].pages) == [first, second.page, last.page]
    assert room.refusal(TESS, AddBoardPage(board, PageId("gone"))) is Code.NO_SUCH_PAGE


def test_who_sees_a_removed_page_sees_the_boards_first() -> None:
    sketch = Sketch()
    room, board, first = sketch.room, sketch.board, sketch.page
    (second,) = room.facts(TESS, AddBoardPage(board))
    assert isinstance(second, BoardPageAdded)
    room.facts(TESS, ShowBoard(board, second.page))
    assert room.facts(TESS, RemoveBoardPage(board, second.page)) == (BoardPageRemoved(board, second.page),)
    assert room.state.boards.shown == ShownPage(board, first)
    assert room.refusal(TESS, RemoveBoardPage(board, second.page)) is Code.NO_SUCH_PAGE
    assert room.refusal(TESS, RemoveBoardPage(board, first)) is Code.LAST_PAGE


def test_removing_a_page_that_is_not_shown_moves_nobody() -> None:
    sketch = Sketch()
    (second,) = sketch.room.facts(TESS, AddBoardPage(sketch.board))
    assert isinstance(second, BoardPageAdded)
    sketch.room.facts(TESS, ShowBoard(sketch.board, second.page))
    sketch.draw(SAM, element("e1", 1, 1))
    sketch.room.facts(TESS, RemoveBoardPage(sketch.board, sketch.page))
    assert sketch.room.state.boards.shown == ShownPage(sketch.board, second.page)
    assert sketch.room.state.boards.marks == {}


def test_one_page_is_shown_until_another_or_none_is() -> None:
    sketch = Sketch()
    room, board, page = sketch.room, sketch.board, sketch.page
    assert room.facts(TESS, HideBoard()) == ()
    assert room.facts(TESS, ShowBoard(board)) == (BoardShown(board, page),)
    assert room.facts(TESS, ShowBoard(board, page)) == ()
    assert room.refusal(TESS, ShowBoard(board, PageId("gone"))) is Code.NO_SUCH_PAGE
    assert room.facts(TESS, HideBoard()) == (BoardHidden(board),)


def test_boards_and_pages_are_bounded() -> None:
    sketch = Sketch()
    for _ in range(BOARD_PAGES_MAX - 1):
        sketch.room.facts(TESS, AddBoardPage(sketch.board))
    assert sketch.room.refusal(TESS, AddBoardPage(sketch.board)) is Code.LIMIT_REACHED
    room = Class().live(TESS)
    for _ in range(BOARDS_MAX):
        room.facts(TESS, CreateBoard("Sketches"))
    assert room.refusal(TESS, CreateBoard("Sketches")) is Code.LIMIT_REACHED


def test_pages_of_a_room_are_bounded_those_of_decks_included() -> None:
    room = Class().live(TESS)
    for board in range(BOARD_PAGES_ROOM_MAX // BOARD_PAGES_MAX):
        room.facts(TESS, CreateBoard(f"Board {board}"))
        for _ in range(BOARD_PAGES_MAX - 1):
            room.facts(TESS, AddBoardPage([*room.state.boards.boards][-1]))
    room.facts(TESS, AddDeck("Waves", 3, FileId("f1"), DeckId("waves")))
    assert room.refusal(TESS, CreateBoard("More")) is Code.LIMIT_REACHED
    stroke = Draw(BoardId("waves"), PageId("1"), 0, (element("e1", 1, 1),))
    assert room.refusal(TESS, stroke) is Code.LIMIT_REACHED


# --- who may draw --------------------------------------------------------------------------------
def test_drawing_needs_the_role_the_class_and_the_boards_leave() -> None:
    sketch = Sketch(TESS, CORA, SAM, VERA)
    room, board = sketch.room, sketch.board
    room.facts(TESS, ChangeRole(who(CORA), Role.CO_HOST))
    room.facts(TESS, ChangeRole(who(VERA), Role.VIEWER))
    stroke = sketch.wish(element("e1", 1, 1))
    for command in (stroke, ClearMine(board, sketch.page)):
        assert room.refusal(VERA, command) is Code.FORBIDDEN
        assert room.refusal(GUS, command) is Code.NOT_A_PARTICIPANT
        assert room.refusal(OPERATOR, command) is Code.NOT_A_PARTICIPANT
    assert room.facts(TESS, AllowDrawing(board, "staff")) == (DrawingAllowed(board, "staff"),)
    assert room.facts(TESS, AllowDrawing(board, "staff")) == ()
    assert room.refusal(SAM, stroke) is Code.DRAWING_NOT_ALLOWED
    assert room.facts(CORA, stroke)
    twice = AllowDrawing(board, (who(SAM), who(SAM)))
    assert room.facts(TESS, twice) == (DrawingAllowed(board, (who(SAM),)),)
    assert room.facts(SAM, sketch.wish(element("e2", 1, 1)))
    room.facts(TESS, AllowDrawing(board, (who(VERA),)))
    assert room.refusal(SAM, stroke) is Code.DRAWING_NOT_ALLOWED
    assert room.refusal(VERA, stroke) is Code.FORBIDDEN


def test_strokes_for_a_page_that_is_not_there_are_refused() -> None:
    sketch = Sketch()
    for command in (
        Draw(sketch.board, PageId("gone"), 0, (element("e1", 1, 1),)),
        ClearMine(sketch.board, PageId("gone")),
    ):
        assert sketch.room.refusal(SAM, command) is Code.NO_SUCH_PAGE
    assert sketch.room.refusal(TESS, ClearPage(sketch.board, PageId("gone"))) is Code.NO_SUCH_PAGE


# --- which version wins --------------------------------------------------------------------------
def test_the_log_has_the_winners_only_and_who_drew_them_first() -> None:
    sketch = Sketch()
    first, second = element("e1", 1, 5), element("e2", 1, 5)
    assert sketch.draw(SAM, first, second) == (
        Drawn(
            sketch.board,
            sketch.page,
            0,
            (DrawnElement(who(SAM), first), DrawnElement(who(SAM), second)),
        ),
    )
    moved, late = element("e1", 2, 5, x=4), element("e2", 0, 1)
    (drawn,) = sketch.draw(VERA, moved, late)
    assert drawn.elements == (DrawnElement(who(SAM), moved),)
    assert sketch.draw(VERA, moved) == ()
    assert sketch.state.seq == sketch.room.state.seq


def test_of_equal_versions_the_lower_nonce_wins() -> None:
    sketch = Sketch()
    sketch.draw(SAM, element("e1", 3, 5, x=1))
    assert sketch.draw(VERA, element("e1", 3, 6, x=2)) == ()
    assert sketch.draw(VERA, element("e1", 3, 4, x=3))
    assert sketch.followed()["e1"]["x"] == 3


def test_within_one_batch_too_the_best_version_wins() -> None:
    sketch = Sketch()
    best = element("e1", 3, 1, x=1)
    (drawn,) = sketch.draw(SAM, element("e1", 2, 0), best, element("e1", 3, 2), best)
    assert [bytes(d.element) for d in drawn.elements] == [bytes(best)]


def test_a_deletion_is_a_version_and_is_undone_by_a_later_one() -> None:
    sketch = Sketch()
    sketch.draw(SAM, element("e1", 1, 1))
    sketch.draw(TESS, element("e1", 2, 1, deleted=True))
    assert (sketch.state.elements, sketch.state.bytes) == (0, 0)
    assert sketch.draw(SAM, element("e1", 1, 0)) == ()
    (drawn,) = sketch.draw(TESS, element("e1", 3, 1))
    assert [d.author for d in drawn.elements] == [who(SAM)]
    assert list(sketch.followed()) == ["e1"]


versions = st.builds(
    lambda name, version, nonce: (name, version, nonce),
    st.sampled_from(["e1", "e2", "e3"]),
    st.integers(0, 3),
    st.integers(0, 3),
)
batches = st.lists(st.lists(versions, min_size=1, max_size=4), min_size=1, max_size=6)


def as_element(version: tuple[str, int, int]) -> Raw:
    """One version of one element: who drew its nonce drew its body."""
    name, number, nonce = version
    return element(name, number, nonce, deleted=(number + nonce) % 3 == 0, x=number * 10 + nonce)


@settings(max_examples=80, deadline=None)
@given(batches, st.randoms(use_true_random=False))
def test_whatever_order_batches_come_in_and_however_often_the_page_is_the_same(
    given_batches: list[list[tuple[str, int, int]]], chance: Any
) -> None:
    again = [
        chance.sample(batch, len(batch)) for batch in given_batches for _ in range(chance.choice([1, 2]))
    ]
    chance.shuffle(again)
    one, other = Sketch(), Sketch()
    for sketch, order in ((one, given_batches), (other, again)):
        for batch in order:
            sketch.draw(chance.choice((SAM, VERA)), *map(as_element, batch))
    assert one.followed() == other.followed()
    assert (one.state.elements, one.state.bytes) == (other.state.elements, other.state.bytes)
    assert one.state.elements == len(one.followed())
    for batch in again:
        assert one.draw(SAM, *map(as_element, batch)) == ()


class Stroke(msgspec.Struct, frozen=True):
    """A version."""

    version: int
    nonce: int


maps = st.dictionaries(st.sampled_from("abc"), st.builds(Stroke, st.integers(0, 3), st.integers(0, 3)))
Map = dict[str, Stroke]


def merged(one: Map, other: Map) -> Map:
    """What is left of both."""
    return {**one, **winners(one, other.items())}


@given(maps, maps, maps)
def test_merging_is_commutative_associative_and_idempotent(a: Map, b: Map, c: Map) -> None:
    assert merged(a, b) == merged(b, a)
    assert merged(merged(a, b), c) == merged(a, merged(b, c))
    assert merged(a, a) == a


# --- clearing ------------------------------------------------------------------------------------
def test_a_page_is_cleared_by_one_event_and_strokes_for_what_was_there_are_refused() -> None:
    sketch = Sketch()
    clear = ClearPage(sketch.board, sketch.page)
    assert sketch.room.facts(TESS, clear) == ()
    sketch.draw(SAM, element("e1", 1, 1), element("e2", 1, 1))
    assert sketch.room.facts(TESS, clear) == (PageCleared(sketch.board, sketch.page, 1),)
    assert sketch.room.facts(TESS, clear) == ()
    late = sketch.wish(element("e1", 2, 1), generation=0)
    assert sketch.room.refusal(SAM, late) is Code.CLEARED_MEANWHILE
    assert sketch.draw(SAM, element("e1", 1, 1))
    assert sketch.state == Page(sketch.page, sketch.room.state.seq, 1, 1, len(bytes(element("e1", 1, 1))))


def test_everybody_takes_back_what_they_drew_first() -> None:
    sketch = Sketch()
    clear = ClearMine(sketch.board, sketch.page)
    assert sketch.room.facts(SAM, clear) == ()
    sketch.draw(SAM, element("s1", 1, 1), element("s2", 1, 1))
    sketch.draw(VERA, element("v1", 1, 1), element("s2", 2, 1))
    withdrawn = DrawingsWithdrawn(sketch.board, sketch.page, who(SAM))
    assert sketch.room.facts(SAM, clear) == (withdrawn,)
    assert sketch.room.facts(SAM, clear) == ()
    assert list(sketch.followed()) == ["v1"]
    assert (sketch.state.elements, sketch.state.bytes) == (1, len(bytes(element("v1", 1, 1))))
    assert sketch.draw(VERA, element("s1", 1, 1)) == ()
    assert sketch.draw(SAM, element("s1", 2, 1))


# --- decks ---------------------------------------------------------------------------------------
def test_slides_are_drawn_on_as_a_board_is_by_staff_until_others_are_let() -> None:
    room = Class().live(TESS, SAM)
    room.facts(TESS, AddDeck("Waves", 12, FileId("f1"), DeckId("waves")))
    board, page = BoardId("waves"), PageId("12")
    stroke = Draw(board, page, 0, (element("e1", 1, 1),))
    assert room.refusal(SAM, stroke) is Code.DRAWING_NOT_ALLOWED
    assert room.facts(TESS, ClearMine(board, page)) == ()
    assert room.facts(TESS, ClearPage(board, page)) == ()
    assert room.facts(TESS, stroke)
    room.facts(TESS, AllowDrawing(board, "everyone"))
    assert room.facts(SAM, Draw(board, page, 0, (element("e2", 1, 1),)))
    seen = view(room.state, viewer(room.state, who(SAM)))
    assert seen.boards == (BoardView(board, "Waves", True, "everyone", (PageView(page, room.state.seq, 0),)),)
    for other in ("13", "0", "01", "x"):
        assert room.refusal(TESS, Draw(board, PageId(other), 0, (element("e1", 1, 1),))) is Code.NO_SUCH_PAGE
    room.facts(TESS, RemoveDeck(DeckId("waves")))
    assert room.state.boards.boards == {}


def test_a_decks_pages_are_those_of_its_file() -> None:
    room = Class().live(TESS)
    room.facts(TESS, AddDeck("Waves", 12, FileId("f1"), DeckId("waves")))
    board = BoardId("waves")
    for command in (
        AddBoardPage(board),
        RemoveBoardPage(board, PageId("1")),
        RenameBoard(board, "Optics"),
        DeleteBoard(board),
    ):
        assert room.refusal(TESS, command) is Code.NO_SUCH_BOARD
    room.facts(TESS, ShowBoard(board))
    assert view(room.state, viewer(room.state, None)).shown == ShownPageView(board, PageId("1"))


# --- what is no element --------------------------------------------------------------------------
@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'"e1"',
        b"{}",
        b'{"id":"","version":1,"versionNonce":1}',
        b'{"id":"a/b","version":1,"versionNonce":1}',
        b'{"id":"e1","version":-1,"versionNonce":1}',
        b'{"id":"e1","version":1.5,"versionNonce":1}',
        b'{"id":"e1","version":9007199254740993,"versionNonce":1}',
        b'{"id":"e1","version":1}',
        b'{"id":"e1","version":1,"versionNonce":1,"isDeleted":"yes"}',
        b'{"id":"e1","version":1,"versionNonce":1,"text":"\xff\xfe"}',
        b'{"id":"e1","version":1,"versionNonce":1,"deep":' + b"[" * 32 + b"]" * 32 + b"}",
        b'{"id":"e1","version":1,"versionNonce":1,"text":"' + b"x" * ELEMENT_BYTES_MAX + b'"}',
    ],
)
def test_what_is_no_element_never_enters_the_log(body: bytes) -> None:
    sketch = Sketch()
    assert sketch.room.refusal(SAM, sketch.wish(element("e0", 1, 1), Raw(body))) is Code.MALFORMED


def test_brackets_in_words_are_not_depth() -> None:
    sketch = Sketch()
    assert sketch.draw(SAM, element("e1", 1, 1, text='"[{' * ELEMENT_DEPTH_MAX))


def test_a_batch_is_bounded_and_not_empty() -> None:
    one = b'{"id":"e1","version":1,"versionNonce":1}'
    for count in (0, ELEMENTS_PER_DRAW_MAX + 1):
        body = b'{"board":"b","page":"p","generation":0,"elements":[' + b",".join([one] * count) + b"]}"
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(body, type=Draw)


# --- bounds --------------------------------------------------------------------------------------
def fill(sketch: Sketch, count: int, *, prefix: str = "e", deleted: bool = False) -> None:
    """Draws so many elements."""
    for start in range(0, count, ELEMENTS_PER_DRAW_MAX):
        names = range(start, min(start + ELEMENTS_PER_DRAW_MAX, count))
        sketch.draw(SAM, *(element(f"{prefix}{i}", 1, 1, deleted=deleted) for i in names))


def test_a_full_page_takes_changes_and_deletions_but_no_more() -> None:
    sketch = Sketch()
    fill(sketch, PAGE_ELEMENTS_MAX)
    assert sketch.room.refusal(SAM, sketch.wish(element("more", 1, 1))) is Code.LIMIT_REACHED
    assert sketch.draw(SAM, element("e0", 2, 1))
    assert sketch.draw(SAM, element("e0", 3, 1, deleted=True), element("more", 1, 1))


def test_the_bytes_of_a_page_are_bounded() -> None:
    sketch = Sketch()
    large = "x" * (ELEMENT_BYTES_MAX - 200)
    fits = PAGE_BYTES_MAX // len(bytes(element("e10", 1, 1, text=large)))
    for i in range(10, 10 + fits):
        sketch.draw(SAM, element(f"e{i}", 1, 1, text=large))
    assert sketch.room.refusal(SAM, sketch.wish(element("e99", 1, 1, text=large))) is Code.LIMIT_REACHED
    assert sketch.draw(SAM, element("e10", 2, 1, text="x"))


def test_the_bytes_of_a_board_are_bounded() -> None:
    sketch = Sketch(TESS)
    room, board = sketch.room, sketch.board
    large = "x" * (ELEMENT_BYTES_MAX - 200)
    size = len(bytes(element("e10", 1, 1, text=large)))
    left, page = BOARD_BYTES_MAX // size, sketch.page
    while left:
        (added,) = room.facts(TESS, AddBoardPage(board))
        assert isinstance(added, BoardPageAdded)
        page = added.page
        here = min(left, PAGE_BYTES_MAX // size)
        for i in range(here):
            room.facts(TESS, Draw(board, page, 0, (element(f"e{10 + i}", 1, 1, text=large),)))
        left -= here
    assert room.refusal(TESS, sketch.wish(element("e99", 1, 1, text=large))) is Code.LIMIT_REACHED
    assert room.facts(TESS, Draw(board, page, 0, (element("e10", 2, 1, text="x"),)))


def test_the_oldest_deletions_of_a_page_are_forgotten() -> None:
    sketch = Sketch()
    fill(sketch, PAGE_MARKS_MAX + 100, prefix="d", deleted=True)
    (marks,) = sketch.room.state.boards.marks.values()
    assert len(marks) == PAGE_MARKS_MAX
    assert sketch.draw(SAM, element("d2099", 0, 1)) == ()
    assert sketch.draw(SAM, element("d0", 0, 1))


def test_pages_that_are_not_used_are_forgotten_and_can_still_be_drawn_on_and_cleared() -> None:
    sketch = Sketch()
    room, board, first = sketch.room, sketch.board, sketch.page
    sketch.draw(VERA, element("v1", 5, 1), element("v2", 5, 1))
    while not room.state.boards.boards[board].pages[first].is_forgotten:
        (added,) = room.facts(TESS, AddBoardPage(board))
        assert isinstance(added, BoardPageAdded)
        sketch.page = added.page
        fill(sketch, 1_400)
    assert sum(len(marks) for marks in room.state.boards.marks.values()) <= BOARD_MARKS_MAX
    sketch.page = first
    (drawn,) = sketch.draw(SAM, element("v1", 1, 1))
    assert [d.author for d in drawn.elements] == [who(SAM)]
    assert sketch.draw(SAM, element("v2", 1, 1, deleted=True))
    assert room.facts(VERA, ClearMine(board, first)) == (DrawingsWithdrawn(board, first, who(VERA)),)
    assert room.facts(TESS, ClearPage(board, first)) == (PageCleared(board, first, 1),)
    assert room.facts(TESS, ClearPage(board, first)) == ()
    assert not room.state.boards.boards[board].pages[first].is_forgotten


def test_a_board_or_page_that_was_made_by_this_very_command_is_not_made_again() -> None:
    sketch = Sketch()
    room = sketch.room
    sketch.draw(SAM, element("e1", 1, 1))
    assert room.ask(TESS, CreateBoard("Another"), "once") != ()
    assert room.ask(TESS, CreateBoard("Another"), "once") == ()
    assert room.ask(TESS, AddBoardPage(sketch.board), "page") != ()
    assert room.ask(TESS, AddBoardPage(sketch.board), "page") == ()
