"""The shared notes, as everybody sees them."""

from msgspec import Struct

from schemas.ids import ParagraphId, ParticipantId


class ParagraphView(Struct, frozen=True):
    """A paragraph; ``by`` wrote it last."""

    id: ParagraphId
    version: int
    nonce: int
    order: str
    text: str
    by: ParticipantId


class NotesView(Struct, frozen=True):
    """The paragraphs in order (of ``order``, then ``id``)."""

    generation: int
    paragraphs: tuple[ParagraphView, ...]
