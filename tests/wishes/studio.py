"""Wishes about the stage: scenes, slides, the call to action."""

from random import Random

from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.studio import (
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
from schemas.ids import DeckId, FileId, SceneId
from schemas.stage import Layout, SceneSource
from tests.wishes.cast import Cast, Wish

EXAMPLES: tuple[Command, ...] = (
    SaveScene("Lecture", Layout.PRESENTATION, (SceneSource("deck"), SceneSource("camera", "p1"))),
    DeleteScene(SceneId("gone")),
    ActivateScene(SceneId("gone")),
    AddDeck("Waves", 12, FileId("f1")),
    RemoveDeck(DeckId("gone")),
    ShowDeck(DeckId("gone"), 1),
    TurnPage(2),
    HideDeck(),
    ShowCall("Enrol", "https://school.test/enrol?x=1"),
    HideCall(),
)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    studio = state.studio
    scene = chance.choice([*studio.scenes, SceneId("gone")])
    deck = chance.choice([*studio.decks, DeckId("gone")])
    title = f"Part {chance.randrange(3)}"
    layout = chance.choice(list(Layout))
    sources = tuple(chance.sample((SceneSource("deck"), SceneSource("board"), SceneSource("camera", "p")), 2))
    shown = studio.decks[studio.shown].pages if studio.shown else 1
    who = chance.choice((cast.host, cast.host, cast.assistant, cast.anyone(chance)))
    return [
        (who, SaveScene(title, layout, sources)),
        (who, SaveScene(title, layout, sources, scene)),
        (who, DeleteScene(scene)),
        (who, ActivateScene(chance.choice([scene, None]))),
        (who, AddDeck(title, chance.randrange(1, 9), FileId("f1"))),
        (who, AddDeck("Carried", 3, FileId("f2"), DeckId("carried"))),
        (who, RemoveDeck(deck)),
        *[(who, ShowDeck(deck, chance.choice([None, 1, 9])))] * 2,
        *[(who, TurnPage(chance.randrange(1, shown + 2)))] * 4,
        (who, HideDeck()),
        (who, ShowCall("Enrol", chance.choice(["https://school.test/", "mailto:office@school.test"]))),
        (who, HideCall()),
    ]
