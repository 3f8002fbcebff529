"""Commands of files."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from schemas.commands.common import Command, Name
from schemas.ids import FileToken, ParticipantToken
from schemas.limits import FILE_BYTES_MAX, FILE_NAME_CHARS_MAX

Purpose = Literal["library", "chat", "slides"]
"""What a file is for: everybody's handout, part of a message, or a deck that staff prepare."""

FileName = Annotated[str, Meta(min_length=1, max_length=FILE_NAME_CHARS_MAX)]


class RenameFile(Command, frozen=True, forbid_unknown_fields=True):
    """Another name for one's own file, or, by staff, for any. Its ending stays."""

    name: ClassVar[str] = "rename_file"
    file: FileToken
    file_name: FileName


class RemoveFile(Command, frozen=True, forbid_unknown_fields=True):
    """Takes one's own file, or, by staff, any, out of the room. Its bytes are deleted."""

    name: ClassVar[str] = "remove_file"
    file: FileToken


class AddFile(Command, frozen=True, forbid_unknown_fields=True):
    """An edge has taken a file from this participant, looked at it and stored it.

    ``media_type`` is what the bytes are, not what their sender said; ``scanned`` whether a virus scanner
    found nothing (False: none is set up). ``is_administrator`` is what the login says of the person.
    """

    name: ClassVar[str] = "add_file"
    file: FileToken
    file_name: FileName
    bytes: Annotated[int, Meta(ge=1, le=FILE_BYTES_MAX)]
    media_type: Annotated[str, Meta(pattern=r"^[a-z0-9.+/-]{3,100}$(?!\n)")]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
    purpose: Purpose
    scanned: bool
    participant: ParticipantToken
    display_name: Name
    is_administrator: bool = False


CLIENT: tuple[type[Command], ...] = (RenameFile, RemoveFile)
SERVICE: tuple[type[Command], ...] = (AddFile,)
