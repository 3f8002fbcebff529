"""How good people's lines were: what the edge asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from projectors.model import queries
from schemas.ids import ParticipantId
from schemas.limits import QUALITY_PARTICIPATIONS_MAX
from schemas.media import LineQuality

if TYPE_CHECKING:
    from projectors.reads import Pool
    from schemas.ids import RoomKey, SessionId

_sql = queries("quality")


class QualityRow(Struct, frozen=True):
    """What a node measured of somebody's line until ``at`` (Unix milliseconds): ``up`` is what the person
    sent, ``down`` what they got. Who came back, or was moved between nodes, has several."""

    participant: ParticipantId
    display_name: str
    at: int
    samples: int
    rtt_ms: float | None
    rtt_ms_worst: float | None
    up: LineQuality | None
    down: LineQuality | None


async def quality(
    pool: Pool, key: RoomKey, session: SessionId, participant: ParticipantId | None = None
) -> tuple[QualityRow, ...]:
    """The reports of a class, in the order in which they came in; if ``participant`` is given, only
    theirs."""
    rows = await pool.fetch(
        _sql["of_session"], key.tenant, key.room, session, participant, QUALITY_PARTICIPATIONS_MAX
    )
    return tuple(_row(dict(row)) for row in rows)


def _row(row: dict[str, object]) -> QualityRow:
    lines = {name: msgspec.json.decode(str(row[name] or "null")) for name in ("up", "down")}
    return msgspec.convert({**row, **lines}, QualityRow)
