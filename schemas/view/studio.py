"""What is on stage, as somebody sees it."""

from msgspec import Struct

from schemas.ids import DeckId, FileId, SceneId
from schemas.stage import Layout, SceneSource


class SceneView(Struct, frozen=True):
    """A scene that can be activated."""

    id: SceneId
    title: str
    layout: Layout
    sources: tuple[SceneSource, ...]


class DeckView(Struct, frozen=True):
    """Slides of the room; ``page`` is where they are, or were left."""

    id: DeckId
    title: str
    pages: int
    file: FileId
    page: int


class CallView(Struct, frozen=True):
    """The call to action; the title is what stays for who cannot follow the link."""

    title: str
    url: str


class StudioView(Struct, frozen=True):
    """What is on stage: the active scene, the shown deck, the call; and what can be put there."""

    scenes: tuple[SceneView, ...]
    active: SceneId | None
    decks: tuple[DeckView, ...]
    shown: DeckId | None
    call: CallView | None
