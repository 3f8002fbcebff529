"""Files of the room's library: added, renamed, removed.

The bytes never pass here. An edge takes, checks and stores them and then asks ``add_file`` in the name of
the participant; what it asked the rules before the upload (``may_upload``, ``room_for``) is asked again.
The library stays from class to class.
"""

import unicodedata
from typing import assert_never, get_args

from msgspec.structs import replace

from rooms.asker import Asker
from rooms.permissions import Permission
from rooms.state import RoomState
from rooms.state.files import File, Files
from rooms.topic import Decided, Stamp, Topic
from rooms.viewer import Viewer, viewer
from schemas.commands.files import AddFile, Purpose, RemoveFile, RenameFile
from schemas.envelope import AND_STAFF, Audience, Event
from schemas.events.files import FileAdded, FileRemoved, FileRenamed
from schemas.events.redaction import REMOVED_PERSON, Redacted
from schemas.ids import ParticipantId
from schemas.limits import FILE_NAME_CHARS_MAX, LIBRARY_BYTES_MAX, LIBRARY_FILES_MAX
from schemas.rejections import Code, Rejection, rejection
from schemas.view.files import FilesView, FileView

Command = AddFile | RenameFile | RemoveFile
Fact = FileAdded | FileRenamed | FileRemoved | Redacted

_ENDING_CHARS_MAX = 10  # Longer ones are part of a sentence, not a type.
_NOT_IN_A_NAME = frozenset('<>:"|?*')  # Of no meaning to us, and of some to a disk or a shell.


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> Decided:
    """What a wish about files leads to."""
    match command:
        case AddFile():
            return _add(state, command)
        case RenameFile() | RemoveFile():
            return _change(state, asks, command)
        case _:
            assert_never(command)


# --- adding --------------------------------------------------------------------------------------
def may_upload(looks: Viewer, purpose: Purpose) -> bool:
    """Whether this person may add a file for this purpose. Who presents may also prepare the class."""
    if looks.may(Permission.PRESENT):
        return True
    return purpose != "slides" and looks.present and looks.may(Permission.UPLOAD)


def room_for(state: RoomState, size: int) -> Rejection | None:
    """Why a file of so many bytes has no place in the library."""
    known = state.files
    if len(known.files) >= LIBRARY_FILES_MAX:
        return rejection(Code.LIMIT_REACHED, "The room has as many files as it can hold. Remove some first.")
    if known.bytes + size > LIBRARY_BYTES_MAX:
        return rejection(Code.LIMIT_REACHED, "The room's files would be too large. Remove some first.")
    return None


def _add(state: RoomState, command: AddFile) -> Decided:
    looks = viewer(state, command.participant, ("administer",) if command.is_administrator else ())
    if not may_upload(looks, command.purpose):
        return rejection(Code.FORBIDDEN)
    if state.files.find(command.file) is not None:
        return ()
    if (refusal := room_for(state, command.bytes)) is not None:
        return refusal
    added = FileAdded(
        command.file,
        clean_name(command.file_name),
        command.bytes,
        command.media_type,
        command.sha256,
        command.purpose,
        command.scanned,
        command.participant,
        command.display_name,
    )
    return (Event(added, audience_of(command.purpose, command.participant)),)


def audience_of(purpose: Purpose, author: ParticipantId) -> Audience:
    """Who may list a file. What is sent in chat is known to whom a message with its id reaches."""
    match purpose:
        case "library":
            return "everyone"
        case "chat":
            return (author, AND_STAFF)
        case "slides":
            return "staff"
        case _:
            assert_never(purpose)


# --- names ---------------------------------------------------------------------------------------
def clean_name(name: str) -> str:
    """A name that is safe on any disk and honest on any screen: no path, nothing invisible, not too long."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    kept = (
        " " if c in _NOT_IN_A_NAME or c.isspace() else c
        for c in last
        if c.isspace() or unicodedata.category(c)[0] != "C"
    )
    stem, ending = split_name(" ".join("".join(kept).split()).strip(". "))
    return (stem.strip()[: FILE_NAME_CHARS_MAX - len(ending)].strip(". ") or "file") + ending


def split_name(name: str) -> tuple[str, str]:
    """Stem and ending (with its dot, lower case; empty if there is none)."""
    stem, dot, ending = name.rpartition(".")
    if not dot or not (ending.isascii() and ending.isalnum() and len(ending) < _ENDING_CHARS_MAX):
        return name, ""
    return stem, f".{ending.lower()}"


# --- changing ------------------------------------------------------------------------------------
def _change(state: RoomState, asks: Asker, command: RenameFile | RemoveFile) -> Decided:
    file = state.files.find(command.file)
    is_own = file is not None and file.participant == asks.participant
    if not (is_own or asks.may(Permission.MODERATE_CHAT) or asks.may(Permission.PRESENT)):
        return rejection(Code.FORBIDDEN)
    if file is None:
        return rejection(Code.NO_SUCH_FILE)
    seen_by = audience_of(file.purpose, file.participant)
    if isinstance(command, RemoveFile):
        return (Event(FileRemoved(file.id), seen_by),)
    stem, ending = split_name(clean_name(command.file_name))
    kept = split_name(file.name)[1]
    if ending not in {"", kept}:
        return rejection(Code.MALFORMED, f"The name must end in {kept or 'nothing'} as it does.")
    name = clean_name(stem + kept)
    return () if name == file.name else (Event(FileRenamed(file.id, name), seen_by),)


def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about files."""
    known = state.files.files
    match fact:
        case FileAdded():
            added = File(
                fact.file,
                fact.name,
                fact.bytes,
                fact.media_type,
                fact.purpose,
                fact.scanned,
                fact.participant,
                fact.display_name,
                stamp.at,
            )
            known = (*(f for f in known if f.id != fact.file), added)
        case FileRenamed(file=file, name=name):
            known = tuple(replace(f, name=name) if f.id == file else f for f in known)
        case FileRemoved(file=file):
            known = tuple(f for f in known if f.id != file)
        case Redacted(participant=who):
            known = tuple(
                replace(f, display_name=REMOVED_PERSON) if f.participant == who else f for f in known
            )
        case _:
            assert_never(fact)
    return replace(state, files=Files(known))


# --- views ---------------------------------------------------------------------------------------
def view(state: RoomState, looks: Viewer) -> FilesView:
    """What somebody sees of it."""
    return FilesView(tuple(shown(file) for file in state.files.files if may_list(file, looks)))


def may_list(file: File, looks: Viewer) -> bool:
    """Whether this person finds the file in a list."""
    if looks.is_staff or file.purpose == "library":
        return True
    return file.purpose == "chat" and file.participant == looks.participant


def may_open(file: File, looks: Viewer) -> bool:
    """Whether this person may read the file's bytes, knowing its id: an id cannot be guessed, and reaches
    a person by a message or by what is on stage."""
    return may_list(file, looks) or looks.present


def shown(file: File) -> FileView:
    """The file as it is listed."""
    return FileView(
        file.id,
        file.name,
        file.bytes,
        file.media_type,
        file.purpose,
        file.scanned,
        file.participant,
        file.display_name,
        file.added_at,
    )


TOPIC = Topic("file", get_args(Command), get_args(Fact), decide, evolve)
