"""Recordings from start to film: the manual of ``rooms.recording``."""

from rooms.retention import waiting_for_work
from rooms.state import Pause, Recording
from rooms.view import view
from schemas.artifacts import Artifact, ArtifactKind
from schemas.commands.lifecycle import EndSession
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
from schemas.events.recording import (
    ArtifactAdded,
    RecordingCompleted,
    RecordingPaused,
    RecordingRenamed,
    RecordingResumed,
    RecordingStarted,
    RecordingStepReported,
    RecordingStopped,
)
from schemas.ids import ArtifactId, RecordingId
from schemas.limits import (
    ARTIFACTS_KEPT_MAX,
    RECORDING_PAUSES_MAX,
    RECORDING_STEPS_MAX,
    RECORDINGS_KEPT_MAX,
)
from schemas.rejections import Code
from schemas.view import PauseView
from tests.unit.rooms.classroom import OPERATOR, SAM, SECOND, SERVICE, START, TESS, Class, who


def recorded(room: Class) -> Recording:
    """Starts a recording and stops it a minute later."""
    room.facts(TESS, StartRecording())
    room.now += 60 * SECOND
    room.facts(TESS, StopRecording())
    return room.state.recordings[-1]


def artifact(name: str, kind: ArtifactKind = ArtifactKind.TRACK) -> Artifact:
    return Artifact(ArtifactId(name), kind, f"demo/algebra/r/{name}.webm", "video/webm", 7, "0" * 64)


def test_a_recording_is_started_and_stopped_by_a_host() -> None:
    room = Class().live(TESS, SAM)
    assert room.refusal(SAM, StartRecording()) is Code.FORBIDDEN
    (started,) = room.facts(TESS, StartRecording())
    assert isinstance(started, RecordingStarted)
    assert started.by == who(TESS)
    assert room.refusal(TESS, StartRecording()) is Code.ALREADY_RECORDING
    assert room.refusal(SAM, StopRecording()) is Code.FORBIDDEN
    room.now += SECOND
    assert room.facts(TESS, StopRecording()) == (RecordingStopped(started.recording, "stopped"),)
    assert room.refusal(TESS, StopRecording()) is Code.NOT_RECORDING
    (recording,) = room.state.recordings
    assert (recording.status, recording.started_at, recording.stopped_at) == ("processing", START, room.now)


def test_an_operator_may_record_too() -> None:
    room = Class().live()
    assert room.facts(OPERATOR, StartRecording()) != ()


def test_only_a_running_class_is_recorded() -> None:
    assert Class().created().refusal(TESS, StartRecording()) is Code.SESSION_NOT_LIVE


def test_the_pipeline_is_told_step_by_step() -> None:
    room = Class().live(TESS)
    recording = recorded(room)
    assert [work.recording for work in waiting_for_work(room.state)] == [recording.id]
    begun = ReportStep(recording.id, "capture", "started")
    assert room.facts(SERVICE, begun) == (RecordingStepReported(recording.id, "capture", "started", 0, ""),)
    assert waiting_for_work(room.state) == ()
    assert room.facts(SERVICE, begun) == (), "a worker that repeats itself says nothing new"
    room.facts(SERVICE, ReportStep(recording.id, "capture", "finished", 100))
    assert [(s.step, s.status) for s in room.state.recordings[0].steps] == [("capture", "finished")]
    film = artifact("film", ArtifactKind.COMPOSED)
    assert room.facts(SERVICE, AddArtifact(recording.id, film)) == (ArtifactAdded(recording.id, film),)
    assert room.facts(SERVICE, AddArtifact(recording.id, film)) == ()
    done = CompleteRecording(recording.id, 60_000)
    assert room.facts(SERVICE, done) == (RecordingCompleted(recording.id, 60_000),)
    assert room.facts(SERVICE, done) == ()
    assert room.state.recordings[0].status == "ready"


def test_work_goes_on_after_the_class() -> None:
    room = Class().live(TESS)
    recording = recorded(room)
    room.facts(TESS, EndSession())
    assert room.facts(SERVICE, ReportStep(recording.id, "mix", "started")) != ()


def test_a_failed_step_shows_until_it_is_tried_again() -> None:
    room = Class().live(TESS)
    recording = recorded(room)
    shown = []
    for step in ("failed", "started"):
        room.facts(SERVICE, ReportStep(recording.id, "mix", step))
        shown.append(room.state.recordings[0].status)
    assert shown == ["failed", "processing"]


def test_a_running_recording_cannot_be_complete() -> None:
    room = Class().live(TESS)
    room.facts(TESS, StartRecording())
    running = room.state.recordings[0].id
    assert room.refusal(SERVICE, CompleteRecording(running, 1)) is Code.ALREADY_RECORDING


def test_only_workers_report() -> None:
    room = Class().live(TESS)
    recording = recorded(room)
    for actor in (TESS, OPERATOR):
        assert room.refusal(actor, ReportStep(recording.id, "mix", "started")) is Code.FORBIDDEN
        assert room.refusal(actor, AddArtifact(recording.id, artifact("a"))) is Code.FORBIDDEN
        assert room.refusal(actor, CompleteRecording(recording.id, 1)) is Code.FORBIDDEN


def test_unknown_recordings_are_named_so() -> None:
    nothing = RecordingId("rnothing")
    assert Class().live().refusal(SERVICE, CompleteRecording(nothing, 1)) is Code.NO_SUCH_RECORDING


def test_steps_and_artifacts_are_bounded_and_the_film_stays() -> None:
    room = Class().live(TESS)
    recording = recorded(room)
    for i in range(RECORDING_STEPS_MAX):
        room.facts(SERVICE, ReportStep(recording.id, "step" + "abcdefghijklmnopqrst"[i], "started"))
    assert room.refusal(SERVICE, ReportStep(recording.id, "one_more", "started")) is Code.LIMIT_REACHED
    room.facts(SERVICE, AddArtifact(recording.id, artifact("film", ArtifactKind.COMPOSED)))
    for i in range(ARTIFACTS_KEPT_MAX + 5):
        room.facts(SERVICE, AddArtifact(recording.id, artifact(f"track{i}")))
    kept = room.state.recordings[0].artifacts
    assert len(kept) == ARTIFACTS_KEPT_MAX
    assert kept[0].kind is ArtifactKind.COMPOSED


def test_finished_recordings_make_room_unfinished_ones_stay() -> None:
    room = Class().live(TESS)
    first = recorded(room)
    room.facts(SERVICE, CompleteRecording(first.id, 1))
    for _ in range(RECORDINGS_KEPT_MAX):
        recorded(room)
    assert len(room.state.recordings) == RECORDINGS_KEPT_MAX
    assert first.id not in {r.id for r in room.state.recordings}
    assert room.refusal(TESS, StartRecording()) is Code.LIMIT_REACHED


def test_a_recording_pauses_and_goes_on() -> None:
    room = Class().live(TESS, SAM)
    for command in (PauseRecording(), ResumeRecording()):
        assert room.refusal(SAM, command) is Code.FORBIDDEN
        assert room.refusal(TESS, command) is Code.NOT_RECORDING
    room.facts(TESS, StartRecording())
    running = room.state.recordings[0].id
    assert room.facts(TESS, ResumeRecording()) == (), "it runs"
    room.now += SECOND
    assert room.facts(TESS, PauseRecording()) == (RecordingPaused(running, who(TESS)),)
    assert room.facts(TESS, PauseRecording()) == ()
    assert room.state.recordings[0].status == "paused"
    assert room.refusal(TESS, StartRecording()) is Code.ALREADY_RECORDING
    room.now += SECOND
    assert room.facts(TESS, ResumeRecording()) == (RecordingResumed(running, who(TESS)),)
    (recording,) = room.state.recordings
    assert recording.status == "recording"
    assert recording.pauses == (Pause(START + SECOND, START + 2 * SECOND),)
    (seen,) = view(room.state, who(SAM)).recordings
    assert seen.pauses == (PauseView(START + SECOND, START + 2 * SECOND),)


def test_what_stops_a_paused_recording_ends_its_pause() -> None:
    for stop in (StopRecording(), EndSession()):
        room = Class().live(TESS)
        room.facts(TESS, StartRecording())
        room.facts(TESS, PauseRecording())
        room.now += SECOND
        room.facts(TESS, stop)
        (recording,) = room.state.recordings
        assert recording.status == "processing"
        assert recording.pauses == (Pause(START, START + SECOND),)


def test_pauses_are_bounded() -> None:
    room = Class().live(TESS)
    room.facts(TESS, StartRecording())
    for _ in range(RECORDING_PAUSES_MAX):
        room.facts(TESS, PauseRecording())
        room.facts(TESS, ResumeRecording())
    assert room.refusal(TESS, PauseRecording()) is Code.LIMIT_REACHED


def test_a_recording_gets_a_title_of_its_own() -> None:
    room = Class().live(TESS, SAM)
    recording = recorded(room)
    named = RenameRecording(recording.id, "  Vectors ")
    assert room.refusal(SAM, named) is Code.FORBIDDEN
    assert room.refusal(TESS, RenameRecording(RecordingId("rnothing"), "Vectors")) is Code.NO_SUCH_RECORDING
    assert room.refusal(TESS, RenameRecording(recording.id, "  ")) is Code.MALFORMED
    assert room.facts(TESS, named) == (RecordingRenamed(recording.id, "Vectors"),)
    assert room.facts(TESS, named) == ()
    assert view(room.state, who(SAM)).recordings[0].title == "Vectors"


def test_older_recordings_are_renamed_and_finished_though_the_class_forgot_them() -> None:
    room = Class().live(TESS)
    first = recorded(room)
    room.facts(SERVICE, CompleteRecording(first.id, 1))
    for _ in range(RECORDINGS_KEPT_MAX):
        recorded(room)
    assert room.facts(TESS, RenameRecording(first.id, "Old")) == (RecordingRenamed(first.id, "Old"),)
    assert room.facts(SERVICE, CompleteRecording(first.id, 1)) == ()
    late = artifact("late")
    assert room.facts(SERVICE, AddArtifact(first.id, late)) == (ArtifactAdded(first.id, late),)
    assert room.facts(SERVICE, ReportStep(first.id, "capture", "started")) != ()


def test_reports_about_an_earlier_version_are_stale() -> None:
    room = Class().live(TESS)
    recording = recorded(room)
    for command in (
        ReportStep(recording.id, "mix", "started", version=1),
        AddArtifact(recording.id, artifact("a"), version=1),
        CompleteRecording(recording.id, 1, version=1),
    ):
        assert room.refusal(SERVICE, command) is Code.STALE_VERSION
