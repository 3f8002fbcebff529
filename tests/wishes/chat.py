"""Wishes about chat: writing to all, to staff and to one; changing, feeling, checking."""

from random import Random

from msgspec.structs import replace

from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.chat import (
    ApproveMessage,
    DeleteMessage,
    EditMessage,
    PinMessage,
    PostMessage,
    ReactToMessage,
    RejectMessage,
    UnpinMessage,
    UnreactToMessage,
)
from schemas.commands.lifecycle import ChangeSettings
from schemas.ids import MessageId, ParticipantId
from schemas.messages import EVERYONE, TO_STAFF
from schemas.reactions import Reaction
from tests.wishes.cast import Cast, Wish

GONE = MessageId("gone")
TEXTS = ("Hello", "∂²u/∂t² = c²Δu", "<b>bold?</b>", "مرحبا")

EXAMPLES: tuple[Command, ...] = (
    EditMessage(GONE, "t"),
    DeleteMessage(GONE),
    ReactToMessage(GONE, Reaction.HEART),
    UnreactToMessage(GONE),
    PinMessage(GONE),
    UnpinMessage(GONE),
    ApproveMessage(GONE),
    RejectMessage(GONE),
)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    message = chance.choice([*(m.id for m in state.messages), GONE])
    held = chance.choice([*(m.id for m in state.messages if m.held), GONE])
    pinned = chance.choice([*(m.id for m in state.messages if m.pinned), GONE])
    to = chance.choice((EVERYONE, EVERYONE, TO_STAFF, *state.participants, ParticipantId("nobody")))
    anyone = cast.anyone(chance)
    staff = chance.choice((cast.host, cast.host, cast.assistant))
    kind, text = chance.choice(
        [
            *(("plain", text) for text in TEXTS),
            ("formula", r"\int_0^1 x\,dx"),
            ("code", "print(1)"),
            ("link", "https://example.org/?q=1"),
            ("link", "javascript:alert(1)"),
        ]
    )
    settings = replace(
        state.settings, hold_messages=chance.random() < 0.5, slow_mode_s=chance.choice((0, 0, 3))
    )
    post = PostMessage(text, kind, to)  # type: ignore[arg-type]  # One of the four formats.
    authors = [
        person for m in state.messages for person in cast.everyone if person.participant == m.participant
    ]
    author = chance.choice(authors) if authors else anyone
    return [
        *[(person, post) for person in cast.everyone],
        (anyone, replace(post, reply_to=message)),
        (anyone, ReactToMessage(message, chance.choice(list(Reaction)))),
        (anyone, ReactToMessage(message, Reaction.HEART)),
        (anyone, UnreactToMessage(message)),
        *[(person, EditMessage(message, chance.choice(TEXTS))) for person in (author, anyone)],
        (author, DeleteMessage(message)),
        (staff, DeleteMessage(message)),
        (staff, PinMessage(message)),
        (staff, UnpinMessage(pinned)),
        (staff, ApproveMessage(held)),
        (staff, ApproveMessage(held)),
        (staff, RejectMessage(held)),
        (cast.host, ChangeSettings(settings)),
        (anyone, chance.choice((PinMessage(message), ApproveMessage(message), RejectMessage(message)))),
    ]
