"""The shared notes, every generation of them."""

from projectors.model import Fact, Model, Write, queries
from schemas.events.notes import NotesWritten

_sql = queries("notes")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in the notes. Clearing begins another generation and changes none."""
    match fact.data:
        case NotesWritten(generation=generation, by=by, paragraphs=paragraphs):
            text = (fact.key.tenant, fact.key.room, generation)
            return tuple(
                Write(_sql["write"], (*text, p.id, p.order, p.text, by, fact.seq, fact.at))
                if p.text
                else Write(_sql["delete"], (*text, p.id))
                for p in paragraphs
            )
    return ()


MODEL = Model("notes", ("note_paragraphs",), _sql["tables"], writes)
