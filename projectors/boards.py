"""Whiteboards, page by page: what is on them now. The log has the winners only, so the last one counts."""

from projectors.model import Fact, Model, Write, queries
from rooms import elements
from schemas.events.boards import (
    BoardCreated,
    BoardDeleted,
    BoardPageAdded,
    BoardPageRemoved,
    DrawingsWithdrawn,
    Drawn,
    DrawnElement,
    PageCleared,
)
from schemas.events.studio import DeckRemoved

_sql = queries("boards")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes on pages."""
    room = (fact.key.tenant, fact.key.room)
    match fact.data:
        case BoardCreated(board=board, page=page) | BoardPageAdded(board=board, page=page):
            return (Write(_sql["touch"], (*room, board, page, fact.seq, 0)),)
        case Drawn(board=board, page=page, generation=generation, elements=drawn):
            place = (*room, board, page)
            touched = Write(_sql["touch"], (*place, fact.seq, generation))
            return (touched, *(_drawn(place, fact.seq, one) for one in drawn))
        case PageCleared(board=board, page=page, generation=generation):
            place = (*room, board, page)
            return (Write(_sql["clear"], place), Write(_sql["touch"], (*place, fact.seq, generation)))
        case DrawingsWithdrawn(board=board, page=page, author=author):
            place = (*room, board, page)
            return (
                Write(_sql["withdraw"], (*place, author)),
                Write(_sql["withdrawn"], (*place, fact.seq)),
            )
        case BoardPageRemoved(board=board, page=page):
            place = (*room, board, page)
            return (Write(_sql["clear"], place), Write(_sql["remove_page"], place))
        case BoardDeleted(board=board) | DeckRemoved(deck=board):
            return (Write(_sql["clear_board"], (*room, board)), Write(_sql["remove_board"], (*room, board)))
    return ()


def _drawn(place: tuple[str, ...], seq: int, drawn: DrawnElement) -> Write:
    element = elements.read(drawn.element)
    if element.is_deleted:
        return Write(_sql["erase"], (*place, element.id))
    return Write(_sql["draw"], (*place, element.id, seq, drawn.author, bytes(drawn.element).decode()))


MODEL = Model("boards", ("board_pages", "board_elements"), _sql["tables"], writes)
