"""Commands of recording, and of consent to it."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from schemas.artifacts import Artifact
from schemas.commands.common import Command, Milliseconds, Title
from schemas.ids import ParticipantToken, RecordingToken
from schemas.limits import RECORDING_VERSIONS_MAX

Version = Annotated[int, Meta(ge=0, le=RECORDING_VERSIONS_MAX)]


class StartRecording(Command, frozen=True, forbid_unknown_fields=True):
    """Starts recording the tracks of the class, of all people or of those who agree."""

    name: ClassVar[str] = "start_recording"


class StopRecording(Command, frozen=True, forbid_unknown_fields=True):
    """Stops the recording; its artifacts follow."""

    name: ClassVar[str] = "stop_recording"


class PauseRecording(Command, frozen=True, forbid_unknown_fields=True):
    """Keeps nothing until the recording is resumed; the film leaves this time out."""

    name: ClassVar[str] = "pause_recording"


class ResumeRecording(Command, frozen=True, forbid_unknown_fields=True):
    """Goes on after a pause."""

    name: ClassVar[str] = "resume_recording"


class RenameRecording(Command, frozen=True, forbid_unknown_fields=True):
    """Gives a recording a title of its own."""

    name: ClassVar[str] = "rename_recording"
    recording: RecordingToken
    title: Title


class SetRetention(Command, frozen=True, forbid_unknown_fields=True):
    """Says until when a recording is kept (Unix milliseconds; 0: for ever)."""

    name: ClassVar[str] = "set_retention"
    recording: RecordingToken
    keep_until: Milliseconds


class DeleteRecording(Command, frozen=True, forbid_unknown_fields=True):
    """Takes a recording away now; its objects are erased."""

    name: ClassVar[str] = "delete_recording"
    recording: RecordingToken


# --- consent -------------------------------------------------------------------------------------
class AgreeToRecording(Command, frozen=True, forbid_unknown_fields=True):
    """The asker agrees to being in the running recording."""

    name: ClassVar[str] = "agree_to_recording"
    recording: RecordingToken


class DeclineRecording(Command, frozen=True, forbid_unknown_fields=True):
    """The asker does not want to be in the running recording, also not with what was kept so far."""

    name: ClassVar[str] = "decline_recording"
    recording: RecordingToken


class LeaveOut(Command, frozen=True, forbid_unknown_fields=True):
    """Staff leave a person out of the running recording."""

    name: ClassVar[str] = "leave_out"
    participant: ParticipantToken


class TakeIn(Command, frozen=True, forbid_unknown_fields=True):
    """Staff take a person whom they had left out into the running recording, from now on."""

    name: ClassVar[str] = "take_in"
    participant: ParticipantToken


# --- workers -------------------------------------------------------------------------------------
class ReportStep(Command, frozen=True, forbid_unknown_fields=True):
    """A worker reports where a recording's pipeline stands. ``version`` is what it works on."""

    name: ClassVar[str] = "report_step"
    recording: RecordingToken
    step: Annotated[str, Meta(max_length=40, pattern=r"^[a-z_]+$(?!\n)")]
    status: Literal["started", "finished", "failed"]
    progress_percent: Annotated[int, Meta(ge=0, le=100)] = 0
    detail: Annotated[str, Meta(max_length=500)] = ""
    version: Version = 0


class AddArtifact(Command, frozen=True, forbid_unknown_fields=True):
    """A worker announces a finished artifact that is already in the object store."""

    name: ClassVar[str] = "add_artifact"
    recording: RecordingToken
    artifact: Artifact
    version: Version = 0


class CompleteRecording(Command, frozen=True, forbid_unknown_fields=True):
    """A worker says that every artifact of the recording is there."""

    name: ClassVar[str] = "complete_recording"
    recording: RecordingToken
    duration_ms: Milliseconds
    version: Version = 0


class ReportErased(Command, frozen=True, forbid_unknown_fields=True):
    """A worker says that no object of a deleted or expired recording is left."""

    name: ClassVar[str] = "report_erased"
    recording: RecordingToken


CLIENT: tuple[type[Command], ...] = (
    StartRecording,
    StopRecording,
    PauseRecording,
    ResumeRecording,
    RenameRecording,
    SetRetention,
    DeleteRecording,
    AgreeToRecording,
    DeclineRecording,
    LeaveOut,
    TakeIn,
)
SERVICE: tuple[type[Command], ...] = (
    ReportStep,
    AddArtifact,
    CompleteRecording,
    ReportErased,
)
