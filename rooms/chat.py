"""Chat: to everyone, to staff, to one person. The aggregate keeps the latest; the log keeps all.

A **thread** is what the same people read: the class, one person's lines to staff, two people's own.
The latest of each thread are kept, so that whoever may read a thread and was there has the same
messages as who comes now. What is pinned or held stays until somebody decides about it.

A message that is no longer kept cannot be changed: nobody could tell any more whose it is.
"""

from collections import Counter
from typing import assert_never, get_args

from msgspec.structs import replace

from rooms.asker import Asker, new_id
from rooms.permissions import Permission
from rooms.state import RoomState
from rooms.state.chat import Message
from rooms.topic import Decided, Stamp, Topic
from rooms.viewer import Viewer
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
from schemas.envelope import AND_STAFF, STAFF, Audience, Event, may_see
from schemas.events.chat import (
    MessageDeleted,
    MessageEdited,
    MessageHeld,
    MessagePinned,
    MessagePosted,
    MessageReactedTo,
    MessageRejected,
    MessageUnpinned,
    MessageUnreactedTo,
)
from schemas.events.lifecycle import SessionEnded
from schemas.ids import MessageId, ParticipantId
from schemas.limits import (
    CHAT_ASIDES_MAX,
    CHAT_ASIDES_PER_THREAD_MAX,
    CHAT_HELD_MAX,
    CHAT_HELD_PER_PERSON_MAX,
    CHAT_PINNED_MAX,
    CHAT_RECENT_MAX,
    MESSAGE_REACTIONS_MAX,
)
from schemas.messages import EVERYONE, TO_STAFF, MessageReaction
from schemas.rejections import Code, Rejection, rejection
from schemas.view.chat import MessageView

Command = (
    PostMessage
    | EditMessage
    | DeleteMessage
    | ReactToMessage
    | UnreactToMessage
    | PinMessage
    | UnpinMessage
    | ApproveMessage
    | RejectMessage
)
Fact = (
    MessagePosted
    | MessageHeld
    | MessageRejected
    | MessageEdited
    | MessageDeleted
    | MessageReactedTo
    | MessageUnreactedTo
    | MessagePinned
    | MessageUnpinned
    | SessionEnded
)


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> Decided:
    """What a wish about chat leads to."""
    match command:
        case PostMessage():
            return _post(state, asks, command, now)
        case EditMessage():
            return _edit(state, asks, command)
        case DeleteMessage():
            return _delete(state, asks, command)
        case ReactToMessage() | UnreactToMessage():
            return _react(state, asks, command)
        case PinMessage() | UnpinMessage():
            return _pin(state, asks, command)
        case ApproveMessage() | RejectMessage():
            return _moderate(state, asks, command)
        case _:
            assert_never(command)


# --- who reads what ------------------------------------------------------------------------------
def audience(message: Message) -> Audience:
    """Who may read a message, and learns what becomes of it."""
    if message.held:
        return (message.participant, AND_STAFF)
    return _readers(message.participant, message.to)


def _readers(author: ParticipantId, to: ParticipantId) -> Audience:
    if to == EVERYONE:
        return "everyone"
    return (author, AND_STAFF if to == TO_STAFF else to)


def _readable(state: RoomState, asks: Asker, message: MessageId) -> Message | None:
    """The message with this id if it is kept and the asker may read it; nobody learns of others."""
    found = _find(state, message)
    return found if found and may_see(audience(found), asks.participant, asks.role) else None


def _find(state: RoomState, message: MessageId) -> Message | None:
    return next((m for m in state.messages if m.id == message), None)


def _thread(message: Message) -> tuple[str, ...]:
    if message.to == EVERYONE:
        return (EVERYONE,)
    if message.to == TO_STAFF:
        return (TO_STAFF, message.participant)
    return tuple(sorted((message.participant, message.to)))


# --- writing -------------------------------------------------------------------------------------
def _post(state: RoomState, asks: Asker, command: PostMessage, now: int) -> Decided:
    refusal = (
        _refuse_addressee(state, asks, command.to)
        or _refuse_words(command.text, command.format)
        or _refuse_reply(state, asks, command)
    )
    if refusal:
        return refusal
    author = asks.present
    assert author is not None
    message = MessageId(new_id(state, asks, "m"))
    if _find(state, message):
        return ()
    told = (message, author.id, author.display_name, command.text, command.format)
    if author.role in STAFF:
        return (_posted(MessagePosted(*told, command.to, command.reply_to)),)
    if state.settings.slow_mode_s and (wait_s := _wait_s(state, author.id, now)) > 0:
        return rejection(Code.SLOW_MODE, f"The chat is slow now. You may write again in {wait_s} s.")
    if state.settings.hold_messages and command.to == EVERYONE:
        held = [m for m in state.messages if m.held]
        own = sum(1 for m in held if m.participant == author.id)
        if len(held) >= CHAT_HELD_MAX or own >= CHAT_HELD_PER_PERSON_MAX:
            return rejection(Code.LIMIT_REACHED, "Too many messages wait to be checked.")
        return (Event(MessageHeld(*told, command.reply_to), (author.id, AND_STAFF)),)
    return (_posted(MessagePosted(*told, command.to, command.reply_to)),)


def _posted(fact: MessagePosted) -> Event:
    return Event(fact, _readers(fact.participant, fact.to))


def _refuse_addressee(state: RoomState, asks: Asker, to: ParticipantId) -> Rejection | None:
    if not _may_write(state, asks, to):
        return rejection(Code.FORBIDDEN)
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    if to == asks.present.id:
        return rejection(Code.MALFORMED, "A message needs somebody else to read it.")
    if to not in {EVERYONE, TO_STAFF} and to not in state.participants:
        return rejection(Code.NO_SUCH_PARTICIPANT)
    return None


def _may_write(state: RoomState, asks: Asker, to: ParticipantId) -> bool:
    """Whether the asker's words may go there. Who may write to staff may write to each of them."""
    if to == EVERYONE:
        return asks.may(Permission.CHAT)
    if to == TO_STAFF:
        return asks.may(Permission.CHAT_STAFF)
    addressee = state.participants.get(to)
    is_staff = addressee is not None and addressee.role in STAFF
    return asks.may(Permission.CHAT_PRIVATE) or (is_staff and asks.may(Permission.CHAT_STAFF))


def _refuse_words(text: str, kind: str) -> Rejection | None:
    """A text has words. A link is one web address: nothing that runs in a page, nothing that hides."""
    if not text.strip():
        return rejection(Code.MALFORMED, "A message needs words.")
    if kind == "link" and (not text.startswith(("http://", "https://")) or len(text.split()) != 1):
        return rejection(Code.MALFORMED, "A link is one address that begins with http:// or https://.")
    return None


def _refuse_reply(state: RoomState, asks: Asker, command: PostMessage) -> Rejection | None:
    """Who gets an answer must be able to read what it answers."""
    if command.reply_to is None:
        return None
    original = _readable(state, asks, command.reply_to)
    if original is None or original.held:
        return rejection(Code.NO_SUCH_MESSAGE)
    if not _fits(state, _readers(original.participant, original.to), command.to):
        return rejection(Code.MALFORMED, "Not everybody who gets this could read what it answers.")
    return None


def _fits(state: RoomState, original: Audience, to: ParticipantId) -> bool:
    if original == "everyone":
        return True
    if to == EVERYONE:
        return False
    if to == TO_STAFF:
        return AND_STAFF in original
    addressee = state.participants[to]
    return may_see(original, addressee.id, addressee.role)


def _wait_s(state: RoomState, author: ParticipantId, now: int) -> int:
    """How many seconds slow mode lets this person wait, rounded up."""
    wrote_at = state.wrote_at.get(author)
    if wrote_at is None:
        return 0
    return -(-(wrote_at + state.settings.slow_mode_s * 1_000 - now) // 1_000)


def _edit(state: RoomState, asks: Asker, command: EditMessage) -> Decided:
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    message = _readable(state, asks, command.message)
    if message is None:
        return rejection(Code.NO_SUCH_MESSAGE)
    if message.participant != asks.participant:
        return rejection(Code.FORBIDDEN, "Only its author can change a message.")
    if not _may_write(state, asks, message.to):
        return rejection(Code.FORBIDDEN)
    # A text that was approved must not turn into one that was not.
    held_first = state.settings.hold_messages and asks.role not in STAFF
    if held_first and message.to == EVERYONE and not message.held:
        return rejection(Code.HELD_FIRST)
    refusal = _refuse_words(command.text, message.format)
    if refusal:
        return refusal
    if command.text == message.text:
        return ()
    return (Event(MessageEdited(message.id, command.text), audience(message)),)


def _delete(state: RoomState, asks: Asker, command: DeleteMessage) -> Decided:
    if _is_elsewhere(asks):
        return rejection(Code.NOT_A_PARTICIPANT)
    message = _readable(state, asks, command.message)
    if message is None:
        return rejection(Code.NO_SUCH_MESSAGE)
    if message.participant != asks.participant and not asks.may(Permission.MODERATE_CHAT):
        return rejection(Code.FORBIDDEN)
    return (Event(MessageDeleted(message.id, asks.participant), audience(message)),)


# --- feelings about it ---------------------------------------------------------------------------
def _react(state: RoomState, asks: Asker, command: ReactToMessage | UnreactToMessage) -> Decided:
    if not asks.may(Permission.REACT):
        return rejection(Code.FORBIDDEN)
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    who = asks.present.id
    message = _readable(state, asks, command.message)
    if message is None or message.held:
        return rejection(Code.NO_SUCH_MESSAGE)
    before = next((r.reaction for r in message.reactions if r.participant == who), None)
    if isinstance(command, UnreactToMessage):
        return (Event(MessageUnreactedTo(message.id, who), audience(message)),) if before else ()
    if before is command.reaction:
        return ()
    if before is None and len(message.reactions) >= MESSAGE_REACTIONS_MAX:
        return rejection(Code.LIMIT_REACHED)
    return (Event(MessageReactedTo(message.id, who, command.reaction), audience(message)),)


# --- moderation ----------------------------------------------------------------------------------
def _pin(state: RoomState, asks: Asker, command: PinMessage | UnpinMessage) -> Decided:
    message = _moderated(state, asks, command.message)
    if isinstance(message, Rejection):
        return message
    if isinstance(command, UnpinMessage):
        return (Event(MessageUnpinned(message.id, asks.participant)),) if message.pinned else ()
    if message.held or message.to != EVERYONE:
        return rejection(Code.MALFORMED, "Only what everybody can read is pinned.")
    if message.pinned:
        return ()
    if sum(1 for m in state.messages if m.pinned) >= CHAT_PINNED_MAX:
        return rejection(Code.LIMIT_REACHED)
    return (Event(MessagePinned(message.id, asks.participant)),)


def _moderate(state: RoomState, asks: Asker, command: ApproveMessage | RejectMessage) -> Decided:
    held = _moderated(state, asks, command.message)
    if isinstance(held, Rejection):
        return held
    if isinstance(command, RejectMessage):
        if not held.held:
            return rejection(Code.NO_SUCH_MESSAGE, "This message is shown already. Delete it instead.")
        return (Event(MessageRejected(held.id, asks.participant), audience(held)),)
    if not held.held:
        return ()
    shown = (held.id, held.participant, held.display_name, held.text, held.format, held.to, held.reply_to)
    return (_posted(MessagePosted(*shown)),)


def _moderated(state: RoomState, asks: Asker, message: MessageId) -> Message | Rejection:
    if not asks.may(Permission.MODERATE_CHAT):
        return rejection(Code.FORBIDDEN)
    if _is_elsewhere(asks):
        return rejection(Code.NOT_A_PARTICIPANT)
    return _readable(state, asks, message) or rejection(Code.NO_SUCH_MESSAGE)


def _is_elsewhere(asks: Asker) -> bool:
    return asks.present is None and asks.actor.kind != "operator"


# --- facts ---------------------------------------------------------------------------------------
def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about chat. What is said about a message that is not kept moves nothing."""
    match fact:
        case MessagePosted():
            was_held = _find(state, fact.message) is not None
            state = _with(state, _message(fact, stamp))
            return state if was_held else _wrote(state, fact.participant, stamp.at)
        case MessageHeld():
            return _wrote(_with(state, _message(fact, stamp)), fact.participant, stamp.at)
        case MessageEdited(message=message, text=text):
            return _change(state, message, text=text, edited_at=stamp.at)
        case MessageDeleted(message=message) | MessageRejected(message=message):
            return replace(state, messages=tuple(m for m in state.messages if m.id != message))
        case MessageReactedTo(message=message, participant=who, reaction=reaction):
            return _feel(state, message, who, (MessageReaction(who, reaction),))
        case MessageUnreactedTo(message=message, participant=who):
            return _feel(state, message, who, ())
        case MessagePinned(message=message):
            return _change(state, message, pinned=True)
        case MessageUnpinned(message=message):
            return _change(state, message, pinned=False)
        case SessionEnded():
            return replace(state, messages=tuple(m for m in state.messages if not m.held), wrote_at={})
        case _:
            assert_never(fact)


def _message(fact: MessagePosted | MessageHeld, stamp: Stamp) -> Message:
    return Message(
        fact.message,
        stamp.seq,
        stamp.at,
        fact.participant,
        fact.display_name,
        fact.text,
        fact.format,
        fact.to if isinstance(fact, MessagePosted) else EVERYONE,
        fact.reply_to,
        held=isinstance(fact, MessageHeld),
    )


def _with(state: RoomState, message: Message) -> RoomState:
    others = tuple(m for m in state.messages if m.id != message.id)
    return replace(state, messages=_kept((*others, message)))


def _kept(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The latest of each thread, and what is pinned or held."""
    counts: Counter[tuple[str, ...]] = Counter()
    kept: list[Message] = []
    asides = 0
    for message in reversed(messages):
        if not (message.pinned or message.held):
            thread = _thread(message)
            counts[thread] += 1
            aside = message.to != EVERYONE
            asides += aside
            if counts[thread] > (CHAT_ASIDES_PER_THREAD_MAX if aside else CHAT_RECENT_MAX):
                continue
            if aside and asides > CHAT_ASIDES_MAX:
                continue
        kept.append(message)
    return tuple(reversed(kept))


def _change(state: RoomState, message: MessageId, **changes: object) -> RoomState:
    changed = tuple(replace(m, **changes) if m.id == message else m for m in state.messages)
    return replace(state, messages=_kept(changed))


def _feel(
    state: RoomState, message: MessageId, who: ParticipantId, now: tuple[MessageReaction, ...]
) -> RoomState:
    found = _find(state, message)
    if found is None:
        return state
    others = tuple(r for r in found.reactions if r.participant != who)
    return _change(state, message, reactions=(*others, *now))


def _wrote(state: RoomState, who: ParticipantId, at: int) -> RoomState:
    """Remembers, in slow mode, who wrote when; those who may write again anyway are forgotten."""
    slow_ms = state.settings.slow_mode_s * 1_000
    if not slow_ms:
        return state if not state.wrote_at else replace(state, wrote_at={})
    recent = {p: t for p, t in state.wrote_at.items() if t > at - slow_ms}
    return replace(state, wrote_at={**recent, who: at})


def view(state: RoomState, viewer: Viewer) -> tuple[MessageView, ...]:
    """The messages that somebody may read, in order."""
    return tuple(
        MessageView(
            m.id,
            m.seq,
            m.at,
            m.participant,
            m.display_name,
            m.text,
            m.format,
            m.to,
            m.reply_to,
            m.edited_at,
            m.pinned,
            m.held,
            m.reactions,
        )
        for m in state.messages
        if may_see(audience(m), viewer.participant, viewer.role)
    )


TOPIC = Topic("chat", get_args(Command), get_args(Fact), decide, evolve)
