"""The pulse of a class, per slide."""

from projectors.model import Fact, Model, Write, queries
from schemas.events.pulse import PulseSent
from schemas.limits import PULSE_BUCKET_S

_sql = queries("pulse")
_BUCKET_MS = PULSE_BUCKET_S * 1000


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in the curve."""
    match fact.data:
        case PulseSent(session=session, value=value, slide=slide):
            at = fact.at - fact.at % _BUCKET_MS
            ones = (int(value == name) for name in ("lost", "too_fast", "fine"))
            return (Write(_sql["add"], (fact.key.tenant, fact.key.room, session, slide, at, *ones)),)
    return ()


MODEL = Model("pulse", ("pulse",), _sql["tables"], writes)
