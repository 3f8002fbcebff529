"""Recordings with their steps, pauses and artifacts, and the recordings that are gone."""

from typing import Literal

from projectors.model import Fact, Model, Write, queries
from schemas.events.recording import (
    ArtifactAdded,
    RecordingCompleted,
    RecordingDeleted,
    RecordingErased,
    RecordingExpired,
    RecordingPaused,
    RecordingRenamed,
    RecordingResumed,
    RecordingStarted,
    RecordingStepReported,
    RecordingStopped,
    RetentionSet,
)
from schemas.events.redaction import Redacted
from schemas.ids import ParticipantId, RecordingId

_sql = queries("recordings")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in recordings, steps, pauses and artifacts."""
    tenant, room = fact.key.tenant, fact.key.room
    match fact.data:
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
        case RecordingRenamed(recording, title):
            return (Write(_sql["rename"], (tenant, room, recording, title)),)
        case RetentionSet(recording, keep_until):
            return (Write(_sql["keep"], (tenant, room, recording, keep_until)),)
        case Redacted(recordings=recordings):
            return tuple(write for recording in recordings for write in _withdrawn(fact, recording))
    return _in_class(fact) or _gone(fact)


def _in_class(fact: Fact) -> tuple[Write, ...]:
    tenant, room, at = fact.key.tenant, fact.key.room, fact.at
    match fact.data:
        case RecordingStarted(recording, session, _, asked):
            return (Write(_sql["start"], (tenant, room, recording, session, at, asked)),)
        case RecordingPaused(recording):
            return (
                Write(_sql["pause"], (tenant, room, recording, at, fact.seq)),
                Write(_sql["set_paused"], (tenant, room, recording, "paused")),
            )
        case RecordingResumed(recording):
            return (
                Write(_sql["end_pause"], (tenant, room, recording, at)),
                Write(_sql["set_paused"], (tenant, room, recording, "recording")),
            )
        case RecordingStopped(recording):
            return (
                Write(_sql["end_pause"], (tenant, room, recording, at)),
                Write(_sql["stop"], (tenant, room, recording, at)),
            )
    return ()


def _gone(fact: Fact) -> tuple[Write, ...]:
    match fact.data:
        case RecordingDeleted(recording, by):
            return _forgotten(fact, recording, "deleted", by)
        case RecordingExpired(recording):
            return _forgotten(fact, recording, "expired", None)
        case RecordingErased(recording):
            return (Write(_sql["erase"], (fact.key.tenant, fact.key.room, recording, fact.at)),)
    return ()


def _forgotten(
    fact: Fact, recording: RecordingId, why: Literal["deleted", "expired"], by: ParticipantId | None
) -> tuple[Write, ...]:
    which = (fact.key.tenant, fact.key.room, recording)
    return (
        *(Write(_sql[name], which) for name in ("forget_steps", "forget_artifacts", "forget_pauses")),
        Write(_sql["go"], (*which, why, by, fact.at)),
    )


def _withdrawn(fact: Fact, recording: RecordingId) -> tuple[Write, ...]:
    """What is rebuilt begins anew."""
    which = (fact.key.tenant, fact.key.room, recording)
    return tuple(Write(_sql[name], which) for name in ("withdraw", "forget_steps", "forget_artifacts"))


def _added(fact: Fact, added: ArtifactAdded) -> Write:
    it = added.artifact
    address = (fact.key.tenant, fact.key.room, added.recording, it.id, it.kind.value, it.key, it.media_type)
    size = (it.bytes, it.sha256, it.duration_ms, it.offset_ms, it.track, it.width_px, it.height_px)
    return Write(_sql["add_artifact"], (*address, *size, fact.seq))


MODEL = Model(
    "recordings",
    ("recordings", "recording_pauses", "recordings_gone", "recording_steps", "artifacts"),
    _sql["tables"],
    writes,
)
