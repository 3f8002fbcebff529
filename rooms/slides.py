"""Slide decks: which are in the room, which is shown, at which page. Part of the topic ``studio``.

What people draw on slides is a board under the deck's id, with the deck's pages (``rooms.boards``).
Every page that comes before everybody's eyes is one ``page_turned``, by showing or by turning: what
hangs on the current page (the pulse, a replay) needs to follow nothing else.
"""

from typing import assert_never

from msgspec.structs import replace

from rooms.asker import Asker, new_id
from rooms.state import RoomState
from rooms.state.studio import Deck, Studio
from rooms.topic import Decided
from schemas.commands.studio import AddDeck, HideDeck, RemoveDeck, ShowDeck, TurnPage
from schemas.envelope import Event
from schemas.events.studio import DeckAdded, DeckHidden, DeckRemoved, DeckShown, PageTurned
from schemas.ids import BoardId, DeckId
from schemas.limits import DECKS_MAX
from schemas.rejections import Code, rejection

Command = AddDeck | RemoveDeck | ShowDeck | TurnPage | HideDeck
Fact = DeckAdded | DeckRemoved | DeckShown | PageTurned | DeckHidden


def decide(state: RoomState, asks: Asker, command: Command) -> Decided:
    """What a wish about slides leads to, of somebody who may present."""
    studio = state.studio
    match command:
        case AddDeck():
            return _add(state, asks, command)
        case RemoveDeck(deck=deck):
            known = deck in studio.decks
            return (Event(DeckRemoved(deck)),) if known else rejection(Code.NO_SUCH_DECK)
        case ShowDeck(deck=deck, page=page):
            return _show(studio, deck, page)
        case TurnPage(page=page):
            return _show(studio, studio.shown, page) if studio.shown else rejection(Code.NO_DECK_SHOWN)
        case HideDeck():
            return (Event(DeckHidden(studio.shown)),) if studio.shown else ()
        case _:
            assert_never(command)


def _add(state: RoomState, asks: Asker, command: AddDeck) -> Decided:
    decks = state.studio.decks
    deck = command.deck or DeckId(new_id(state, asks, "dk"))
    known = decks.get(deck)
    if known is not None:
        same = (known.title, known.pages, known.file) == (command.title, command.pages, command.file)
        return () if same else rejection(Code.DECK_EXISTS)
    if BoardId(deck) in state.boards.boards:
        return rejection(Code.DECK_EXISTS)  # Its annotations could not be told from that board.
    if len(decks) >= DECKS_MAX:
        return rejection(Code.LIMIT_REACHED)
    return (Event(DeckAdded(deck, command.title, command.pages, command.file)),)


def _show(studio: Studio, deck: DeckId, page: int | None) -> Decided:
    known = studio.decks.get(deck)
    if known is None:
        return rejection(Code.NO_SUCH_DECK)
    page = known.page if page is None else page
    if page > known.pages:
        return rejection(Code.NO_SUCH_PAGE)
    turned = Event(PageTurned(deck, page))
    if studio.shown != deck:
        return (Event(DeckShown(deck)), turned)
    return () if known.page == page else (turned,)


def after(studio: Studio, fact: Fact) -> Studio:
    """The stage after a fact about slides."""
    match fact:
        case DeckAdded(deck=deck):
            added = Deck(deck, fact.title, fact.pages, fact.file)
            return replace(studio, decks={**studio.decks, deck: added})
        case DeckRemoved(deck=deck):
            decks = {k: v for k, v in studio.decks.items() if k != deck}
            return replace(studio, decks=decks, shown=None if studio.shown == deck else studio.shown)
        case DeckShown(deck=deck):
            return replace(studio, shown=deck)
        case PageTurned(deck=deck, page=page):
            known = studio.decks.get(deck)
            return (
                replace(studio, decks={**studio.decks, deck: replace(known, page=page)}) if known else studio
            )
        case DeckHidden():
            return replace(studio, shown=None)
        case _:
            assert_never(fact)
