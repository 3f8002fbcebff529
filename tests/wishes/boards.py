"""Wishes about whiteboards."""

from random import Random

import msgspec
from msgspec import Raw

from rooms.state import RoomState
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
from schemas.commands.studio import AddDeck
from schemas.ids import BoardId, FileId, PageId
from tests.wishes.cast import Cast, Wish


def element(name: str, version: int, nonce: int, *, deleted: bool = False, **more: object) -> Raw:
    """An element as Excalidraw would send it."""
    fields = {"id": name, "type": "freedraw", "version": version, "versionNonce": nonce, "isDeleted": deleted}
    return Raw(msgspec.json.encode({**fields, **more}))


BOARD, PAGE = BoardId("gone"), PageId("gone")
EXAMPLES: tuple[Command, ...] = (
    CreateBoard("Sketches"),
    RenameBoard(BOARD, "Proof"),
    DeleteBoard(BOARD),
    AddBoardPage(BOARD),
    RemoveBoardPage(BOARD, PAGE),
    ShowBoard(BOARD),
    HideBoard(),
    AllowDrawing(BOARD, "staff"),
    Draw(BOARD, PAGE, 0, (element("e1", 1, 5, points=[[0, 0], [3.5, 4]]),)),
    ClearPage(BOARD, PAGE),
    ClearMine(BOARD, PAGE),
)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    boards = state.boards.boards
    board = chance.choice([*boards, BOARD] if chance.random() < 0.1 or not boards else [*boards])
    pages = boards[board].pages if board in boards else {}
    page = chance.choice([*pages, PageId("1")] if chance.random() < 0.2 or not pages else [*pages])
    generation = pages[page].generation if page in pages else 0
    marks = state.boards.marks.get(f"{board}/{page}", {})

    def drawn() -> Raw:
        name = f"e{chance.randrange(8)}"
        known = marks.get(name)  # type: ignore[call-overload]  # A name is an id here.
        version = max((known.version if known else 0) + chance.randrange(-1, 3), 0)
        return element(name, version, chance.randrange(9), deleted=chance.random() < 0.2, text="Zeichnung ∂")

    present = [actor for actor in cast.everyone if actor.participant in state.participants]
    hand = chance.choice([*present, cast.host])
    who = chance.choice((cast.host, cast.host, cast.assistant, hand))
    allowed = chance.choice(["everyone", "everyone", "staff", (cast.others[0].participant,) * 2])
    mine = {m.author for m in marks.values() if m.bytes}
    authors = [actor for actor in present if actor.participant in mine]
    odd: list[Wish] = [
        (who, DeleteBoard(BOARD)),
        (who, RemoveBoardPage(board, page)),
        (who, AddDeck("Slides", 3, FileId("f1"))),
        (hand, Draw(board, page, generation + 1, (drawn(),))),
        (hand, ClearMine(board, page)),
        (who, HideBoard()),
    ]
    fitting: list[Wish] = [
        *[(actor, ClearMine(board, page)) for actor in authors * 2],
        *[(who, HideBoard()) for _ in range(2) if state.boards.shown],
        *[(who, RemoveBoardPage(board, page)) for _ in range(2) if len(pages) > 1],
        *[(who, DeleteBoard(board)) for _ in range(2) if len(boards) > 2],
    ]
    return [
        (who, CreateBoard("Sketches")),
        (who, RenameBoard(board, chance.choice(["Proof", "Graph"]))),
        *[(who, AddBoardPage(board, chance.choice([None, page])))] * 2,
        (who, ShowBoard(board, chance.choice([None, page]))),
        *[(cast.host, AllowDrawing(board, allowed))] * 3,  # type: ignore[arg-type]  # All are somebody.
        *[(hand, Draw(board, page, generation, (drawn(), drawn())))] * 12,
        (who, ClearPage(board, page)),
        *fitting,
        chance.choice(odd),
    ]
