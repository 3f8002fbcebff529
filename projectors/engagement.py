"""Engagement: who did what in which step of a class. Scores are made when read (``reads.engagement``)."""

from projectors.acts import KINDS, act
from projectors.model import Fact, Model, Write, queries
from schemas.events.lifecycle import SessionEnded, SessionStarted
from schemas.limits import ENGAGEMENT_STEP_S

_sql = queries("engagement")
_STEP_MS = ENGAGEMENT_STEP_S * 1000


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact adds to the steps of the running class."""
    tenant, room = fact.key.tenant, fact.key.room
    match fact.data:
        case SessionStarted(session):
            return (Write(_sql["open_session"], (tenant, room, session)),)
        case SessionEnded():
            return (Write(_sql["close_session"], (tenant, room)),)
    done = act(fact)
    if done is None:
        return ()
    row = (tenant, room, step_of(fact.at), done.participant or "", *done.counts)
    return (Write(_sql["act"], row, adds=len(KINDS)),)


def step_of(at: int) -> int:
    """When the step began in which this moment lies; both in Unix milliseconds."""
    return at - at % _STEP_MS


MODEL = Model("engagement", ("engagement_session", "engagement"), _sql["tables"], writes)
