"""How long recordings are kept: the manual of ``rooms.retention``."""

import pytest
from msgspec.structs import replace

from rooms import recording as recording_rules
from rooms import retention
from rooms.retention import Work, waiting_for_work
from rooms.room import next_deadline
from rooms.view import view
from schemas.commands.deadlines import DeadlinePassed
from schemas.commands.lifecycle import EndSession
from schemas.commands.recording import (
    AddArtifact,
    CompleteRecording,
    DeleteRecording,
    RenameRecording,
    ReportErased,
    ReportStep,
    SetRetention,
    StartRecording,
    StopRecording,
)
from schemas.events.recording import RecordingDeleted, RecordingErased, RecordingExpired, RetentionSet
from schemas.ids import RecordingId
from schemas.policy import Policy
from schemas.rejections import Code
from tests.unit.rooms.classroom import CORA, OPERATOR, SAM, SECOND, SERVICE, START, TESS, Class, who
from tests.unit.rooms.test_recording import artifact

DAY = 86_400 * SECOND
NOTHING = RecordingId("rnothing")


def kept(room: Class) -> RecordingId:
    """A recording that is ready, of a class that is over."""
    room.facts(TESS, StartRecording())
    room.facts(TESS, StopRecording())
    recording = room.state.recordings[-1].id
    room.facts(SERVICE, CompleteRecording(recording, 1))
    room.facts(TESS, EndSession())
    return recording


def ready() -> tuple[Class, RecordingId]:
    room = Class().live(TESS, SAM)
    return room, kept(room)


def test_a_recording_is_kept_until_a_day_that_staff_name() -> None:
    room, recording = ready()
    wish = SetRetention(recording, START + DAY)
    assert room.refusal(SAM, wish) is Code.FORBIDDEN
    assert room.refusal(TESS, SetRetention(NOTHING, START + DAY)) is Code.NO_SUCH_RECORDING
    assert room.refusal(TESS, SetRetention(recording, START)) is Code.MALFORMED
    assert room.facts(TESS, wish) == (RetentionSet(recording, START + DAY),)
    assert room.facts(TESS, wish) == ()
    assert view(room.state, who(TESS)).recordings[0].keep_until == START + DAY
    assert next_deadline(room.state) == START + DAY
    room.now = START + DAY
    assert room.facts(SERVICE, DeadlinePassed(room.now)) == (RecordingExpired(recording),)
    assert view(room.state, who(TESS)).recordings == ()
    assert next_deadline(room.state) is None


def test_the_policy_says_how_long_unless_staff_do() -> None:
    room, recording = ready()
    assert next_deadline(room.state) is None
    room.state = replace(room.state, policy=Policy(keep_recordings_days=30))
    assert next_deadline(room.state) == START + 30 * DAY
    room.facts(TESS, SetRetention(recording, 0))
    assert next_deadline(room.state) is None, "0 is for ever"


def test_a_running_recording_does_not_expire() -> None:
    room = Class().live(TESS)
    room.facts(TESS, StartRecording())
    running = room.state.recordings[0].id
    room.facts(TESS, SetRetention(running, START + SECOND))
    room.now += 2 * SECOND
    room.facts(TESS, StopRecording())
    assert room.facts(SERVICE, DeadlinePassed(room.now)) == (RecordingExpired(running),)


def test_many_expire_in_bounded_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "EXPIRIES_PER_COMMIT_MAX", 1)
    room = Class().live(TESS)
    for _ in range(2):
        room.facts(TESS, StartRecording())
        room.facts(TESS, StopRecording())
        room.facts(TESS, SetRetention(room.state.recordings[-1].id, START + SECOND))
    room.now = START + SECOND
    assert len(room.facts(SERVICE, DeadlinePassed(room.now))) == 1
    assert len(room.facts(SERVICE, DeadlinePassed(room.now))) == 1
    assert room.state.recordings == ()


def test_staff_delete_a_recording_at_once() -> None:
    room, recording = ready()
    for actor in (SAM, CORA):
        assert room.refusal(actor, DeleteRecording(recording)) is Code.FORBIDDEN
    assert room.refusal(TESS, DeleteRecording(NOTHING)) is Code.NO_SUCH_RECORDING
    assert room.facts(TESS, DeleteRecording(recording)) == (RecordingDeleted(recording, who(TESS)),)
    assert room.facts(TESS, DeleteRecording(recording)) == ()
    assert room.state.recordings == ()
    assert waiting_for_work(room.state) == (Work("purge", recording, f"{recording}-purge"),)


def test_an_operator_deletes_too_and_nobody_a_running_recording() -> None:
    room = Class().live(TESS)
    room.facts(TESS, StartRecording())
    running = room.state.recordings[0].id
    assert room.refusal(OPERATOR, DeleteRecording(running)) is Code.ALREADY_RECORDING
    room.facts(TESS, StopRecording())
    assert room.facts(OPERATOR, DeleteRecording(running)) == (RecordingDeleted(running, None),)


def test_nothing_happens_to_a_deleted_recording_but_its_erasure() -> None:
    room, recording = ready()
    room.facts(TESS, DeleteRecording(recording))
    assert room.refusal(TESS, SetRetention(recording, 0)) is Code.NO_SUCH_RECORDING
    assert room.refusal(TESS, RenameRecording(recording, "New")) is Code.NO_SUCH_RECORDING
    for late in (
        ReportStep(recording, "mix", "started"),
        AddArtifact(recording, artifact("a")),
        CompleteRecording(recording, 1),
    ):
        assert room.refusal(SERVICE, late) is Code.NO_SUCH_RECORDING
    assert room.refusal(TESS, ReportErased(recording)) is Code.FORBIDDEN
    assert room.facts(SERVICE, ReportErased(recording)) == (RecordingErased(recording),)
    assert room.facts(SERVICE, ReportErased(recording)) == ()
    assert room.state.shelf == {}
    assert waiting_for_work(room.state) == ()


def test_only_what_was_deleted_is_erased() -> None:
    room, recording = ready()
    assert room.facts(SERVICE, ReportErased(recording)) == ()
    assert recording in room.state.shelf


def test_a_full_shelf_takes_no_more_recordings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_rules, "RECORDINGS_SHELVED_MAX", 1)
    room = Class().live(TESS)
    room.facts(TESS, StartRecording())
    room.facts(TESS, StopRecording())
    assert room.refusal(TESS, StartRecording()) is Code.LIMIT_REACHED
    recording = room.state.recordings[0].id
    room.facts(TESS, DeleteRecording(recording))
    room.facts(SERVICE, ReportErased(recording))
    assert room.facts(TESS, StartRecording()) != ()
