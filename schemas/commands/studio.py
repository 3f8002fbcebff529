"""Commands of studio: scenes, slide decks, the call to action."""

from typing import Annotated, ClassVar

from msgspec import Meta

from schemas.commands.common import Command, Title
from schemas.ids import DeckToken, FileToken, SceneToken
from schemas.limits import DECK_PAGES_MAX, SCENE_SOURCES_MAX
from schemas.stage import CallUrl, Layout, SceneSource

PageNumber = Annotated[int, Meta(ge=1, le=DECK_PAGES_MAX)]


class SaveScene(Command, frozen=True, forbid_unknown_fields=True):
    """Makes a scene, or changes the one that is named."""

    name: ClassVar[str] = "save_scene"
    title: Title
    layout: Layout
    sources: Annotated[tuple[SceneSource, ...], Meta(max_length=SCENE_SOURCES_MAX)] = ()
    scene: SceneToken | None = None


class DeleteScene(Command, frozen=True, forbid_unknown_fields=True):
    """Deletes a scene; if it was active, none is."""

    name: ClassVar[str] = "delete_scene"
    scene: SceneToken


class ActivateScene(Command, frozen=True, forbid_unknown_fields=True):
    """Everybody sees this scene now; without one, everybody's own layout."""

    name: ClassVar[str] = "activate_scene"
    scene: SceneToken | None = None


class AddDeck(Command, frozen=True, forbid_unknown_fields=True):
    """Puts slides into the room: a file of the library with so many pages.

    ``deck`` is only named when a deck is carried from one room into another.
    """

    name: ClassVar[str] = "add_deck"
    title: Title
    pages: PageNumber
    file: FileToken
    deck: DeckToken | None = None


class RemoveDeck(Command, frozen=True, forbid_unknown_fields=True):
    """Takes slides out of the room, with everything that was drawn on them."""

    name: ClassVar[str] = "remove_deck"
    deck: DeckToken


class ShowDeck(Command, frozen=True, forbid_unknown_fields=True):
    """Shows slides to everybody, at this page or where they were left."""

    name: ClassVar[str] = "show_deck"
    deck: DeckToken
    page: PageNumber | None = None


class TurnPage(Command, frozen=True, forbid_unknown_fields=True):
    """Turns the shown slides to this page."""

    name: ClassVar[str] = "turn_page"
    page: PageNumber


class HideDeck(Command, frozen=True, forbid_unknown_fields=True):
    """Shows no slides any more."""

    name: ClassVar[str] = "hide_deck"


class ShowCall(Command, frozen=True, forbid_unknown_fields=True):
    """Asks everybody to go somewhere: a link, which pages also draw as a QR code."""

    name: ClassVar[str] = "show_call"
    title: Title
    url: CallUrl


class HideCall(Command, frozen=True, forbid_unknown_fields=True):
    """Takes the call to action away."""

    name: ClassVar[str] = "hide_call"


CLIENT: tuple[type[Command], ...] = (
    SaveScene,
    DeleteScene,
    ActivateScene,
    AddDeck,
    RemoveDeck,
    ShowDeck,
    TurnPage,
    HideDeck,
    ShowCall,
    HideCall,
)
SERVICE: tuple[type[Command], ...] = ()
