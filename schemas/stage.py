"""What can be on stage: layouts, sources, addresses. In commands, events, state and view."""

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.ids import TOKEN_PATTERN
from schemas.limits import URL_CHARS_MAX


class Layout(StrEnum):
    """How a scene arranges its sources."""

    SPEAKER = "speaker"  # The first source large, the others small.
    GRID = "grid"  # All the same size.
    PRESENTATION = "presentation"  # The first source, and nothing else but a small speaker.
    SIDE_BY_SIDE = "side_by_side"  # The first two, the same size.
    BOARD = "board"  # The whiteboard over the whole stage.


class SceneSource(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that a scene shows: a participant's camera or screen, a deck, a board, a file.

    Without ``id`` it is the current one: who speaks, the shown deck, the shown board. What is not
    there is simply not shown.
    """

    kind: Literal["camera", "screen", "deck", "board", "file"]
    id: Annotated[str, Meta(pattern=TOKEN_PATTERN)] | None = None


# Web and mail only: a page makes a link of it, and "javascript:" or "data:" would run as our own.
CallUrl = Annotated[
    str,
    Meta(
        max_length=URL_CHARS_MAX,
        pattern=r"^(?:https?://[^\s/?#@\\\x00-\x1f\x7f]+(?:[/?#][^\s\x00-\x1f\x7f]*)?"
        r"|mailto:[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+)\Z",
    ),
]
