"""Shared notes: one text of the room, in paragraphs, that several write at once.

Of two versions of one paragraph one wins (``rooms.ink``); where a paragraph stands is a key between
those of its neighbours. Two people in one paragraph overwrite each other; two paragraphs never do. The
text stays from lesson to lesson until it is cleared. It is bounded, so it is part of the view.
"""

from typing import assert_never

from msgspec.structs import replace

from rooms.asker import Asker
from rooms.ink import winners
from rooms.permissions import Permission
from rooms.state import RoomState
from rooms.state.notes import Notes, Paragraph
from rooms.topic import Decided, Stamp, Topic
from rooms.viewer import Viewer
from schemas.commands.notes import CLIENT, ClearNotes, ParagraphWish, WriteNotes
from schemas.envelope import Event
from schemas.events.notes import EVENTS, NotesCleared, NotesWritten, WrittenParagraph
from schemas.ids import ParagraphId
from schemas.limits import NOTES_CHARS_MAX, NOTES_DELETED_MAX, NOTES_PARAGRAPHS_MAX
from schemas.rejections import Code, rejection
from schemas.view.notes import NotesView, ParagraphView

Command = WriteNotes | ClearNotes
Fact = NotesWritten | NotesCleared


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> Decided:
    """What a wish about the notes leads to. Versions that lose change nothing."""
    match command:
        case WriteNotes():
            return _write(state.notes, asks, command)
        case ClearNotes():
            if not asks.may(Permission.PRESENT):
                return rejection(Code.FORBIDDEN)
            return (Event(NotesCleared(state.notes.generation + 1)),) if state.notes.paragraphs else ()
        case _:
            assert_never(command)


def _write(notes: Notes, asks: Asker, command: WriteNotes) -> Decided:
    if not asks.may(Permission.WRITE_NOTES):
        return rejection(Code.FORBIDDEN)
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    if command.generation != notes.generation:
        return rejection(Code.CLEARED_MEANWHILE)
    won = winners(notes.paragraphs, ((p.id, p) for p in command.paragraphs))
    if not won:
        return ()
    written = NotesWritten(notes.generation, asks.present.id, tuple(_written(p) for p in won.values()))
    if _is_too_long(_after(notes, written), notes):
        return rejection(Code.LIMIT_REACHED)
    return (Event(written),)


def _written(wish: ParagraphWish) -> WrittenParagraph:
    text = wish.text if wish.text.strip() else ""
    return WrittenParagraph(wish.id, wish.version, wish.nonce, wish.order, text)


def _is_too_long(after: Notes, before: Notes) -> bool:
    """Shortening is always possible."""
    count, chars = _size(after)
    count_before, chars_before = _size(before)
    return (count > max(NOTES_PARAGRAPHS_MAX, count_before)) or (chars > max(NOTES_CHARS_MAX, chars_before))


def _size(notes: Notes) -> tuple[int, int]:
    texts = [len(p.text) for p in notes.paragraphs.values() if p.text]
    return len(texts), sum(texts)


def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about the notes."""
    return replace(state, notes=_after(state.notes, fact))


def _after(notes: Notes, fact: Fact) -> Notes:
    match fact:
        case NotesCleared(generation=generation):
            return Notes(generation)
        case NotesWritten(by=by, paragraphs=written):
            paragraphs = dict(notes.paragraphs)
            for p in written:
                paragraphs.pop(p.id, None)
                paragraphs[p.id] = Paragraph(p.id, p.version, p.nonce, p.order, p.text, by)
            return replace(notes, paragraphs=_without_old_deletions(paragraphs))
        case _:
            assert_never(fact)


def _without_old_deletions(paragraphs: dict[ParagraphId, Paragraph]) -> dict[ParagraphId, Paragraph]:
    """A deletion is remembered only against versions that were on their way when it came."""
    deleted = [p.id for p in paragraphs.values() if not p.text]
    for gone in deleted[:-NOTES_DELETED_MAX]:
        del paragraphs[gone]
    return paragraphs


def in_order(notes: Notes) -> tuple[Paragraph, ...]:
    """The paragraphs that are there, as they are read."""
    return tuple(sorted((p for p in notes.paragraphs.values() if p.text), key=lambda p: (p.order, p.id)))


def view(state: RoomState, viewer: Viewer) -> NotesView:
    """The same for everybody."""
    notes = state.notes
    return NotesView(
        notes.generation,
        tuple(ParagraphView(p.id, p.version, p.nonce, p.order, p.text, p.by) for p in in_order(notes)),
    )


TOPIC = Topic("notes", CLIENT, EVENTS, decide, evolve)
