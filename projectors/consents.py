"""Who agreed to being recorded, and what was redacted."""

from projectors.model import Fact, Model, Write, queries
from schemas.events.recording import ConsentAnswered, PersonLeftOut, PersonTakenIn
from schemas.events.redaction import ReasonGiven, Redacted

_sql = queries("consents")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in it. ``left_out`` says whether the person is in the recording now."""
    tenant, room = fact.key.tenant, fact.key.room
    match fact.data:
        case ConsentAnswered(recording, participant, agreed):
            answer = "agreed" if agreed else "declined"
            return (Write(_sql["answer"], (tenant, room, recording, participant, answer, fact.at)),)
        case PersonLeftOut(recording, participant):
            return (Write(_sql["leave_out"], (tenant, room, recording, participant, True)),)
        case PersonTakenIn(recording, participant):
            return (Write(_sql["leave_out"], (tenant, room, recording, participant, False)),)
        case Redacted():
            return (_redacted(fact, fact.data),)
        case ReasonGiven(redaction, reason):
            return (Write(_sql["explain"], (tenant, room, redaction, reason)),)
    return ()


def _redacted(fact: Fact, it: Redacted) -> Write:
    what = (fact.key.tenant, fact.key.room, it.redaction, it.what, it.participant, list(it.recordings))
    where = (it.since_ms, it.until_ms, it.message)
    return Write(_sql["redact"], (*what, *where, fact.actor.participant, fact.at, fact.seq))


MODEL = Model("consents", ("recording_consents", "redactions"), _sql["tables"], writes)
