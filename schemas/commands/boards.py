"""Commands of boards. An element is one of Excalidraw's, as JSON; the server reads only its ``id``,
``version``, ``versionNonce`` and ``isDeleted``."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Raw

from schemas.commands.common import Command, Title
from schemas.ids import BoardToken, PageToken, ParticipantToken
from schemas.limits import BOARD_PEOPLE_MAX, ELEMENTS_PER_DRAW_MAX

Who = (
    Literal["everyone", "staff"] | Annotated[tuple[ParticipantToken, ...], Meta(max_length=BOARD_PEOPLE_MAX)]
)


class CreateBoard(Command, frozen=True, forbid_unknown_fields=True):
    """Makes a board with one page."""

    name: ClassVar[str] = "create_board"
    title: Title


class RenameBoard(Command, frozen=True, forbid_unknown_fields=True):
    """Gives a board another title."""

    name: ClassVar[str] = "rename_board"
    board: BoardToken
    title: Title


class DeleteBoard(Command, frozen=True, forbid_unknown_fields=True):
    """Deletes a board with everything on it."""

    name: ClassVar[str] = "delete_board"
    board: BoardToken


class AddBoardPage(Command, frozen=True, forbid_unknown_fields=True):
    """Adds an empty page after this one; without one, at the end."""

    name: ClassVar[str] = "add_board_page"
    board: BoardToken
    after: PageToken | None = None


class RemoveBoardPage(Command, frozen=True, forbid_unknown_fields=True):
    """Removes a page with everything on it."""

    name: ClassVar[str] = "remove_board_page"
    board: BoardToken
    page: PageToken


class ShowBoard(Command, frozen=True, forbid_unknown_fields=True):
    """Shows everybody this page of a board; without one, its first."""

    name: ClassVar[str] = "show_board"
    board: BoardToken
    page: PageToken | None = None


class HideBoard(Command, frozen=True, forbid_unknown_fields=True):
    """Shows no board any more."""

    name: ClassVar[str] = "hide_board"


class AllowDrawing(Command, frozen=True, forbid_unknown_fields=True):
    """Says who, of those whose role lets them draw, may draw on this board; staff always may."""

    name: ClassVar[str] = "allow_drawing"
    board: BoardToken
    who: Who


class Draw(Command, frozen=True, forbid_unknown_fields=True):
    """Draws, changes or deletes elements of a page; a client sends at most ten of these a second.

    ``board`` may be a deck, whose pages are then "1", "2", .... ``generation`` is that of the page the
    author sees: strokes for a page that was cleared meanwhile are refused. Undoing is drawing, too: a
    later version of the element as it was, also of one that was deleted or taken back.
    """

    name: ClassVar[str] = "draw"
    board: BoardToken
    page: PageToken
    generation: Annotated[int, Meta(ge=0)]
    elements: Annotated[tuple[Raw, ...], Meta(min_length=1, max_length=ELEMENTS_PER_DRAW_MAX)]


class ClearPage(Command, frozen=True, forbid_unknown_fields=True):
    """Empties a page."""

    name: ClassVar[str] = "clear_page"
    board: BoardToken
    page: PageToken


class ClearMine(Command, frozen=True, forbid_unknown_fields=True):
    """Takes from a page what the asker drew first there, whoever moved it since."""

    name: ClassVar[str] = "clear_mine"
    board: BoardToken
    page: PageToken


CLIENT: tuple[type[Command], ...] = (
    CreateBoard,
    RenameBoard,
    DeleteBoard,
    AddBoardPage,
    RemoveBoardPage,
    ShowBoard,
    HideBoard,
    AllowDrawing,
    Draw,
    ClearPage,
    ClearMine,
)
SERVICE: tuple[type[Command], ...] = ()
