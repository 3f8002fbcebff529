"""Reactions: how often each was shown in each class. Hands and turns are of the moment."""

from projectors.model import Fact, Model, Write, queries
from schemas.events.floor import Reacted
from schemas.events.lifecycle import SessionStarted

_sql = queries("floor")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in the totals."""
    tenant, room = fact.key.tenant, fact.key.room
    match fact.data:
        case SessionStarted(session):
            return (Write(_sql["open_session"], (tenant, room, session)),)
        case Reacted(_, reaction):
            return (Write(_sql["count"], (tenant, room, reaction.value)),)
    return ()


MODEL = Model("floor", ("floor_session", "reactions"), _sql["tables"], writes)
