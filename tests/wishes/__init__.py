"""What people wish for in a class, one module per topic: stories, laws and simulations draw from here.

Each module has ``wishes(state, chance, cast)``: wishes that make sense now, and some that do not; and
``EXAMPLES``, one of each of its commands. The commands that the spine began with are drawn by the
tests themselves.
"""

from types import ModuleType

from tests.wishes import (
    boards,
    breakouts,
    chat,
    consent,
    files,
    floor,
    lifecycle,
    lobby,
    media,
    notes,
    polls,
    pulse,
    questions,
    recording,
    rights,
    roster,
    studio,
    timer,
)

TOPICS: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        boards,
        breakouts,
        chat,
        consent,
        files,
        floor,
        lifecycle,
        lobby,
        media,
        notes,
        polls,
        pulse,
        questions,
        recording,
        rights,
        roster,
        studio,
        timer,
    )
}
