"""Files of the room's library: the manual of ``rooms.files`` as given, when, then."""

import random
import zlib

import msgspec
import pytest

from rooms.files import clean_name, may_open, may_upload, room_for, split_name
from rooms.room import decide, recall
from rooms.state.files import File, Files
from rooms.view import view
from rooms.viewer import viewer
from schemas.commands import Command
from schemas.commands.files import AddFile, Purpose, RemoveFile, RenameFile
from schemas.commands.lifecycle import EndSession, StartSession
from schemas.commands.redaction import Redact
from schemas.envelope import AND_STAFF, Actor, Audience
from schemas.events.files import FileAdded, FileRemoved, FileRenamed
from schemas.events.redaction import REMOVED_PERSON
from schemas.ids import FileId, ParticipantId
from schemas.limits import FILE_BYTES_MAX, FILE_NAME_CHARS_MAX, LIBRARY_BYTES_MAX, LIBRARY_FILES_MAX
from schemas.media import Role
from schemas.rejections import Code, Rejection
from tests.unit.rooms.classroom import (
    ADA,
    CORA,
    GUS,
    OPERATOR,
    SAM,
    SERVICE,
    START,
    TESS,
    VERA,
    Class,
    envelope,
    who,
)

NOWHERE = FileId("nowhere")
HASH = "0" * 64


def adding(
    actor: Actor,
    purpose: Purpose = "library",
    *,
    file: str = "f1",
    name: str = "Notes.pdf",
    size: int = 1_000,
    scanned: bool = True,
) -> AddFile:
    """What an edge asks for somebody."""
    return AddFile(
        FileId(file),
        name,
        size,
        "application/pdf",
        HASH,
        purpose,
        scanned,
        who(actor),
        actor.display_name,
        "administer" in actor.capabilities,
    )


def added(room: Class, actor: Actor, purpose: Purpose = "library", file: str = "f1") -> FileId:
    """A file of somebody's is there."""
    room.facts(SERVICE, adding(actor, purpose, file=file))
    return FileId(file)


def audiences(room: Class, actor: Actor, command: Command) -> list[tuple[str, Audience]]:
    """Which events this leads to, and for whom."""
    outcome = decide(room.state, envelope(actor, command, "peek", room.now), room.now)
    assert isinstance(outcome, tuple), outcome
    return [(event.type, event.audience) for event in outcome]


def listed(room: Class, actor: Actor) -> list[str]:
    """The files that this person finds."""
    return [f.id for f in view(room.state, who(actor), actor.capabilities).files.files]


# --- adding --------------------------------------------------------------------------------------
def test_a_file_is_added_by_an_edge_in_the_name_of_who_sent_it() -> None:
    room = Class().live(TESS, SAM)
    assert room.facts(SERVICE, adding(SAM, name="a/b/Notes.PDF")) == (
        FileAdded(
            FileId("f1"),
            "Notes.pdf",
            1_000,
            "application/pdf",
            HASH,
            "library",
            True,
            who(SAM),
            "Sam",
        ),
    )
    assert room.facts(SERVICE, adding(SAM)) == (), "the edge may ask again"
    assert room.refusal(TESS, adding(TESS)) == Code.FORBIDDEN, "people do not say what bytes are"
    assert room.refusal(OPERATOR, adding(TESS)) == Code.FORBIDDEN


@pytest.mark.parametrize(
    ("purpose", "audience", "finders"),
    [
        ("library", "everyone", "tess sam vera"),
        ("chat", (who(SAM), AND_STAFF), "tess sam"),
        ("slides", "staff", "tess"),
    ],
)
def test_a_purpose_says_who_finds_a_file(purpose: Purpose, audience: Audience, finders: str) -> None:
    author = TESS if purpose == "slides" else SAM
    room = Class().live(TESS, SAM, VERA)
    assert audiences(room, SERVICE, adding(author, purpose)) == [("file.added", audience)]
    file = added(room, author, purpose)
    for command in (RenameFile(file, "Other"), RemoveFile(file)):
        assert [told for _, told in audiences(room, author, command)] == [audience]
    assert [a.id for a in (TESS, SAM, VERA) if listed(room, a)] == finders.split()


@pytest.mark.parametrize(
    ("actor", "purpose", "may"),
    [
        (TESS, "slides", True),
        (SAM, "slides", False),
        (SAM, "library", True),
        (SAM, "chat", True),
        (VERA, "library", False),  # A viewer.
        (CORA, "library", False),  # Not in class.
        (ADA, "slides", True),  # An administrator may prepare any class.
    ],
)
def test_who_may_add_what(actor: Actor, purpose: Purpose, *, may: bool) -> None:
    room = Class().live(TESS, SAM, VERA)
    people = {
        **room.state.participants,
        who(VERA): msgspec.structs.replace(room.state.participants[who(VERA)], role=Role.VIEWER),
    }
    room.state = msgspec.structs.replace(room.state, participants=people)
    assert may_upload(viewer(room.state, who(actor), actor.capabilities), purpose) == may
    if may:
        room.facts(SERVICE, adding(actor, purpose))
    else:
        assert room.refusal(SERVICE, adding(actor, purpose)) == Code.FORBIDDEN


def test_a_class_is_prepared_before_it_begins() -> None:
    room = Class().created()
    room.facts(SERVICE, adding(TESS, "slides"))
    assert room.refusal(SERVICE, adding(SAM, file="f2")) == Code.FORBIDDEN


def test_the_library_holds_so_many_files() -> None:
    room = Class().live(TESS)
    full = tuple(a_file(n, 1) for n in range(LIBRARY_FILES_MAX))
    room.state = msgspec.structs.replace(room.state, files=Files(full))
    assert room.refusal(SERVICE, adding(TESS)) == Code.LIMIT_REACHED
    room.facts(TESS, RemoveFile(full[0].id))
    room.facts(SERVICE, adding(TESS))


def test_the_library_holds_so_many_bytes() -> None:
    room = Class().live(TESS)
    many = LIBRARY_BYTES_MAX // FILE_BYTES_MAX
    held = Files(tuple(a_file(n, FILE_BYTES_MAX) for n in range(many)))
    room.state = msgspec.structs.replace(room.state, files=held)
    left = LIBRARY_BYTES_MAX - many * FILE_BYTES_MAX
    assert room_for(room.state, left) is None
    assert isinstance(room_for(room.state, left + 1), Rejection)
    assert room.refusal(SERVICE, adding(TESS, size=left + 1)) == Code.LIMIT_REACHED
    room.facts(SERVICE, adding(TESS, size=left))


def a_file(n: int, size: int, name: str = "a.pdf") -> File:
    return File(FileId(f"old{n}"), name, size, "application/pdf", "library", True, who(SAM), "Sam", START)


def test_a_full_library_is_a_small_part_of_a_snapshot() -> None:
    chance = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz      "
    full = Files(
        tuple(
            msgspec.structs.replace(
                a_file(n, chance.randrange(FILE_BYTES_MAX), "".join(chance.choices(letters, k=120))),
                id=FileId(f"f{chance.getrandbits(80):020x}"),
                participant=ParticipantId(f"p{chance.getrandbits(80):020x}"),
            )
            for n in range(LIBRARY_FILES_MAX)
        )
    )
    assert len(zlib.compress(msgspec.json.encode(full))) < 30_000


# --- renaming ------------------------------------------------------------------------------------
def test_a_file_gets_another_name_and_keeps_its_ending() -> None:
    room = Class().live(TESS, SAM, VERA)
    file = added(room, SAM)
    assert room.facts(SAM, RenameFile(file, "Week 1")) == (FileRenamed(file, "Week 1.pdf"),)
    assert room.facts(SAM, RenameFile(file, "Week 1.PDF")) == ()
    assert room.facts(TESS, RenameFile(file, "../Week 2.pdf")) == (FileRenamed(file, "Week 2.pdf"),)
    assert room.state.files.files[0].name == "Week 2.pdf"
    assert room.refusal(SAM, RenameFile(file, "page.html")) == Code.MALFORMED
    assert room.refusal(VERA, RenameFile(file, "Mine")) == Code.FORBIDDEN
    assert room.refusal(TESS, RenameFile(NOWHERE, "x")) == Code.NO_SUCH_FILE
    assert room.refusal(SAM, RenameFile(NOWHERE, "x")) == Code.FORBIDDEN, "nobody tries out ids"


# --- removing ------------------------------------------------------------------------------------
def test_authors_and_staff_remove_files() -> None:
    room = Class().live(TESS, SAM, VERA)
    own, other = added(room, SAM), added(room, VERA, file="f2")
    assert room.refusal(SAM, RemoveFile(other)) == Code.FORBIDDEN
    assert room.refusal(CORA, RemoveFile(other)) == Code.FORBIDDEN
    assert room.facts(SAM, RemoveFile(own)) == (FileRemoved(own),)
    assert room.facts(OPERATOR, RemoveFile(other)) == (FileRemoved(other),)
    assert room.state.files == Files()
    assert room.refusal(TESS, RemoveFile(own)) == Code.NO_SUCH_FILE


def test_the_same_command_removes_once() -> None:
    room = Class().live(TESS, SAM)
    file = added(room, SAM)
    sent = envelope(SAM, RemoveFile(file), "same", room.now)
    room.ask(SAM, RemoveFile(file), "same")
    assert recall(room.state, sent) == room.state.seq, "a retry hears that it is done, not that it is gone"


def test_the_library_stays_from_class_to_class() -> None:
    room = Class().live(TESS, SAM)
    file = added(room, SAM)
    room.facts(TESS, EndSession())
    assert (listed(room, TESS), listed(room, VERA)) == ([file], []), "the door shows no files"
    room.facts(TESS, StartSession())
    room.join(VERA)
    assert listed(room, VERA) == [file]
    room.facts(SAM, RemoveFile(file))


def test_a_redacted_persons_files_stay_without_the_name() -> None:
    room = Class().live(TESS)
    own = adding(ADA)
    room.facts(SERVICE, own)
    added(room, TESS, file="f2")
    room.facts(TESS, Redact("person", participant=who(ADA)))
    assert [f.display_name for f in room.state.files.files] == [REMOVED_PERSON, "Tess"]


# --- opening -------------------------------------------------------------------------------------
def test_who_knows_the_id_opens_a_file_in_class() -> None:
    room = Class().live(TESS, SAM, VERA)
    added(room, SAM, "chat")
    added(room, TESS, "slides", "f2")
    added(room, SAM, "library", "f3")
    chat, slides, library = room.state.files.files

    def opens(actor: Actor) -> list[bool]:
        looks = viewer(room.state, who(actor), actor.capabilities)
        return [may_open(f, looks) for f in (chat, slides, library)]

    assert opens(VERA) == [True, True, True]
    assert opens(GUS) == [False, False, True]
    assert opens(ADA) == [True, True, True]


# --- names ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Notes.pdf", "Notes.pdf"),
        ("NOTES.PDF", "NOTES.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Sam\\Übung.docx", "Übung.docx"),
        ("..", "file"),
        (".pdf", "pdf"),
        ("   ", "file"),
        ("a\x00b\r\nc.png", "ab c.png"),
        ("photo\u202egnp.exe", "photognp.exe"),  # What turns the reading direction hides an ending.
        ('<img src="x">.png', "img src= x.png"),
        ("x" * 300 + ".pdf", "x" * (FILE_NAME_CHARS_MAX - 4) + ".pdf"),
        ("Mr. Smith said hello. really", "Mr. Smith said hello. really"),
        ("e\u0301.txt", "\u00e9.txt"),
        ("archive.tar.gz", "archive.tar.gz"),
        ("name.", "name"),
    ],
)
def test_names_are_safe_and_honest(given: str, kept: str) -> None:
    assert clean_name(given) == kept
    assert clean_name(kept) == kept


def test_an_ending_is_what_follows_the_last_dot() -> None:
    assert split_name("a.tar.GZ") == ("a.tar", ".gz")
    assert split_name("a") == ("a", "")
    assert split_name("a.wholesentence") == ("a.wholesentence", "")
