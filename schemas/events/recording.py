"""Events of recording."""

from typing import ClassVar, Literal

from schemas.artifacts import Artifact
from schemas.events.common import EventData
from schemas.ids import (
    ParticipantId,
    RecordingId,
    SessionId,
)


class RecordingStarted(EventData, frozen=True):
    """Everything that flows from now on is kept."""

    type: ClassVar[str] = "recording.started"
    recording: RecordingId
    session: SessionId
    by: ParticipantId | None


class RecordingStopped(EventData, frozen=True):
    """Nothing more is kept; the pipeline begins."""

    type: ClassVar[str] = "recording.stopped"
    recording: RecordingId
    reason: Literal["stopped", "session_ended"]


class RecordingStepReported(EventData, frozen=True):
    """Where the pipeline of a recording stands."""

    type: ClassVar[str] = "recording.step_reported"
    recording: RecordingId
    step: str
    status: Literal["started", "finished", "failed"]
    progress_percent: int
    detail: str


class ArtifactAdded(EventData, frozen=True):
    """An artifact is in the object store."""

    type: ClassVar[str] = "recording.artifact_added"
    recording: RecordingId
    artifact: Artifact


class RecordingCompleted(EventData, frozen=True):
    """Every artifact of the recording is there."""

    type: ClassVar[str] = "recording.completed"
    recording: RecordingId
    duration_ms: int


EVENTS: tuple[type[EventData], ...] = (
    RecordingStarted,
    RecordingStopped,
    RecordingStepReported,
    ArtifactAdded,
    RecordingCompleted,
)
