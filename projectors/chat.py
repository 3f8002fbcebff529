"""Chat messages."""

from projectors.model import Fact, Model, Write, queries
from schemas.events.chat import MessagePosted

_sql = queries("chat")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in messages."""
    match fact.data:
        case MessagePosted(message, participant, display_name, text):
            key = fact.key
            row = (key.tenant, key.room, fact.seq, message, fact.at, participant, display_name, text)
            return (Write(_sql["post"], row),)
    return ()


MODEL = Model("chat", ("messages",), _sql["tables"], writes)
