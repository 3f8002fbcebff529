"""Recordings: one at a time while the class runs, then worked on until they can be watched.

``recording`` becomes ``processing`` when it stops, ``ready`` when a worker says that everything is
there. A failed step shows as ``failed`` until the same step is tried again.
"""

from typing import assert_never, get_args

from msgspec.structs import replace

from rooms.asker import Asker, new_id
from rooms.permissions import Permission
from rooms.state import Recording, RecordingStatus, RoomState, Step
from rooms.topic import Stamp, Topic
from rooms.viewer import Viewer
from schemas.artifacts import Artifact, ArtifactKind
from schemas.commands.recording import (
    AddArtifact,
    CompleteRecording,
    ReportStep,
    StartRecording,
    StopRecording,
)
from schemas.envelope import Event
from schemas.events.recording import (
    ArtifactAdded,
    RecordingCompleted,
    RecordingStarted,
    RecordingStepReported,
    RecordingStopped,
)
from schemas.ids import RecordingId
from schemas.limits import ARTIFACTS_KEPT_MAX, RECORDING_STEPS_MAX, RECORDINGS_KEPT_MAX
from schemas.rejections import Code, Rejection, rejection
from schemas.view.consent import ConsentsView

Command = StartRecording | StopRecording | ReportStep | AddArtifact | CompleteRecording
Fact = RecordingStarted | RecordingStopped | RecordingStepReported | ArtifactAdded | RecordingCompleted


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> tuple[Event, ...] | Rejection:
    """What a wish about a recording leads to."""
    match command:
        case StartRecording():
            return _start(state, asks)
        case StopRecording():
            return _stop(state, asks)
        case ReportStep() | AddArtifact() | CompleteRecording():
            recording = _find(state, command.recording)
            if recording is None:
                return rejection(Code.NO_SUCH_RECORDING)
            return _report(recording, command)
        case _:
            assert_never(command)


def _start(state: RoomState, asks: Asker) -> tuple[Event, ...] | Rejection:
    if not asks.may(Permission.RECORD):
        return rejection(Code.FORBIDDEN)
    if state.live is None:
        return rejection(Code.SESSION_NOT_LIVE)
    if state.recording:
        return rejection(Code.ALREADY_RECORDING)
    if sum(1 for r in state.recordings if _is_unfinished(r)) >= RECORDINGS_KEPT_MAX:
        return rejection(Code.LIMIT_REACHED, "Earlier recordings are still being worked on.")
    recording = RecordingId(new_id(state, asks, "r"))
    return (Event(RecordingStarted(recording, state.live.id, asks.participant)),)


def _stop(state: RoomState, asks: Asker) -> tuple[Event, ...] | Rejection:
    if not asks.may(Permission.RECORD):
        return rejection(Code.FORBIDDEN)
    if state.recording is None:
        return rejection(Code.NOT_RECORDING)
    return (Event(RecordingStopped(state.recording.id, "stopped")),)


def _report(
    recording: Recording, command: ReportStep | AddArtifact | CompleteRecording
) -> tuple[Event, ...] | Rejection:
    """A worker may repeat itself; what is known already is no news."""
    match command:
        case ReportStep():
            step = Step(command.step, command.status, command.progress_percent, command.detail)
            if step in recording.steps:
                return ()
            names = {s.step for s in recording.steps}
            if command.step not in names and len(names) >= RECORDING_STEPS_MAX:
                return rejection(Code.LIMIT_REACHED)
            return (
                Event(
                    RecordingStepReported(
                        recording.id, step.step, step.status, step.progress_percent, step.detail
                    )
                ),
            )
        case AddArtifact(artifact=artifact):
            if artifact in recording.artifacts:
                return ()
            return (Event(ArtifactAdded(recording.id, artifact)),)
        case CompleteRecording():
            if recording.status == "recording":
                return rejection(Code.ALREADY_RECORDING)
            if recording.status == "ready" and recording.duration_ms == command.duration_ms:
                return ()
            return (Event(RecordingCompleted(recording.id, command.duration_ms)),)
        case _:
            assert_never(command)


def _find(state: RoomState, recording: RecordingId) -> Recording | None:
    return next((r for r in state.recordings if r.id == recording), None)


def _is_unfinished(recording: Recording) -> bool:
    return recording.status in {"recording", "processing"}


def waiting_for_work(state: RoomState) -> tuple[RecordingId, ...]:
    """Recordings that have stopped and that no worker has taken up yet."""
    return tuple(r.id for r in state.recordings if r.status == "processing" and not r.steps)


# --- facts ---------------------------------------------------------------------------------------
def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about a recording."""
    match fact:
        case RecordingStarted():
            recording = Recording(fact.recording, fact.session, stamp.at, fact.by)
            return replace(state, recordings=_bounded((*state.recordings, recording)))
        case RecordingStopped():
            return _change(state, fact.recording, status="processing", stopped_at=stamp.at)
        case RecordingStepReported():
            return _reported(state, fact)
        case ArtifactAdded():
            known = _find(state, fact.recording)
            added = _with_artifact(known.artifacts if known else (), fact.artifact)
            return _change(state, fact.recording, artifacts=added)
        case RecordingCompleted():
            return _change(state, fact.recording, status="ready", duration_ms=fact.duration_ms)
        case _:
            assert_never(fact)


def _reported(state: RoomState, fact: RecordingStepReported) -> RoomState:
    recording = _find(state, fact.recording)
    if recording is None:
        return state
    step = Step(fact.step, fact.status, fact.progress_percent, fact.detail)
    known = any(s.step == step.step for s in recording.steps)
    steps = (
        tuple(step if s.step == step.step else s for s in recording.steps)
        if known
        else (*recording.steps, step)
    )
    status: RecordingStatus = recording.status
    if status in {"processing", "failed"}:
        status = "failed" if any(s.status == "failed" for s in steps) else "processing"
    return _change(state, recording.id, steps=steps, status=status)


def _change(state: RoomState, recording: RecordingId, **changes: object) -> RoomState:
    return replace(
        state,
        recordings=tuple(replace(r, **changes) if r.id == recording else r for r in state.recordings),
    )


def _bounded(recordings: tuple[Recording, ...]) -> tuple[Recording, ...]:
    """Forgets the oldest finished ones."""
    extra = len(recordings) - RECORDINGS_KEPT_MAX
    done = [r.id for r in recordings if not _is_unfinished(r)][: max(extra, 0)]
    return tuple(r for r in recordings if r.id not in done)


def _with_artifact(artifacts: tuple[Artifact, ...], new: Artifact) -> tuple[Artifact, ...]:
    """Replaces one of the same id; when too many, the oldest track goes, never film or poster."""
    kept = (*(a for a in artifacts if a.id != new.id), new)
    if len(kept) <= ARTIFACTS_KEPT_MAX:
        return kept
    goes = next((a for a in kept if a.kind is ArtifactKind.TRACK), kept[0])
    return tuple(a for a in kept if a is not goes)


def view(state: RoomState, viewer: Viewer) -> ConsentsView:
    """What somebody sees of it."""
    return ConsentsView()


TOPIC = Topic("recording", get_args(Command), get_args(Fact), decide, evolve)
