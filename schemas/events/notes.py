"""Events of notes."""

from typing import ClassVar

from msgspec import Struct

from schemas.events.common import EventData
from schemas.ids import ParagraphId, ParticipantId


class WrittenParagraph(Struct, frozen=True):
    """A paragraph as it is from now on; without text it is deleted."""

    id: ParagraphId
    version: int
    nonce: int
    order: str
    text: str


class NotesWritten(EventData, frozen=True):
    """These paragraphs are as it says here: only those whose version won."""

    type: ClassVar[str] = "notes.written"
    generation: int
    by: ParticipantId
    paragraphs: tuple[WrittenParagraph, ...]


class NotesCleared(EventData, frozen=True):
    """The notes are empty, and of this generation."""

    type: ClassVar[str] = "notes.cleared"
    generation: int


EVENTS: tuple[type[EventData], ...] = (NotesWritten, NotesCleared)
