"""Who is in a recording: the manual of ``rooms.consent``."""

import pytest
from msgspec.structs import replace

from rooms import consent
from rooms.consent import is_recorded
from rooms.state.consent import Standing
from rooms.view import view
from schemas.commands import Command
from schemas.commands.recording import (
    AgreeToRecording,
    DeclineRecording,
    LeaveOut,
    StartRecording,
    StopRecording,
    TakeIn,
)
from schemas.commands.roster import LeaveSession
from schemas.envelope import AND_STAFF, Actor
from schemas.events.recording import ConsentAnswered, PersonLeftOut, PersonTakenIn, RecordingStarted
from schemas.ids import ParticipantId, RecordingId
from schemas.rejections import Code
from schemas.room_settings import RoomSettings
from schemas.view.consent import ConsentsView, ConsentView
from tests.unit.rooms.classroom import CORA, OPERATOR, SAM, TESS, VERA, Class, who

NOBODY = ParticipantId("pnobody")


def recording(room: Class, *, asks: bool = False) -> RecordingId:
    """Tess starts to record."""
    room.state = replace(room.state, settings=RoomSettings(ask_record_consent=asks))
    room.facts(TESS, StartRecording())
    running = room.state.consents.recording
    assert running is not None
    return running


def recorded(room: Class) -> set[Actor]:
    return {a for a in (TESS, SAM, VERA) if is_recorded(room.state.consents, who(a))}


def test_without_asking_everybody_is_told_and_recorded() -> None:
    room = Class().live(TESS, SAM, VERA)
    running = recording(room)
    assert recorded(room) == {TESS, SAM, VERA}
    assert view(room.state, who(SAM)).consents == ConsentsView(running, False, "unanswered", ())


def test_where_consent_is_asked_only_who_agreed_is_recorded() -> None:
    room = Class().live(TESS, SAM, VERA)
    running = recording(room, asks=True)
    assert recorded(room) == {TESS}, "who starts a recording agrees to it"
    assert room.facts(SAM, AgreeToRecording(running)) == (
        ConsentAnswered(running, who(SAM), agreed=True),
        PersonTakenIn(running, who(SAM)),
    )
    assert room.facts(SAM, AgreeToRecording(running)) == ()
    assert recorded(room) == {TESS, SAM}


def test_an_operator_who_starts_a_recording_agrees_for_nobody() -> None:
    room = Class().live(TESS)
    room.state = replace(room.state, settings=RoomSettings(ask_record_consent=True))
    (started,) = room.facts(OPERATOR, StartRecording())
    assert isinstance(started, RecordingStarted)
    assert started.asks_consent
    assert recorded(room) == set()


@pytest.mark.parametrize("asks", [False, True])
def test_who_declines_is_left_out_and_may_think_again(asks: bool) -> None:
    room = Class().live(TESS, SAM)
    running = recording(room, asks=asks)
    room.facts(SAM, AgreeToRecording(running))
    assert room.facts(SAM, DeclineRecording(running)) == (
        ConsentAnswered(running, who(SAM), agreed=False),
        PersonLeftOut(running, who(SAM), "person"),
    )
    assert room.facts(SAM, DeclineRecording(running)) == ()
    assert SAM not in recorded(room)
    assert PersonTakenIn(running, who(SAM)) in room.facts(SAM, AgreeToRecording(running))
    assert SAM in recorded(room)


def test_who_was_not_recorded_anyway_changes_nothing_by_declining() -> None:
    room = Class().live(TESS, SAM)
    running = recording(room, asks=True)
    assert room.facts(SAM, DeclineRecording(running)) == (ConsentAnswered(running, who(SAM), agreed=False),)


def test_agreeing_where_nobody_asks_is_only_an_answer() -> None:
    room = Class().live(TESS, SAM)
    running = recording(room)
    assert room.facts(SAM, AgreeToRecording(running)) == (ConsentAnswered(running, who(SAM), agreed=True),)


@pytest.mark.parametrize("command", [AgreeToRecording, DeclineRecording])
def test_only_people_in_class_answer_and_only_about_what_runs(command: type[Command]) -> None:
    room = Class().live(TESS, SAM)
    nothing = RecordingId("rnothing")
    assert room.refusal(SAM, command(nothing)) is Code.NO_SUCH_RECORDING
    running = recording(room)
    assert room.refusal(SAM, command(nothing)) is Code.NO_SUCH_RECORDING
    assert room.refusal(VERA, command(running)) is Code.NOT_A_PARTICIPANT
    assert room.refusal(OPERATOR, command(running)) is Code.NOT_A_PARTICIPANT


def test_the_same_wish_is_answered_once() -> None:
    room = Class().live(TESS, SAM)
    running = recording(room)
    for actor, command in (
        (SAM, DeclineRecording(running)),
        (SAM, AgreeToRecording(running)),
        (TESS, LeaveOut(who(SAM))),
        (TESS, TakeIn(who(SAM))),
    ):
        assert room.facts(actor, command) != ()
        assert room.facts(actor, command) == (), "already so"


def test_staff_leave_a_person_out_and_take_them_in_again() -> None:
    room = Class().live(TESS, SAM)
    running = recording(room)
    assert room.facts(TESS, LeaveOut(who(SAM))) == (PersonLeftOut(running, who(SAM), "staff"),)
    assert room.facts(SAM, AgreeToRecording(running)) == (ConsentAnswered(running, who(SAM), agreed=True),), (
        "whoever staff keep out stays out"
    )
    assert recorded(room) == {TESS, VERA}
    assert view(room.state, who(SAM)).consents.mine == "left_out"
    assert room.facts(TESS, TakeIn(who(SAM))) == (PersonTakenIn(running, who(SAM)),)
    assert recorded(room) == {TESS, SAM, VERA}


@pytest.mark.parametrize("command", [LeaveOut, TakeIn])
def test_only_who_may_record_decides_about_others(command: type[Command]) -> None:
    room = Class().live(TESS, SAM)
    assert room.refusal(SAM, command(who(TESS))) is Code.FORBIDDEN
    assert room.refusal(TESS, command(who(SAM))) is Code.NOT_RECORDING
    recording(room)
    assert room.refusal(SAM, command(who(TESS))) is Code.FORBIDDEN
    assert room.refusal(TESS, command(NOBODY)) is Code.NO_SUCH_PARTICIPANT


def test_nobody_takes_in_who_declined_or_was_asked_and_did_not_answer() -> None:
    room = Class().live(TESS, SAM, VERA)
    running = recording(room, asks=True)
    assert room.refusal(TESS, TakeIn(who(VERA))) is Code.NO_CONSENT
    room.facts(SAM, DeclineRecording(running))
    room.facts(TESS, LeaveOut(who(SAM)))
    assert room.refusal(TESS, TakeIn(who(SAM))) is Code.NO_CONSENT


def test_who_left_the_class_can_still_be_left_out() -> None:
    room = Class().live(TESS, SAM)
    running = recording(room)
    room.facts(SAM, AgreeToRecording(running))
    room.facts(SAM, LeaveSession())
    assert room.facts(TESS, LeaveOut(who(SAM))) != ()
    room.join(SAM)
    assert SAM not in recorded(room), "coming back changes nothing"


def test_the_next_recording_asks_anew() -> None:
    room = Class().live(TESS, SAM)
    room.facts(SAM, DeclineRecording(recording(room)))
    room.facts(TESS, StopRecording())
    assert view(room.state, who(SAM)).consents == ConsentsView(None, False, None, ())
    room.facts(TESS, StartRecording())
    assert view(room.state, who(SAM)).consents.mine == "unanswered"
    assert SAM in recorded(room)


def test_what_somebody_said_is_for_them_and_staff() -> None:
    room = Class().live(TESS, SAM, VERA)
    running = recording(room)
    room.facts(SAM, DeclineRecording(running))
    assert {event.audience for event in room.log[-1].events} == {(who(SAM), AND_STAFF)}
    room.facts(TESS, LeaveOut(who(VERA)))
    room.facts(TESS, TakeIn(who(VERA)))
    for commit in room.log[-2:]:
        assert {event.audience for event in commit.events} == {(who(VERA), AND_STAFF)}
    sam = ConsentView(who(SAM), "declined", left_out=False)
    vera = ConsentView(who(VERA), "unanswered", left_out=False)
    assert view(room.state, who(TESS)).consents.people == (sam, vera)
    assert view(room.state, who(SAM)).consents.people == (sam,)
    assert view(room.state, who(CORA)).consents == ConsentsView(None, False, None, ()), "at the door"


def test_what_is_known_of_people_is_bounded_and_who_is_out_is_never_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consent, "PARTICIPANTS_MAX", 1)
    room = Class().live(TESS, SAM, VERA)
    running = recording(room)
    room.facts(SAM, AgreeToRecording(running))
    room.facts(VERA, DeclineRecording(running))
    assert room.state.consents.people == {who(VERA): Standing("declined")}
    assert room.refusal(SAM, DeclineRecording(running)) is Code.LIMIT_REACHED
    assert room.refusal(TESS, LeaveOut(who(SAM))) is Code.LIMIT_REACHED
    room.facts(SAM, AgreeToRecording(running))
    assert room.state.consents.people == {who(VERA): Standing("declined")}
    assert room.facts(TESS, LeaveOut(who(VERA))) != ()


def test_an_answer_about_another_recording_means_nothing_now() -> None:
    room = Class().live(TESS, SAM)
    before = recording(room)
    room.facts(TESS, StopRecording())
    late = consent.agreement(before, who(SAM))
    room.store(SAM, "late", late)
    assert room.state.consents.people == {}
