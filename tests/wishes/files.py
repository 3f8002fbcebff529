"""Wishes about files."""

from random import Random

from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.files import AddFile, RemoveFile, RenameFile
from schemas.ids import FileId, ParticipantId
from tests.wishes.cast import SERVICE, Cast, Wish

_F = FileId("f")
EXAMPLES: tuple[Command, ...] = (
    AddFile(_F, "a.pdf", 9, "application/pdf", "0" * 64, "library", True, ParticipantId("p"), "P"),
    RenameFile(_F, "b.pdf"),
    RemoveFile(_F),
)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    one = chance.choice([f.id for f in state.files.files] or [FileId("gone")])
    author = cast.anyone(chance)
    who = author.participant or ParticipantId("nobody")
    return [
        *[
            (
                SERVICE,
                AddFile(
                    FileId(f"f{chance.randrange(10_000)}"),
                    chance.choice(["notes.pdf", "C:\\x\\Übung 1.PDF", "..\u202efdp.png"]),
                    chance.choice([10, 5_000, 100_000_000]),
                    "application/pdf",
                    "0" * 64,
                    chance.choice(["library", "chat", "slides"]),
                    chance.random() < 0.5,
                    who,
                    author.display_name,
                ),
            )
        ]
        * 3,
        (author, RenameFile(one, chance.choice(["week 1", "week 2.pdf", "page.html"]))),
        (cast.host, RenameFile(one, f"week {chance.randrange(9)}")),
        (author, RemoveFile(one)),
    ]
