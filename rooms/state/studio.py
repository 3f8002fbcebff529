"""What is on stage: the part of the state that belongs to ``rooms.studio`` and ``rooms.slides``."""

from msgspec import Struct

from schemas.ids import DeckId, FileId, SceneId
from schemas.stage import Layout, SceneSource


class Scene(Struct, frozen=True):
    """A layout with its sources, kept from lesson to lesson."""

    id: SceneId
    title: str
    layout: Layout
    sources: tuple[SceneSource, ...]


class Deck(Struct, frozen=True):
    """Slides; ``page`` is where they are, or were left."""

    id: DeckId
    title: str
    pages: int
    file: FileId
    page: int = 1


class Call(Struct, frozen=True):
    """A call to action."""

    title: str
    url: str


class Studio(Struct, frozen=True):
    """Scenes and decks in order of making; which of them everybody sees; the call of this class."""

    scenes: dict[SceneId, Scene] = {}
    active: SceneId | None = None
    decks: dict[DeckId, Deck] = {}
    shown: DeckId | None = None
    call: Call | None = None
