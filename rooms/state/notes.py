"""The shared notes: the part of the state that belongs to ``rooms.notes``."""

from msgspec import Struct

from schemas.ids import ParagraphId, ParticipantId


class Paragraph(Struct, frozen=True):
    """A paragraph; without text it is one that was deleted."""

    id: ParagraphId
    version: int
    nonce: int
    order: str
    text: str
    by: ParticipantId


class Notes(Struct, frozen=True):
    """Paragraphs, last written last. ``generation`` counts how often they were cleared."""

    generation: int = 0
    paragraphs: dict[ParagraphId, Paragraph] = {}
