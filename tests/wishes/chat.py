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
from schemas.commands.roster import JoinSession
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
    """What somebody may want now. Without its host a class has nothing to say: first people come."""
    absent = [person for person in cast.everyone if person.participant not in state.participants]
    if len(absent) > 1 or cast.host in absent:
        return [(person, JoinSession(person.display_name)) for person in absent]
    anyone = cast.anyone(chance)
    message = chance.choice([*state.messages[-6:], None])
    if message is None:
        return [
            (cast.host, EditMessage(GONE, "t")),
            (anyone, DeleteMessage(GONE)),
            *_writing(state, chance, cast),
        ]
    author = next((p for p in cast.everyone if p.participant == message.participant), anyone)
    slow = replace(state.settings, hold_messages=chance.random() < 0.7, slow_mode_s=chance.choice((0, 0, 2)))
    change: list[Wish] = [
        (anyone, ReactToMessage(message.id, chance.choice(list(Reaction)))),
        (anyone, ReactToMessage(message.id, Reaction.HEART)),
        *[(chance.choice(cast.everyone), UnreactToMessage(m.id)) for m in state.messages if m.reactions],
        (author, EditMessage(message.id, chance.choice(TEXTS))),
        (anyone, EditMessage(message.id, chance.choice(TEXTS))),
        (chance.choice((author, cast.host, anyone)), DeleteMessage(message.id)),
        (cast.host, PinMessage(message.id)),
        (cast.host, UnpinMessage(message.id)),
        *[(cast.host, UnpinMessage(m.id)) for m in state.messages if m.pinned] * 3,
        (
            anyone,
            chance.choice((PinMessage(message.id), ApproveMessage(message.id), RejectMessage(message.id))),
        ),
        (cast.host, ChangeSettings(slow)),
        (cast.host, ChangeSettings(slow)),
    ]
    for waiting in (m.id for m in state.messages if m.held):
        change += [(cast.host, ApproveMessage(waiting)), (cast.host, RejectMessage(waiting))]
    return change + _writing(state, chance, cast)


def _writing(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    to = chance.choice((EVERYONE, EVERYONE, EVERYONE, TO_STAFF, *state.participants, ParticipantId("nobody")))
    kind, text = chance.choice(
        [
            *(("plain", text) for text in TEXTS),
            ("formula", r"\int_0^1 x\,dx"),
            ("code", "print(1)"),
            ("link", "https://example.org/?q=1"),
            ("link", "javascript:alert(1)"),
        ]
    )
    post = PostMessage(text, kind, to)  # type: ignore[arg-type]  # One of the four formats.
    answered = chance.choice([GONE, *(m.id for m in state.messages)])
    return [
        *[(person, post) for person in cast.everyone],
        (cast.anyone(chance), replace(post, reply_to=answered)),
    ]
