"""The library of the room, as somebody sees it."""

from typing import Literal

from msgspec import Struct

from schemas.ids import FileId, ParticipantId


class FileView(Struct, frozen=True):
    """A file. ``scanned`` False: no virus scanner has looked at it."""

    id: FileId
    name: str
    bytes: int
    media_type: str
    purpose: Literal["library", "chat", "slides"]
    scanned: bool
    participant: ParticipantId
    display_name: str
    added_at: int


class FilesView(Struct, frozen=True):
    """The files that this person may list, in order of adding: everybody's handouts, what they sent in
    chat themselves, and for staff also others' and slides."""

    files: tuple[FileView, ...]
