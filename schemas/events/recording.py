"""Events of recording, and of consent to it."""

from typing import ClassVar, Literal

from schemas.artifacts import Artifact
from schemas.events.common import EventData
from schemas.ids import (
    ParticipantId,
    RecordingId,
    SessionId,
)


class RecordingStarted(EventData, frozen=True, omit_defaults=True):
    """What flows from now on is kept; with ``asks_consent`` only of those who agree to it."""

    type: ClassVar[str] = "recording.started"
    recording: RecordingId
    session: SessionId
    by: ParticipantId | None
    asks_consent: bool = False


class RecordingPaused(EventData, frozen=True):
    """Nothing is kept until it goes on."""

    type: ClassVar[str] = "recording.paused"
    recording: RecordingId
    by: ParticipantId | None


class RecordingResumed(EventData, frozen=True):
    """What flows is kept again."""

    type: ClassVar[str] = "recording.resumed"
    recording: RecordingId
    by: ParticipantId | None


class RecordingStopped(EventData, frozen=True):
    """Nothing more is kept; the pipeline begins."""

    type: ClassVar[str] = "recording.stopped"
    recording: RecordingId
    reason: Literal["stopped", "session_ended"]


class RecordingRenamed(EventData, frozen=True):
    """The recording has a title of its own."""

    type: ClassVar[str] = "recording.renamed"
    recording: RecordingId
    title: str


class RetentionSet(EventData, frozen=True):
    """The recording is kept until then (Unix milliseconds; 0: for ever), whatever the policy says."""

    type: ClassVar[str] = "recording.retention_set"
    recording: RecordingId
    keep_until: int


class RecordingExpired(EventData, frozen=True):
    """The time for which the recording was to be kept is over; nobody can watch it any more."""

    type: ClassVar[str] = "recording.expired"
    recording: RecordingId


class RecordingDeleted(EventData, frozen=True):
    """Staff took the recording away; nobody can watch it any more."""

    type: ClassVar[str] = "recording.deleted"
    recording: RecordingId
    by: ParticipantId | None


class RecordingErased(EventData, frozen=True):
    """No object of the recording is left."""

    type: ClassVar[str] = "recording.erased"
    recording: RecordingId


# --- consent -------------------------------------------------------------------------------------
class ConsentAnswered(EventData, frozen=True):
    """Somebody agreed to being recorded, or declined."""

    type: ClassVar[str] = "recording.consent_answered"
    recording: RecordingId
    participant: ParticipantId
    agreed: bool


class PersonLeftOut(EventData, frozen=True):
    """Nothing of this person is kept from now on; and whoever is still left out when the recording ends
    is not in it at all. ``by`` says whose wish it is."""

    type: ClassVar[str] = "recording.person_left_out"
    recording: RecordingId
    participant: ParticipantId
    by: Literal["person", "staff"]


class PersonTakenIn(EventData, frozen=True):
    """What this person shares is kept from now on."""

    type: ClassVar[str] = "recording.person_taken_in"
    recording: RecordingId
    participant: ParticipantId


# --- what workers report -------------------------------------------------------------------------
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
    RecordingPaused,
    RecordingResumed,
    RecordingStopped,
    RecordingRenamed,
    RetentionSet,
    RecordingExpired,
    RecordingDeleted,
    RecordingErased,
    ConsentAnswered,
    PersonLeftOut,
    PersonTakenIn,
    RecordingStepReported,
    ArtifactAdded,
    RecordingCompleted,
)
