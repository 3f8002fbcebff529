"""The read models as pure functions: every event has a known fate, every statement its arguments."""

import re
from pathlib import Path

import pytest

from projectors.database import MODELS, TABLES
from projectors.model import Fact, Write
from schemas.envelope import RecordedActor, UnknownEvent, decode_event_data
from schemas.events import EVENTS
from schemas.ids import ParticipantId, RoomId, RoomKey, TenantId

TESS = RecordedActor("user", "tess", ParticipantId("p1"))
KEY = RoomKey(TenantId("school"), RoomId("room1"))
GOLDEN = Path(__file__).parents[2] / "golden" / "events" / "v1"

# Facts of the moment, or of the machinery: nobody asks for them after class.
WITHOUT_A_MODEL = {
    "floor.hand_lowered",
    "floor.taken",
    "floor.unmute_asked",
    "lifecycle.session_extended",
    "lifecycle.ending_soon",
    "breakouts.planned",
    "breakouts.activity",
    "breakouts.children_closed",
    "breakouts.members_changed",
    "breakouts.staff_changed",
    "breakouts.visitor_came",
    "breakouts.visitor_went",
    "breakouts.help_called",
    "breakouts.help_ended",
    "breakouts.directed",
    "lobby.connected",
    "lobby.disconnected",
    "lobby.told",
    "media.placed",
    "pulse.faded",
    "media.node_lost",
    "board.drawing_allowed",
    "board.renamed",
    "notes.cleared",  # Begins another generation; the rows of the last one stay.
    "studio.deck_shown",  # Its ``page_turned`` follows in the same commit.
    "timer.paused",
    "timer.resumed",
    "timer.extended",
    "timer.ended",
    "timer.stopped",
}


def writes(wire_type: str) -> list[Write]:
    """What all models write for the golden event of a type."""
    data = decode_event_data(wire_type, (GOLDEN / f"{wire_type}.json").read_bytes())
    return [write for model in MODELS for write in model.writes(Fact(KEY, 7, 1_000, data, TESS))]


@pytest.mark.parametrize("wire_type", sorted(EVENTS))
def test_every_event_is_in_a_model_or_knowingly_in_none(wire_type: str) -> None:
    assert bool(writes(wire_type)) == (wire_type not in WITHOUT_A_MODEL)


@pytest.mark.parametrize("wire_type", sorted(EVENTS))
def test_every_statement_gets_the_arguments_that_it_names(wire_type: str) -> None:
    for write in writes(wire_type):
        named = {int(n) for n in re.findall(r"\$(\d+)", write.query)}
        assert named == set(range(1, len(write.args) + 1)), write.query


def test_an_unknown_event_writes_nothing() -> None:
    fact = Fact(KEY, 7, 1_000, UnknownEvent("moon.risen", b"{}"), TESS)
    assert [write for model in MODELS for write in model.writes(fact)] == []


def test_a_model_touches_no_table_but_its_own() -> None:
    for model in MODELS:
        own = set(model.tables)
        assert set(re.findall(r"create table if not exists (\w+)", model.definition)) == own
        for wire_type in EVENTS:
            for write in writes(wire_type):
                touched = set(re.findall(r"(?:into|update|from|join) (\w+)", write.query)) & set(TABLES)
                owners = {m.name for m in MODELS if touched & set(m.tables)}
                assert len(owners) == 1, write.query


@pytest.mark.parametrize("wire_type", sorted(EVENTS))
def test_every_statement_is_about_the_room_of_its_fact(wire_type: str) -> None:
    """The runner mixes the writes of different rooms; those of one room keep their order."""
    for write in writes(wire_type):
        assert write.args[:2] == (KEY.tenant, KEY.room)
        assert write.adds == 0 or len(write.args) - write.adds > 2
        assert not write.narrow or isinstance(write.args[2], str)


def test_every_row_names_its_tenant() -> None:
    for model in MODELS:
        for body in re.findall(r"create table if not exists \w+ \((.*?)\n\);", model.definition, re.DOTALL):
            assert body.strip().startswith("tenant")
            assert "primary key (tenant, room" in body
