"""Recordings with their steps and artifacts."""

from projectors.model import Fact, Model, Write, queries
from schemas.events.recording import (
    ArtifactAdded,
    RecordingCompleted,
    RecordingStarted,
    RecordingStepReported,
    RecordingStopped,
)

_sql = queries("recordings")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in recordings, steps and artifacts."""
    tenant, room = fact.key.tenant, fact.key.room
    match fact.data:
        case RecordingStarted(recording, session):
            return (Write(_sql["start"], (tenant, room, recording, session, fact.at)),)
        case RecordingStopped(recording):
            return (Write(_sql["stop"], (tenant, room, recording, fact.at)),)
        case RecordingStepReported(recording, step, status, percent, detail):
            row = (tenant, room, recording, step, status, percent, detail, fact.seq, fact.at)
            return (
                Write(_sql["report"], row),
                Write(_sql["judge"], (tenant, room, recording)),
            )
        case ArtifactAdded():
            return (_added(fact, fact.data),)
        case RecordingCompleted(recording, duration_ms):
            return (Write(_sql["complete"], (tenant, room, recording, duration_ms)),)
    return ()


def _added(fact: Fact, added: ArtifactAdded) -> Write:
    it = added.artifact
    address = (fact.key.tenant, fact.key.room, added.recording, it.id, it.kind.value, it.key, it.media_type)
    size = (it.bytes, it.sha256, it.duration_ms, it.offset_ms, it.track, it.width_px, it.height_px)
    return Write(_sql["add_artifact"], (*address, *size, fact.seq))


MODEL = Model("recordings", ("recordings", "recording_steps", "artifacts"), _sql["tables"], writes)
