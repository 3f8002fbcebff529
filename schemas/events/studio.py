"""Events of studio: scenes, slide decks, the call to action."""

from typing import ClassVar

from schemas.events.common import EventData
from schemas.ids import DeckId, FileId, SceneId
from schemas.stage import Layout, SceneSource


class SceneSaved(EventData, frozen=True):
    """A scene is as it says here; a new one stands last."""

    type: ClassVar[str] = "studio.scene_saved"
    scene: SceneId
    title: str
    layout: Layout
    sources: tuple[SceneSource, ...]


class SceneDeleted(EventData, frozen=True):
    """A scene is gone; if it was active, none is."""

    type: ClassVar[str] = "studio.scene_deleted"
    scene: SceneId


class SceneActivated(EventData, frozen=True):
    """Everybody sees this scene; None: everybody's own layout."""

    type: ClassVar[str] = "studio.scene_activated"
    scene: SceneId | None


class DeckAdded(EventData, frozen=True):
    """Slides are in the room; what is drawn on them is a board under the same id."""

    type: ClassVar[str] = "studio.deck_added"
    deck: DeckId
    title: str
    pages: int
    file: FileId


class DeckRemoved(EventData, frozen=True):
    """Slides are out of the room, with what was drawn on them; if they were shown, none are."""

    type: ClassVar[str] = "studio.deck_removed"
    deck: DeckId


class DeckShown(EventData, frozen=True):
    """Everybody sees these slides; at which page says the ``page_turned`` that follows."""

    type: ClassVar[str] = "studio.deck_shown"
    deck: DeckId


class PageTurned(EventData, frozen=True):
    """The shown slides are at this page: what everybody has before their eyes from now on."""

    type: ClassVar[str] = "studio.page_turned"
    deck: DeckId
    page: int


class DeckHidden(EventData, frozen=True):
    """No slides are shown any more."""

    type: ClassVar[str] = "studio.deck_hidden"
    deck: DeckId


class CallShown(EventData, frozen=True):
    """Everybody is asked to go there."""

    type: ClassVar[str] = "studio.call_shown"
    title: str
    url: str


class CallHidden(EventData, frozen=True):
    """The call to action is gone."""

    type: ClassVar[str] = "studio.call_hidden"


EVENTS: tuple[type[EventData], ...] = (
    SceneSaved,
    SceneDeleted,
    SceneActivated,
    DeckAdded,
    DeckRemoved,
    DeckShown,
    PageTurned,
    DeckHidden,
    CallShown,
    CallHidden,
)
