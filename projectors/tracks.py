"""Tracks: what was shared by whom, and when it ended."""

from projectors.model import Fact, Model, Write, queries
from schemas.events.tracks import TrackClosed, TrackPublished

_sql = queries("tracks")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in tracks."""
    tenant, room = fact.key.tenant, fact.key.room
    match fact.data:
        case TrackPublished(track, participant, kind, source, mime_type):
            row = (tenant, room, track, participant, kind.value, source.value, mime_type, fact.at)
            return (Write(_sql["publish"], row),)
        case TrackClosed(track, reason):
            return (Write(_sql["close"], (tenant, room, track, fact.at, reason)),)
    return ()


MODEL = Model("tracks", ("tracks",), _sql["tables"], writes)
