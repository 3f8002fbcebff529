"""Chat: plain text to everybody in the class. The aggregate keeps the latest; the log keeps all."""

from msgspec.structs import replace

from rooms.asker import Asker, new_id
from rooms.permissions import Permission
from rooms.state import Message, RoomState
from rooms.topic import Stamp, Topic
from schemas.commands.chat import PostMessage
from schemas.envelope import Event
from schemas.events.chat import MessagePosted
from schemas.ids import MessageId
from schemas.limits import CHAT_RECENT_MAX
from schemas.rejections import Code, Rejection, rejection


def decide(state: RoomState, asks: Asker, command: PostMessage, now: int) -> tuple[Event, ...] | Rejection:
    """What a wish to write leads to."""
    if asks.present is None:
        return rejection(Code.NOT_A_PARTICIPANT)
    if not asks.may(Permission.CHAT):
        return rejection(Code.FORBIDDEN)
    if not command.text.strip():
        return rejection(Code.MALFORMED, "A message needs words.")
    message = MessageId(new_id(state, asks, "m"))
    author = asks.present
    return (Event(MessagePosted(message, author.id, author.display_name, command.text)),)


def evolve(state: RoomState, fact: MessagePosted, stamp: Stamp) -> RoomState:
    """The room after a message, ."""
    message = Message(fact.message, stamp.seq, stamp.at, fact.participant, fact.display_name, fact.text)
    return replace(state, messages=(*state.messages, message)[-CHAT_RECENT_MAX:])


TOPIC = Topic("chat", (PostMessage,), (MessagePosted,), decide, evolve)
