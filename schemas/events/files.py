"""Events of files."""

from typing import ClassVar, Literal

from schemas.events.common import EventData
from schemas.ids import FileId, ParticipantId


class FileAdded(EventData, frozen=True):
    """A file is in the room: for everybody (library), for its author and staff until a message names it
    (chat), or for staff (slides). ``media_type`` is what its bytes are; ``scanned`` whether a virus
    scanner found nothing."""

    type: ClassVar[str] = "file.added"
    file: FileId
    name: str
    bytes: int
    media_type: str
    sha256: str
    purpose: Literal["library", "chat", "slides"]
    scanned: bool
    participant: ParticipantId
    display_name: str


class FileRenamed(EventData, frozen=True):
    """A file has another name."""

    type: ClassVar[str] = "file.renamed"
    file: FileId
    name: str


class FileRemoved(EventData, frozen=True):
    """A file is out of the room; its bytes are deleted after this."""

    type: ClassVar[str] = "file.removed"
    file: FileId


EVENTS: tuple[type[EventData], ...] = (FileAdded, FileRenamed, FileRemoved)
