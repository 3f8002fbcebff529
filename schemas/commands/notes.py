"""Commands of notes: one text that several write."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from schemas.commands.common import Command
from schemas.ids import ParagraphToken
from schemas.limits import MESSAGE_CHARS_MAX, NOTES_ORDER_CHARS_MAX, NOTES_PARAGRAPHS_PER_COMMAND_MAX

Version = Annotated[int, Meta(ge=0, le=1 << 53)]
Nonce = Annotated[int, Meta(ge=0, le=1 << 32)]


class ParagraphWish(Struct, frozen=True, forbid_unknown_fields=True):
    """A paragraph as its writer has it: the higher ``version`` wins, on a tie the lower ``nonce``.

    ``order`` is a key that sorts between those of its neighbours. An empty text deletes.
    """

    id: ParagraphToken
    version: Version
    nonce: Nonce
    order: Annotated[str, Meta(pattern=rf"^[0-9A-Za-z]{{1,{NOTES_ORDER_CHARS_MAX}}}\Z")]
    text: Annotated[str, Meta(max_length=MESSAGE_CHARS_MAX)]


class WriteNotes(Command, frozen=True, forbid_unknown_fields=True):
    """Writes, changes, moves or deletes paragraphs of the notes.

    ``generation`` is that of the notes the writer sees: words for a text that was cleared meanwhile
    are refused.
    """

    name: ClassVar[str] = "write_notes"
    generation: Annotated[int, Meta(ge=0)]
    paragraphs: Annotated[
        tuple[ParagraphWish, ...], Meta(min_length=1, max_length=NOTES_PARAGRAPHS_PER_COMMAND_MAX)
    ]


class ClearNotes(Command, frozen=True, forbid_unknown_fields=True):
    """Begins the notes anew. The text before stays in the read model."""

    name: ClassVar[str] = "clear_notes"


CLIENT: tuple[type[Command], ...] = (WriteNotes, ClearNotes)
SERVICE: tuple[type[Command], ...] = ()
