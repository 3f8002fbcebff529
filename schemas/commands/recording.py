"""Commands of recording."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from schemas.artifacts import Artifact
from schemas.commands.common import Command, Milliseconds
from schemas.ids import (
    RecordingToken,
)


class StartRecording(Command, frozen=True, forbid_unknown_fields=True):
    """Starts recording all tracks of the class."""

    name: ClassVar[str] = "start_recording"


class StopRecording(Command, frozen=True, forbid_unknown_fields=True):
    """Stops the recording; its artifacts follow."""

    name: ClassVar[str] = "stop_recording"


class ReportStep(Command, frozen=True, forbid_unknown_fields=True):
    """A worker reports where a recording's pipeline stands."""

    name: ClassVar[str] = "report_step"
    recording: RecordingToken
    step: Annotated[str, Meta(max_length=40, pattern=r"^[a-z_]+$")]
    status: Literal["started", "finished", "failed"]
    progress_percent: Annotated[int, Meta(ge=0, le=100)] = 0
    detail: Annotated[str, Meta(max_length=500)] = ""


class AddArtifact(Command, frozen=True, forbid_unknown_fields=True):
    """A worker announces a finished artifact that is already in the object store."""

    name: ClassVar[str] = "add_artifact"
    recording: RecordingToken
    artifact: Artifact


class CompleteRecording(Command, frozen=True, forbid_unknown_fields=True):
    """A worker says that every artifact of the recording is there."""

    name: ClassVar[str] = "complete_recording"
    recording: RecordingToken
    duration_ms: Milliseconds


CLIENT: tuple[type[Command], ...] = (
    StartRecording,
    StopRecording,
)
SERVICE: tuple[type[Command], ...] = (
    ReportStep,
    AddArtifact,
    CompleteRecording,
)
