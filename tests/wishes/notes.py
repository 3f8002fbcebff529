"""Wishes about the shared notes."""

from random import Random

from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.notes import ClearNotes, ParagraphWish, WriteNotes
from schemas.ids import ParagraphId
from tests.wishes.cast import Cast, Wish

EXAMPLES: tuple[Command, ...] = (
    WriteNotes(0, (ParagraphWish(ParagraphId("n1"), 1, 7, "a", "Energy is conserved."),)),
    ClearNotes(),
)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    generation = max(state.notes.generation - (chance.random() < 0.1), 0)

    def paragraph() -> ParagraphWish:
        name = ParagraphId(f"n{chance.randrange(6)}")
        known = state.notes.paragraphs.get(name)
        version = (known.version if known else 0) + chance.randrange(3)
        text = chance.choice(["", "Energy", "E = mc²", "نص", "One\nTwo"])
        return ParagraphWish(name, version, chance.randrange(9), chance.choice("aAbBzZ09"), text)

    who = cast.anyone(chance)
    return [
        *[(who, WriteNotes(generation, (paragraph(),)))] * 3,
        *[(who, WriteNotes(generation, (paragraph(), paragraph())))] * 2,
        (chance.choice((cast.host, who)), ClearNotes()),
    ]
