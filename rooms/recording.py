"""Recordings: one at a time while the class runs, then worked on until they can be watched.

``recording`` and ``paused`` take turns until it stops; then it is ``processing``, and ``ready`` when a
worker says that everything is there. A failed step shows as ``failed`` until the same step is tried
again. A redaction makes it ``processing`` anew. Who is in it: ``rooms.consent``; how long it is kept,
and what waits for a worker: ``rooms.retention``.
"""

from typing import assert_never, get_args

from msgspec.structs import replace

from rooms import consent
from rooms.asker import Asker, new_id
from rooms.permissions import Permission
from rooms.state import Pause, Recording, RecordingStatus, RoomState, Step
from rooms.topic import Stamp, Topic
from schemas.artifacts import Artifact, ArtifactKind
from schemas.commands.recording import (
    AddArtifact,
    CompleteRecording,
    PauseRecording,
    RenameRecording,
    ReportStep,
    ResumeRecording,
    StartRecording,
    StopRecording,
)
from schemas.envelope import Event
from schemas.events.recording import (
    ArtifactAdded,
    RecordingCompleted,
    RecordingDeleted,
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
from schemas.ids import RecordingId
from schemas.limits import (
    ARTIFACTS_KEPT_MAX,
    RECORDING_PAUSES_MAX,
    RECORDING_STEPS_MAX,
    RECORDINGS_KEPT_MAX,
    RECORDINGS_SHELVED_MAX,
)
from schemas.rejections import Code, Rejection, rejection

Command = (
    StartRecording
    | StopRecording
    | PauseRecording
    | ResumeRecording
    | RenameRecording
    | ReportStep
    | AddArtifact
    | CompleteRecording
)
Fact = (
    RecordingStarted
    | RecordingPaused
    | RecordingResumed
    | RecordingStopped
    | RecordingRenamed
    | RetentionSet
    | RecordingExpired
    | RecordingDeleted
    | RecordingStepReported
    | ArtifactAdded
    | RecordingCompleted
    | Redacted
)


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> tuple[Event, ...] | Rejection:
    """What a wish about a recording leads to."""
    match command:
        case ReportStep() | AddArtifact() | CompleteRecording():
            return _report(state, command)
        case _ if not asks.may(Permission.RECORD):
            return rejection(Code.FORBIDDEN)
        case StartRecording():
            return _start(state, asks)
        case RenameRecording():
            return _rename(state, command)
        case StopRecording() | PauseRecording() | ResumeRecording():
            if state.recording is None:
                return rejection(Code.NOT_RECORDING)
            return _steer(state.recording, asks, command)
        case _:
            assert_never(command)


def _start(state: RoomState, asks: Asker) -> tuple[Event, ...] | Rejection:
    if state.live is None:
        return rejection(Code.SESSION_NOT_LIVE)
    if state.recording:
        return rejection(Code.ALREADY_RECORDING)
    if sum(1 for r in state.recordings if _is_unfinished(r)) >= RECORDINGS_KEPT_MAX:
        return rejection(Code.LIMIT_REACHED, "Earlier recordings are still being worked on.")
    if len(state.shelf) >= RECORDINGS_SHELVED_MAX:
        return rejection(Code.LIMIT_REACHED, "This room keeps as many recordings as it can. Delete some.")
    recording = RecordingId(new_id(state, asks, "r"))
    asks_consent = state.settings.ask_record_consent
    started = Event(RecordingStarted(recording, state.live.id, asks.participant, asks_consent))
    # Who starts a recording agrees to it.
    agreed = consent.agreement(recording, asks.present.id) if asks_consent and asks.present else ()
    return (started, *agreed)


def _steer(
    recording: Recording, asks: Asker, command: StopRecording | PauseRecording | ResumeRecording
) -> tuple[Event, ...] | Rejection:
    match command:
        case StopRecording():
            return (Event(RecordingStopped(recording.id, "stopped")),)
        case PauseRecording() if recording.status == "paused":
            return ()
        case PauseRecording():
            if len(recording.pauses) >= RECORDING_PAUSES_MAX:
                return rejection(Code.LIMIT_REACHED)
            return (Event(RecordingPaused(recording.id, asks.participant)),)
        case ResumeRecording() if recording.status == "recording":
            return ()
        case ResumeRecording():
            return (Event(RecordingResumed(recording.id, asks.participant)),)
        case _:
            assert_never(command)


def _rename(state: RoomState, command: RenameRecording) -> tuple[Event, ...] | Rejection:
    """Older recordings than the aggregate remembers are renamed too; whether it changes them, the read
    model knows."""
    shelved = state.shelf.get(command.recording)
    if shelved is None or shelved.work == "purge":
        return rejection(Code.NO_SUCH_RECORDING)
    title = command.title.strip()
    if not title:
        return rejection(Code.MALFORMED, "A title is needed.")
    known = _find(state, command.recording)
    if known is not None and known.title == title:
        return ()
    return (Event(RecordingRenamed(command.recording, title)),)


def _report(
    state: RoomState, command: ReportStep | AddArtifact | CompleteRecording
) -> tuple[Event, ...] | Rejection:
    """A worker may repeat itself; what is known already is no news."""
    shelved = state.shelf.get(command.recording)
    if shelved is None or shelved.work == "purge":
        return rejection(Code.NO_SUCH_RECORDING)
    if shelved.version != command.version:
        return rejection(Code.STALE_VERSION)
    recording = _find(state, command.recording)
    match command:
        case ReportStep():
            return _report_step(recording, command)
        case AddArtifact(artifact=artifact):
            if recording is not None and artifact in recording.artifacts:
                return ()
            return (Event(ArtifactAdded(command.recording, artifact)),)
        case CompleteRecording():
            if shelved.stopped_at is None:
                return rejection(Code.ALREADY_RECORDING)
            if shelved.work == "" and (recording is None or recording.duration_ms == command.duration_ms):
                return ()
            return (Event(RecordingCompleted(command.recording, command.duration_ms)),)
        case _:
            assert_never(command)


def _report_step(recording: Recording | None, command: ReportStep) -> tuple[Event, ...] | Rejection:
    step = Step(command.step, command.status, command.progress_percent, command.detail)
    known = recording.steps if recording is not None else ()
    if step in known:
        return ()
    names = {s.step for s in known}
    if step.step not in names and len(names) >= RECORDING_STEPS_MAX:
        return rejection(Code.LIMIT_REACHED)
    return (
        Event(
            RecordingStepReported(
                command.recording, step.step, step.status, step.progress_percent, step.detail
            )
        ),
    )


def _find(state: RoomState, recording: RecordingId) -> Recording | None:
    return next((r for r in state.recordings if r.id == recording), None)


def _is_unfinished(recording: Recording) -> bool:
    return recording.status in {"recording", "paused", "processing"}


# --- facts ---------------------------------------------------------------------------------------
def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room after a fact about a recording."""
    match fact:
        case RecordingStarted():
            recording = Recording(fact.recording, fact.session, stamp.at, fact.by)
            return replace(state, recordings=_bounded((*state.recordings, recording)))
        case RecordingPaused():
            return _paused(state, fact.recording, stamp.at)
        case RecordingResumed():
            return _resumed(state, fact.recording, stamp.at, status="recording")
        case RecordingStopped():
            return _resumed(state, fact.recording, stamp.at, status="processing", stopped_at=stamp.at)
        case RecordingRenamed():
            return _change(state, fact.recording, title=fact.title)
        case RetentionSet():
            return _change(state, fact.recording, keep_until=fact.keep_until)
        case RecordingExpired() | RecordingDeleted():
            kept = tuple(r for r in state.recordings if r.id != fact.recording)
            return replace(state, recordings=kept)
        case RecordingStepReported() | ArtifactAdded() | RecordingCompleted():
            return _worked_on(state, fact)
        case Redacted():
            for each in fact.recordings:
                state = _change(state, each, status="processing", steps=(), artifacts=(), duration_ms=None)
            return state
        case _:
            assert_never(fact)


def _paused(state: RoomState, recording: RecordingId, at: int) -> RoomState:
    known = _find(state, recording)
    pauses = (*(known.pauses if known else ()), Pause(at))[-RECORDING_PAUSES_MAX:]
    return _change(state, recording, status="paused", pauses=pauses)


def _resumed(state: RoomState, recording: RecordingId, at: int, **changes: object) -> RoomState:
    """Also what stops a paused recording ends its pause."""
    known = _find(state, recording)
    pauses = known.pauses if known else ()
    if pauses and pauses[-1].until is None:
        pauses = (*pauses[:-1], Pause(pauses[-1].since, at))
    return _change(state, recording, pauses=pauses, **changes)


def _worked_on(
    state: RoomState, fact: RecordingStepReported | ArtifactAdded | RecordingCompleted
) -> RoomState:
    match fact:
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


TOPIC = Topic("recording", get_args(Command), get_args(Fact), decide, evolve)
