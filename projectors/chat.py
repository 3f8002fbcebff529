"""Chat messages: to whom, what became of them, and what people felt about them."""

from projectors.model import Fact, Model, Write, queries
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
from schemas.events.redaction import REMOVED_PERSON, Redacted
from schemas.ids import ParticipantId
from schemas.messages import EVERYONE

_sql = queries("chat")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in messages."""
    tenant, room = fact.key.tenant, fact.key.room
    match fact.data:
        case MessagePosted():
            return (Write(_sql["post"], _row(fact, fact.data, fact.data.to)),)
        case MessageHeld():
            return (Write(_sql["hold"], _row(fact, fact.data, EVERYONE)),)
        case MessageRejected(message):
            return (Write(_sql["reject"], (tenant, room, message)),)
        case MessageEdited(message, text):
            return (Write(_sql["edit"], (tenant, room, message, text, fact.at)),)
        case MessageDeleted(message):
            return (Write(_sql["delete"], (tenant, room, message, fact.at)),)
        case MessageReactedTo(message, participant, reaction):
            return (Write(_sql["react"], (tenant, room, message, participant, reaction.value, fact.seq)),)
        case MessageUnreactedTo(message, participant):
            return (Write(_sql["unreact"], (tenant, room, message, participant)),)
        case MessagePinned(message):
            return (Write(_sql["pin"], (tenant, room, message, True)),)
        case MessageUnpinned(message):
            return (Write(_sql["pin"], (tenant, room, message, False)),)
        case Redacted(what="message", message=message) if message is not None:
            return (Write(_sql["delete"], (tenant, room, message, fact.at)),)
        case Redacted(what="person", participant=who) if who is not None:
            return (Write(_sql["rename"], (tenant, room, who, REMOVED_PERSON)),)
    return ()


def _row(fact: Fact, data: MessagePosted | MessageHeld, to: ParticipantId) -> tuple[object, ...]:
    return (
        fact.key.tenant,
        fact.key.room,
        fact.seq,
        data.message,
        fact.at,
        data.participant,
        data.display_name,
        data.text,
        data.format,
        to,
        data.reply_to,
    )


MODEL = Model("chat", ("messages", "message_reactions"), _sql["tables"], writes)
