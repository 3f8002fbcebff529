"""What was before everybody's eyes when: for replays, and for what hangs on the current page."""

from projectors.model import Fact, Model, Write, queries
from schemas.events.boards import BoardDeleted, BoardHidden, BoardPageRemoved, BoardShown
from schemas.events.lifecycle import SessionEnded
from schemas.events.studio import (
    CallHidden,
    CallShown,
    DeckAdded,
    DeckHidden,
    DeckRemoved,
    PageTurned,
    SceneActivated,
    SceneDeleted,
    SceneSaved,
)

_sql = queries("studio")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in decks, scenes and the course of the stage."""
    room = (fact.key.tenant, fact.key.room)
    match fact.data:
        case DeckAdded(deck, title, pages, file):
            return (Write(_sql["add_deck"], (*room, deck, title, pages, file, fact.at)),)
        case DeckRemoved(deck):
            return (Write(_sql["remove_deck"], (*room, deck)), _gone(fact, "slides", deck))
        case SceneSaved(scene, title, layout):
            return (Write(_sql["save_scene"], (*room, scene, title, layout.value)),)
        case SceneDeleted(scene):
            return (Write(_sql["remove_scene"], (*room, scene)), _gone(fact, "scene", scene))
        case BoardDeleted(board):
            return (_gone(fact, "board", board),)
        case BoardPageRemoved(board, board_page):
            return (_gone(fact, "board", board, board_page),)
        case SessionEnded():
            return (Write(_sql["end_call"], (*room, fact.seq, fact.at)),)
    return _shown(fact)


def _shown(fact: Fact) -> tuple[Write, ...]:
    match fact.data:
        case PageTurned(deck, page):
            return (_show(fact, "slides", deck, str(page)),)
        case DeckHidden():
            return (_show(fact, "slides", None),)
        case SceneActivated(scene):
            return (_show(fact, "scene", scene),)
        case BoardShown(board, board_page):
            return (_show(fact, "board", board, board_page),)
        case BoardHidden():
            return (_show(fact, "board", None),)
        case CallShown(title, url):
            return (_show(fact, "call", url, None, title),)
        case CallHidden():
            return (_show(fact, "call", None),)
    return ()


def _show(
    fact: Fact, what: str, thing: str | None, page: str | None = None, title: str | None = None
) -> Write:
    return Write(_sql["show"], (fact.key.tenant, fact.key.room, what, fact.seq, fact.at, thing, page, title))


def _gone(fact: Fact, what: str, thing: str, page: str | None = None) -> Write:
    return Write(_sql["gone"], (fact.key.tenant, fact.key.room, what, fact.seq, fact.at, thing, page))


MODEL = Model("studio", ("decks", "scenes", "stage"), _sql["tables"], writes)
