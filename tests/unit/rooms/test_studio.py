"""Scenes, slides and the call to action: the manual of ``rooms.studio`` and ``rooms.slides``."""

import msgspec
import pytest

from rooms.studio import view
from rooms.viewer import viewer
from schemas.commands import Command
from schemas.commands.boards import CreateBoard
from schemas.commands.lifecycle import EndSession, StartSession
from schemas.commands.roster import ChangeRole
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
from schemas.events.studio import (
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
from schemas.ids import DeckId, FileId, SceneId
from schemas.limits import DECKS_MAX, SCENE_SOURCES_MAX, SCENES_MAX
from schemas.media import Role
from schemas.rejections import Code
from schemas.stage import Layout, SceneSource
from schemas.view.studio import CallView, DeckView, SceneView, StudioView
from tests.golden.fold_vectors import story
from tests.unit.rooms.classroom import CORA, OPERATOR, SAM, SERVICE, TESS, VERA, Class, who
from tests.wishes.studio import EXAMPLES

LECTURE = SaveScene("Lecture", Layout.PRESENTATION, (SceneSource("deck"), SceneSource("camera", "p1")))


def scene_of(room: Class, title: str = "Lecture") -> SceneId:
    """A new scene of the room."""
    (saved,) = room.facts(TESS, SaveScene(title, Layout.GRID))
    assert isinstance(saved, SceneSaved)
    return saved.scene


def deck_of(room: Class, pages: int = 9) -> DeckId:
    """New slides of the room."""
    (added,) = room.facts(TESS, AddDeck("Waves", pages, FileId("f1")))
    assert isinstance(added, DeckAdded)
    return added.deck


@pytest.mark.parametrize("command", EXAMPLES, ids=lambda c: c.name)
def test_only_who_may_present_arranges_the_stage(command: Command) -> None:
    room = Class().live(TESS, SAM)
    assert room.refusal(SAM, command) is Code.FORBIDDEN
    assert room.refusal(VERA, command) is Code.FORBIDDEN
    assert room.refusal(SERVICE, command) is Code.FORBIDDEN


def test_a_co_host_presents_and_so_does_an_operator() -> None:
    room = Class().live(TESS, CORA)
    room.facts(TESS, ChangeRole(who(CORA), Role.CO_HOST))
    assert room.facts(CORA, LECTURE)
    assert room.facts(OPERATOR, LECTURE)


# --- scenes --------------------------------------------------------------------------------------
def test_scenes_are_prepared_before_class_and_stay_after_it() -> None:
    room = Class().created()
    (saved,) = room.facts(TESS, LECTURE)
    assert isinstance(saved, SceneSaved)
    assert saved == SceneSaved(saved.scene, "Lecture", Layout.PRESENTATION, LECTURE.sources)
    room.facts(TESS, StartSession())
    room.facts(TESS, ActivateScene(saved.scene))
    room.facts(TESS, EndSession())
    assert room.state.studio.active == saved.scene
    assert list(room.state.studio.scenes) == [saved.scene]


def test_a_scene_is_changed_where_it_stands() -> None:
    room = Class().live(TESS)
    first, second = scene_of(room, "One"), scene_of(room, "Two")
    change = SaveScene("First", Layout.SPEAKER, (), first)
    assert room.facts(TESS, change) == (SceneSaved(first, "First", Layout.SPEAKER, ()),)
    assert room.facts(TESS, change) == ()
    assert [s.title for s in room.state.studio.scenes.values()] == ["First", "Two"]
    assert second in room.state.studio.scenes


def test_a_scene_that_is_not_there_is_not_changed_activated_or_deleted() -> None:
    room = Class().live(TESS)
    gone = SceneId("gone")
    for command in (SaveScene("One", Layout.GRID, (), gone), ActivateScene(gone), DeleteScene(gone)):
        assert room.refusal(TESS, command) is Code.NO_SUCH_SCENE


def test_one_scene_is_active_until_another_or_none_is() -> None:
    room = Class().live(TESS)
    scene = scene_of(room)
    assert room.facts(TESS, ActivateScene(scene)) == (SceneActivated(scene),)
    assert room.facts(TESS, ActivateScene(scene)) == ()
    assert room.facts(TESS, ActivateScene()) == (SceneActivated(None),)
    assert room.facts(TESS, ActivateScene()) == ()


def test_a_deleted_scene_is_no_longer_active() -> None:
    room = Class().live(TESS)
    scene, other = scene_of(room), scene_of(room, "Other")
    room.facts(TESS, ActivateScene(scene))
    assert room.facts(TESS, DeleteScene(other)) == (SceneDeleted(other),)
    assert room.state.studio.active == scene
    assert room.facts(TESS, DeleteScene(scene)) == (SceneDeleted(scene),)
    assert room.state.studio.active is None


def test_scenes_are_bounded() -> None:
    room = Class().live(TESS)
    scene, *_ = [scene_of(room) for _ in range(SCENES_MAX)]
    assert room.refusal(TESS, LECTURE) is Code.LIMIT_REACHED
    assert room.facts(TESS, SaveScene("Still changed", Layout.GRID, (), scene))


def test_sources_are_bounded_and_are_things_that_can_be_shown() -> None:
    source = '{"kind":"camera","id":"p1"}'
    body = '{"title":"t","layout":"%s","sources":[%s]}'
    many = ",".join([source] * SCENE_SOURCES_MAX)
    msgspec.json.decode(body % ("grid", many), type=SaveScene)
    for bad in (
        body % ("grid", f"{many},{source}"),
        body % ("spiral", source),
        body % ("grid", '{"kind":"window"}'),
        body % ("grid", '{"kind":"file","id":"../etc"}'),
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(bad, type=SaveScene)


# --- slides --------------------------------------------------------------------------------------
def test_what_comes_before_everybodys_eyes_is_always_a_page_turned() -> None:
    room = Class().live(TESS)
    deck, other = deck_of(room), deck_of(room)
    assert room.facts(TESS, ShowDeck(deck)) == (DeckShown(deck), PageTurned(deck, 1))
    assert room.facts(TESS, TurnPage(5)) == (PageTurned(deck, 5),)
    assert room.facts(TESS, ShowDeck(deck, 6)) == (PageTurned(deck, 6),)
    assert room.facts(TESS, ShowDeck(other, 2)) == (DeckShown(other), PageTurned(other, 2))
    assert room.facts(TESS, ShowDeck(deck)) == (DeckShown(deck), PageTurned(deck, 6))


def test_a_page_that_is_open_is_not_turned_to() -> None:
    room = Class().live(TESS)
    deck = deck_of(room)
    room.facts(TESS, ShowDeck(deck, 3))
    for command in (TurnPage(3), ShowDeck(deck), ShowDeck(deck, 3)):
        assert room.facts(TESS, command) == ()


def test_the_next_lesson_goes_on_where_this_one_stopped() -> None:
    room = Class().live(TESS)
    deck = deck_of(room)
    room.facts(TESS, ShowDeck(deck, 7))
    room.facts(TESS, EndSession())
    room.facts(TESS, StartSession())
    assert (room.state.studio.shown, room.state.studio.decks[deck].page) == (deck, 7)


def test_pages_that_a_deck_has_not_are_not_shown() -> None:
    room = Class().live(TESS)
    deck = deck_of(room, 3)
    assert room.refusal(TESS, ShowDeck(deck, 4)) is Code.NO_SUCH_PAGE
    room.facts(TESS, ShowDeck(deck))
    assert room.refusal(TESS, TurnPage(4)) is Code.NO_SUCH_PAGE
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode('{"page":0}', type=TurnPage)


def test_no_page_turns_while_no_deck_is_shown() -> None:
    room = Class().live(TESS)
    deck = deck_of(room)
    assert room.refusal(TESS, TurnPage(1)) is Code.NO_DECK_SHOWN
    room.facts(TESS, ShowDeck(deck))
    assert room.facts(TESS, HideDeck()) == (DeckHidden(deck),)
    assert room.facts(TESS, HideDeck()) == ()
    assert room.refusal(TESS, TurnPage(1)) is Code.NO_DECK_SHOWN


def test_a_removed_deck_is_no_longer_shown() -> None:
    room = Class().live(TESS)
    deck, other = deck_of(room), deck_of(room)
    room.facts(TESS, ShowDeck(deck))
    assert room.facts(TESS, RemoveDeck(other)) == (DeckRemoved(other),)
    assert room.state.studio.shown == deck
    assert room.facts(TESS, RemoveDeck(deck)) == (DeckRemoved(deck),)
    assert room.state.studio.shown is None
    assert room.refusal(TESS, RemoveDeck(deck)) is Code.NO_SUCH_DECK
    assert room.refusal(TESS, ShowDeck(deck)) is Code.NO_SUCH_DECK


def test_a_carried_deck_keeps_its_id_and_is_not_taken_for_another() -> None:
    room = Class().live(TESS)
    carried = AddDeck("Waves", 3, FileId("f1"), DeckId("carried"))
    assert room.facts(TESS, carried) == (DeckAdded(DeckId("carried"), "Waves", 3, FileId("f1")),)
    assert room.facts(TESS, carried) == ()
    other = AddDeck("Optics", 3, FileId("f1"), DeckId("carried"))
    assert room.refusal(TESS, other) is Code.DECK_EXISTS


def test_a_deck_is_not_added_under_the_id_of_a_board() -> None:
    room = Class().live(TESS)
    room.facts(TESS, CreateBoard("Sketches"))
    (board,) = room.state.boards.boards
    assert room.refusal(TESS, AddDeck("Waves", 3, FileId("f1"), DeckId(board))) is Code.DECK_EXISTS


def test_decks_are_bounded() -> None:
    room = Class().live(TESS)
    for _ in range(DECKS_MAX):
        deck_of(room)
    assert room.refusal(TESS, AddDeck("Waves", 3, FileId("f1"))) is Code.LIMIT_REACHED


# --- the call to action --------------------------------------------------------------------------
def test_a_call_is_shown_changed_and_hidden() -> None:
    room = Class().live(TESS)
    assert room.facts(TESS, HideCall()) == ()
    call = ShowCall("Enrol", "https://school.test/enrol?year=7#top")
    assert room.facts(TESS, call) == (CallShown("Enrol", "https://school.test/enrol?year=7#top"),)
    assert room.facts(TESS, call) == ()
    assert room.facts(TESS, ShowCall("Write", "mailto:office@school.test"))
    assert room.facts(TESS, HideCall()) == (CallHidden(),)
    assert room.state.studio.call is None


def test_a_call_belongs_to_a_running_class() -> None:
    room = Class().created()
    call = ShowCall("Enrol", "https://school.test")
    assert room.refusal(TESS, call) is Code.SESSION_NOT_LIVE
    room.facts(TESS, StartSession())
    room.facts(TESS, call)
    room.facts(TESS, EndSession())
    assert room.state.studio.call is None


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,x",
        "ftp://school.test/",
        "//school.test/",
        "https://",
        "https:///path",
        "https://teacher@evil.test/",
        "https://school.test\\@evil.test/",
        "https://school.test/a b",
        "https://school.test/\u0007",
        "https://school.test/\n",
        "https://school.test\n",
        "mailto:nobody",
        "mailto:a@b c",
        " https://school.test",
        "https://school.test/" + "x" * 2_000,
    ],
)
def test_a_call_leads_to_the_web_or_to_a_mail_and_nowhere_else(url: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({"title": "t", "url": url}), type=ShowCall)


@pytest.mark.parametrize(
    "url",
    [
        "http://school.test:8080",
        "https://school.test?x=1",
        "https://schule.example/größe",
        "mailto:a@b.test?subject=x",
    ],
)
def test_usual_addresses_are_taken(url: str) -> None:
    msgspec.json.decode(msgspec.json.encode({"title": "t", "url": url}), type=ShowCall)


def test_the_same_command_is_answered_once() -> None:
    room = Class().live(TESS)
    room.ask(TESS, LECTURE, "once")
    made = room.state.studio
    assert room.ask(TESS, LECTURE, "once") == ()  # The same id names the same scene.
    assert room.state.studio == made


def test_everybody_sees_the_same_stage() -> None:
    room = Class().live(TESS, SAM)
    scene, deck = scene_of(room), deck_of(room)
    for command in (ActivateScene(scene), ShowDeck(deck, 4), ShowCall("Enrol", "https://school.test")):
        room.facts(TESS, command)
    shown = StudioView(
        (SceneView(scene, "Lecture", Layout.GRID, ()),),
        scene,
        (DeckView(deck, "Waves", 9, FileId("f1"), 4),),
        deck,
        CallView("Enrol", "https://school.test"),
    )
    for actor in (TESS, SAM, VERA):
        assert view(room.state, viewer(room.state, who(actor))) == shown


@pytest.mark.parametrize("topic", ["studio", "notes", "timer", "boards"])
def test_what_is_on_stage_is_for_everybody_and_so_is_who_did_it(topic: str) -> None:
    events = [event for _, commit, _ in story(topic) for event in commit.events]
    ours = [e for e in events if e.type.partition(".")[0] in {"studio", "notes", "timer", "board"}]
    assert ours
    for event in ours:
        assert event.audience == "everyone"
        assert not event.data.hides_actor
