"""What all commands have in common."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from schemas.limits import MESSAGE_CHARS_MAX, NAME_CHARS_MAX, TITLE_CHARS_MAX

Name = Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
Title = Annotated[str, Meta(min_length=1, max_length=TITLE_CHARS_MAX)]
Text = Annotated[str, Meta(min_length=1, max_length=MESSAGE_CHARS_MAX)]
Milliseconds = Annotated[int, Meta(ge=0, le=1 << 53)]  # Unix time or span; exact in JavaScript.


class Command(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all commands. ``name`` is the last token of the subject."""

    name: ClassVar[str]
