"""Quality: how good people's lines were, as the media nodes summed it up at the end."""

import msgspec

from projectors.model import Fact, Model, Write, queries
from schemas.events.media import QualityReported
from schemas.media import LineQuality

_sql = queries("quality")


def writes(fact: Fact) -> tuple[Write, ...]:
    """The row of a report."""
    match fact.data:
        case QualityReported(participant, session, _, samples, rtt_ms, rtt_ms_worst, up, down):
            key = (fact.key.tenant, fact.key.room, fact.seq, session, participant, fact.at)
            row = (*key, samples, rtt_ms, rtt_ms_worst, _text(up), _text(down))
            return (Write(_sql["report"], row),)
    return ()


def _text(line: LineQuality | None) -> str | None:
    return None if line is None else msgspec.json.encode(line).decode()


MODEL = Model("quality", ("quality",), _sql["tables"], writes)
