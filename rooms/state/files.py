"""The library of the room: the part of the state that belongs to ``rooms.files``."""

from typing import Literal

from msgspec import Struct

from schemas.ids import FileId, ParticipantId


class File(Struct, frozen=True):
    """A file, of which the bytes lie in the object store."""

    id: FileId
    name: str
    bytes: int
    media_type: str
    purpose: Literal["library", "chat", "slides"]
    scanned: bool
    participant: ParticipantId
    display_name: str
    added_at: int


class Files(Struct, frozen=True):
    """The library of the room, in order of adding. It stays from class to class."""

    files: tuple[File, ...] = ()

    @property
    def bytes(self) -> int:
        """What all of them take."""
        return sum(file.bytes for file in self.files)

    def find(self, file: FileId) -> File | None:
        """The file of this id."""
        return next((f for f in self.files if f.id == file), None)
