"""The manual of ``rooms.notes``."""

from itertools import permutations

import msgspec
import pytest

from rooms.notes import view
from rooms.viewer import viewer
from schemas.commands.lifecycle import EndSession, StartSession
from schemas.commands.notes import ClearNotes, ParagraphWish, WriteNotes
from schemas.events.notes import NotesCleared, NotesWritten, WrittenParagraph
from schemas.ids import ParagraphId
from schemas.limits import NOTES_CHARS_MAX, NOTES_DELETED_MAX, NOTES_PARAGRAPHS_MAX
from schemas.media import Role
from schemas.rejections import Code
from tests.unit.rooms.classroom import GUS, OPERATOR, SAM, TESS, VERA, Class, who


def paragraph(name: str, text: str, version: int = 1, nonce: int = 5, order: str = "m") -> ParagraphWish:
    """A paragraph as somebody has it."""
    return ParagraphWish(ParagraphId(name), version, nonce, order, text)


def write(*paragraphs: ParagraphWish, generation: int = 0) -> WriteNotes:
    """The wish to write these."""
    return WriteNotes(generation, paragraphs)


def text_of(room: Class) -> list[str]:
    """The notes as they are read."""
    return [p.text for p in view(room.state, viewer(room.state, who(SAM))).paragraphs]


def test_paragraphs_stand_in_the_order_of_their_keys() -> None:
    room = Class().live(TESS, SAM, VERA)
    (written,) = room.facts(SAM, write(paragraph("n1", "Second", order="b")))
    assert written == NotesWritten(0, who(SAM), (WrittenParagraph(ParagraphId("n1"), 1, 5, "b", "Second"),))
    room.facts(VERA, write(paragraph("n2", "First", order="a"), paragraph("n0", "Also second", order="b")))
    assert text_of(room) == ["First", "Also second", "Second"]
    assert [p.by for p in view(room.state, viewer(room.state, None)).paragraphs] == [
        who(VERA),
        who(VERA),
        who(SAM),
    ]


def test_of_two_versions_of_a_paragraph_one_wins_whatever_comes_first() -> None:
    wishes = (
        (SAM, write(paragraph("n1", "old", 1))),
        (SAM, write(paragraph("n1", "high nonce", 2, 9))),
        (VERA, write(paragraph("n1", "low nonce", 2, 3))),
    )
    for order in permutations(wishes):
        room = Class().live(SAM, VERA)
        for actor, wish in order:
            room.facts(actor, wish)
        assert text_of(room) == ["low nonce"]
        for actor, wish in order:
            assert room.facts(actor, wish) == ()


def test_only_the_winners_are_on_the_log() -> None:
    room = Class().live(SAM)
    room.facts(SAM, write(paragraph("n1", "one", 4), paragraph("n2", "two", 4)))
    (written,) = room.facts(SAM, write(paragraph("n1", "late", 3), paragraph("n2", "new", 5)))
    assert isinstance(written, NotesWritten)
    assert [p.text for p in written.paragraphs] == ["new"]


def test_a_paragraph_without_words_is_deleted_and_does_not_come_back_by_an_older_version() -> None:
    room = Class().live(SAM)
    room.facts(SAM, write(paragraph("n1", "one")))
    room.facts(SAM, write(paragraph("n1", " \n", 2)))
    assert text_of(room) == []
    assert room.facts(SAM, write(paragraph("n1", "late", 1, 0))) == ()
    room.facts(SAM, write(paragraph("n1", "again", 3)))
    assert text_of(room) == ["again"]


def test_notes_are_written_by_those_in_class_who_may() -> None:
    room = Class().live(TESS, VERA, default_role=Role.VIEWER)
    assert room.refusal(VERA, write(paragraph("n1", "x"))) is Code.FORBIDDEN
    assert room.refusal(OPERATOR, write(paragraph("n1", "x"))) is Code.NOT_A_PARTICIPANT
    room = Class().live(TESS)
    assert room.refusal(GUS, write(paragraph("n1", "x"))) is Code.NOT_A_PARTICIPANT


def test_notes_are_cleared_by_who_presents_and_words_for_the_old_text_are_refused() -> None:
    room = Class().live(TESS, SAM)
    assert room.facts(TESS, ClearNotes()) == ()
    room.facts(SAM, write(paragraph("n1", "one")))
    assert room.refusal(SAM, ClearNotes()) is Code.FORBIDDEN
    assert room.facts(TESS, ClearNotes()) == (NotesCleared(1),)
    assert room.refusal(SAM, write(paragraph("n1", "two", 2))) is Code.CLEARED_MEANWHILE
    assert room.facts(SAM, write(paragraph("n1", "two"), generation=1))
    assert text_of(room) == ["two"]


def test_notes_stay_from_lesson_to_lesson() -> None:
    room = Class().live(TESS, SAM)
    room.facts(SAM, write(paragraph("n1", "one")))
    room.facts(TESS, EndSession())
    room.facts(TESS, StartSession())
    assert text_of(room) == ["one"]


def test_notes_are_bounded_in_paragraphs_and_characters_but_can_always_be_shortened() -> None:
    room = Class().live(SAM)
    for start in range(0, NOTES_PARAGRAPHS_MAX, 50):
        room.facts(SAM, write(*(paragraph(f"n{i}", "x") for i in range(start, start + 50))))
    assert room.refusal(SAM, write(paragraph("more", "x"))) is Code.LIMIT_REACHED
    assert room.facts(SAM, write(paragraph("n0", "", 2)))
    assert room.facts(SAM, write(paragraph("more", "x")))

    room = Class().live(SAM)
    for i in range(NOTES_CHARS_MAX // 2_000):
        room.facts(SAM, write(paragraph(f"n{i}", "x" * 2_000)))
    assert room.refusal(SAM, write(paragraph("more", "x"))) is Code.LIMIT_REACHED
    assert room.facts(SAM, write(paragraph("n0", "x" * 1_999, 2), paragraph("more", "x")))


def test_the_oldest_deletions_are_forgotten() -> None:
    room = Class().live(SAM)
    for i in range(NOTES_DELETED_MAX + 1):
        room.facts(SAM, write(paragraph(f"n{i}", "", 2)))
    assert len(room.state.notes.paragraphs) == NOTES_DELETED_MAX
    assert room.facts(SAM, write(paragraph("n1", "late", 1))) == ()
    assert room.facts(SAM, write(paragraph("n0", "late", 1)))


@pytest.mark.parametrize("order", ["", "a b", "ä", "a\n", "x" * 101])
def test_order_keys_are_short_and_plain(order: str) -> None:
    body = msgspec.json.encode(write(paragraph("n1", "x", order=order)))
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=WriteNotes)
