"""The studio: scenes and the call to action; ``rooms.slides`` has the slide decks.

Scenes and decks stay in the room from lesson to lesson, and so does which of them is before everybody's
eyes: the next lesson goes on where this one stopped. A call to action ends with its class.
Who presents need not be in the class: it is prepared before.
"""

from typing import assert_never

from msgspec.structs import replace

from rooms import slides
from rooms.asker import Asker, new_id
from rooms.permissions import Permission
from rooms.state import RoomState
from rooms.state.studio import Call, Scene, Studio
from rooms.topic import Decided, Stamp, Topic
from rooms.viewer import Viewer
from schemas.commands.studio import (
    CLIENT,
    ActivateScene,
    AddDeck,
    DeleteScene,
    HideCall,
    HideDeck,
    RemoveDeck,
    SaveScene,
    ShowCall,
    ShowDeck,
    TurnPage,
)
from schemas.envelope import Event
from schemas.events.lifecycle import SessionEnded
from schemas.events.studio import (
    EVENTS,
    CallHidden,
    CallShown,
    DeckAdded,
    DeckHidden,
    DeckRemoved,
    DeckShown,
    PageTurned,
    SceneActivated,
    SceneDeleted,
    SceneSaved,
)
from schemas.ids import SceneId
from schemas.limits import SCENES_MAX
from schemas.rejections import Code, rejection
from schemas.view.studio import CallView, DeckView, SceneView, StudioView

Command = SaveScene | DeleteScene | ActivateScene | ShowCall | HideCall | slides.Command
Fact = SceneSaved | SceneDeleted | SceneActivated | CallShown | CallHidden | SessionEnded | slides.Fact


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> Decided:
    """What a wish about the stage leads to. What already is so stays so."""
    if not asks.may(Permission.PRESENT):
        return rejection(Code.FORBIDDEN)
    match command:
        case SaveScene():
            return _save_scene(state, asks, command)
        case DeleteScene(scene=scene):
            known = scene in state.studio.scenes
            return (Event(SceneDeleted(scene)),) if known else rejection(Code.NO_SUCH_SCENE)
        case ActivateScene(scene=scene):
            return _activate(state.studio, scene)
        case ShowCall():
            return _show_call(state, command)
        case HideCall():
            return (Event(CallHidden()),) if state.studio.call else ()
        case AddDeck() | RemoveDeck() | ShowDeck() | TurnPage() | HideDeck():
            return slides.decide(state, asks, command)
        case _:
            assert_never(command)


def _save_scene(state: RoomState, asks: Asker, command: SaveScene) -> Decided:
    scenes = state.studio.scenes
    if command.scene is None:
        if len(scenes) >= SCENES_MAX:
            return rejection(Code.LIMIT_REACHED)
        scene = SceneId(new_id(state, asks, "sc"))
    elif command.scene in scenes:
        scene = command.scene
    else:
        return rejection(Code.NO_SUCH_SCENE)
    if scenes.get(scene) == Scene(scene, command.title, command.layout, command.sources):
        return ()
    return (Event(SceneSaved(scene, command.title, command.layout, command.sources)),)


def _activate(studio: Studio, scene: SceneId | None) -> Decided:
    if scene is not None and scene not in studio.scenes:
        return rejection(Code.NO_SUCH_SCENE)
    return () if studio.active == scene else (Event(SceneActivated(scene)),)


def _show_call(state: RoomState, command: ShowCall) -> Decided:
    if state.live is None:
        return rejection(Code.SESSION_NOT_LIVE)
    if state.studio.call == Call(command.title, command.url):
        return ()
    return (Event(CallShown(command.title, command.url)),)


def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about the stage."""
    return replace(state, studio=_after(state.studio, fact))


def _after(studio: Studio, fact: Fact) -> Studio:
    match fact:
        case SceneSaved(scene=scene):
            saved = Scene(scene, fact.title, fact.layout, fact.sources)
            return replace(studio, scenes={**studio.scenes, scene: saved})
        case SceneDeleted(scene=scene):
            scenes = {k: v for k, v in studio.scenes.items() if k != scene}
            return replace(studio, scenes=scenes, active=None if studio.active == scene else studio.active)
        case SceneActivated(scene=scene):
            return replace(studio, active=scene)
        case CallShown(title=title, url=url):
            return replace(studio, call=Call(title, url))
        case CallHidden() | SessionEnded():
            return replace(studio, call=None)
        case DeckAdded() | DeckRemoved() | DeckShown() | PageTurned() | DeckHidden():
            return slides.after(studio, fact)
        case _:
            assert_never(fact)


def view(state: RoomState, viewer: Viewer) -> StudioView:
    """The same for everybody."""
    studio = state.studio
    return StudioView(
        scenes=tuple(SceneView(s.id, s.title, s.layout, s.sources) for s in studio.scenes.values()),
        active=studio.active,
        decks=tuple(DeckView(d.id, d.title, d.pages, d.file, d.page) for d in studio.decks.values()),
        shown=studio.shown,
        call=CallView(studio.call.title, studio.call.url) if studio.call else None,
    )


TOPIC = Topic("studio", CLIENT, (*EVENTS, SessionEnded), decide, evolve)
