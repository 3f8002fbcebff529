"""What is taken out of everything that is kept: the manual of ``rooms.redaction``."""

from msgspec.structs import replace

from rooms.retention import Work, waiting_for_work
from rooms.view import view
from schemas.commands.chat import PostMessage
from schemas.commands.lobby import LeaveLobby
from schemas.commands.recording import (
    AddArtifact,
    CompleteRecording,
    DeleteRecording,
    ReportStep,
    StartRecording,
    StopRecording,
)
from schemas.commands.redaction import Redact
from schemas.commands.roster import LeaveSession, RemoveParticipant
from schemas.events.redaction import REMOVED_PERSON, ReasonGiven, Redacted
from schemas.ids import MessageId, RecordingId
from schemas.limits import RECORDING_VERSIONS_MAX
from schemas.rejections import Code
from tests.unit.rooms.classroom import CORA, OPERATOR, SAM, SECOND, SERVICE, TESS, Class, who
from tests.unit.rooms.test_lobby import guarded
from tests.unit.rooms.test_recording import artifact

NOTHING = RecordingId("rnothing")


def filmed(room: Class) -> RecordingId:
    """A recording that can be watched."""
    room.facts(TESS, StartRecording())
    room.now += 10 * SECOND
    room.facts(TESS, StopRecording())
    recording = room.state.recordings[-1].id
    room.facts(SERVICE, ReportStep(recording, "capture", "finished", 100))
    room.facts(SERVICE, AddArtifact(recording, artifact(f"film{recording}"[:40])))
    room.facts(SERVICE, CompleteRecording(recording, 10_000))
    return recording


def test_a_message_goes_and_its_reason_is_for_staff() -> None:
    room = Class().live(TESS, SAM)
    room.facts(SAM, PostMessage("Oh dear"))
    message = room.state.messages[-1].id
    tombstone, reason = room.facts(TESS, Redact("message", " A private number. ", message=message))
    assert isinstance(tombstone, Redacted)
    assert (tombstone.what, tombstone.message, tombstone.recordings) == ("message", message, ())
    assert reason == ReasonGiven(tombstone.redaction, "A private number.")
    assert [event.audience for event in room.log[-1].events] == ["everyone", "staff"]
    assert room.state.messages == ()
    assert view(room.state, who(TESS)).messages == ()


def test_messages_that_only_the_read_model_remembers_are_redacted_too() -> None:
    room = Class().live(TESS)
    (tombstone,) = room.facts(TESS, Redact("message", message=MessageId("mold")))
    assert isinstance(tombstone, Redacted)
    assert tombstone.message == "mold"


def test_only_who_may_redact() -> None:
    room = Class().live(TESS, SAM)
    recording = filmed(room)
    for wish in (
        Redact("message", message=MessageId("m1")),
        Redact("span", recording=recording, since_ms=0, until_ms=1),
        Redact("person", participant=who(CORA)),
    ):
        assert room.refusal(SAM, wish) is Code.FORBIDDEN
    assert room.facts(OPERATOR, Redact("message", message=MessageId("m1"))) != ()


def test_a_redaction_names_what_goes() -> None:
    room = Class().live(TESS)
    recording = filmed(room)
    for wish in (
        Redact("message"),
        Redact("person"),
        Redact("span", since_ms=0, until_ms=1),
        Redact("span", recording=recording, since_ms=5, until_ms=5),
    ):
        assert room.refusal(TESS, wish) is Code.MALFORMED


def test_a_span_is_cut_from_a_recording_which_is_withdrawn_until_it_is_rebuilt() -> None:
    room = Class().live(TESS)
    recording = filmed(room)
    (tombstone,) = room.facts(TESS, Redact("span", recording=recording, since_ms=1_000, until_ms=2_000))
    assert isinstance(tombstone, Redacted)
    assert tombstone.recordings == (recording,)
    assert (tombstone.since_ms, tombstone.until_ms) == (1_000, 2_000)
    (seen,) = view(room.state, who(TESS)).recordings
    assert (seen.status, seen.artifacts, seen.steps, seen.duration_ms) == ("processing", (), (), None)
    assert waiting_for_work(room.state) == (Work("record", recording, f"{recording}-1"),)
    assert room.refusal(SERVICE, AddArtifact(recording, artifact("old"))) is Code.STALE_VERSION
    room.facts(SERVICE, ReportStep(recording, "capture", "started", version=1))
    assert waiting_for_work(room.state) == ()
    room.facts(SERVICE, CompleteRecording(recording, 9_000, version=1))
    assert view(room.state, who(TESS)).recordings[0].duration_ms == 9_000


def test_a_span_is_one_of_a_recording_that_is_over_and_there() -> None:
    room = Class().live(TESS)
    assert room.refusal(TESS, Redact("span", recording=NOTHING, until_ms=1)) is Code.NO_SUCH_RECORDING
    room.facts(TESS, StartRecording())
    running = room.state.recordings[0].id
    assert room.refusal(TESS, Redact("span", recording=running, until_ms=1)) is Code.ALREADY_RECORDING
    room.facts(TESS, StopRecording())
    worn = replace(room.state.shelf[running], version=RECORDING_VERSIONS_MAX)
    room.state = replace(room.state, shelf={running: worn})
    assert room.refusal(TESS, Redact("span", recording=running, until_ms=1)) is Code.LIMIT_REACHED
    room.facts(TESS, DeleteRecording(running))
    assert room.refusal(TESS, Redact("span", recording=running, until_ms=1)) is Code.NO_SUCH_RECORDING


def test_a_person_goes_from_every_recording_that_is_over_and_their_words_lose_the_name() -> None:
    room = Class().live(TESS, SAM)
    room.facts(SAM, PostMessage("Hello"))
    room.facts(TESS, PostMessage("Hello Sam"))
    first, second = filmed(room), filmed(room)
    room.facts(TESS, DeleteRecording(second))
    room.facts(TESS, StartRecording())
    assert room.refusal(TESS, Redact("person", participant=who(SAM))) is Code.SESSION_LIVE
    room.facts(SAM, LeaveSession())
    (tombstone,) = room.facts(TESS, Redact("person", participant=who(SAM)))
    assert isinstance(tombstone, Redacted)
    assert (tombstone.participant, tombstone.recordings) == (who(SAM), (first,))
    assert [m.display_name for m in room.state.messages] == [REMOVED_PERSON, "Tess"]
    assert room.state.shelf[first].version == 1


def test_who_was_sent_out_and_is_redacted_stays_out_without_a_name() -> None:
    room = Class().live(TESS, SAM)
    room.facts(TESS, RemoveParticipant(who(SAM)))
    assert room.state.rights.removed == {who(SAM): "Sam"}
    room.facts(TESS, Redact("person", participant=who(SAM)))
    assert room.state.rights.removed == {who(SAM): REMOVED_PERSON}
    (seen,) = view(room.state, who(TESS)).rights.removed
    assert seen.display_name == REMOVED_PERSON


def test_the_same_command_is_the_same_redaction() -> None:
    room = Class().live(TESS)
    wish = Redact("message", message=MessageId("m1"))
    first, again = (Class().live(TESS).ask(TESS, wish, "same") for _ in range(2))
    assert first == again
    assert room.ask(TESS, wish, "other") != first


def test_who_waits_at_the_door_is_not_redacted_yet() -> None:
    room = guarded("everyone", SAM)
    assert who(SAM) in room.state.lobby.waiting
    assert room.refusal(TESS, Redact("person", participant=who(SAM))) is Code.SESSION_LIVE
    room.facts(SAM, LeaveLobby())
    assert room.facts(TESS, Redact("person", participant=who(SAM))) != ()
