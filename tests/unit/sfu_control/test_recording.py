"""What of a class is tapped for its recording: only what runs, of those who are in it."""

import asyncio
from typing import cast

import pytest
from msgspec.structs import replace

from bus.interface import Records
from schemas.commands.lifecycle import EndSession
from schemas.commands.recording import (
    AgreeToRecording,
    DeclineRecording,
    LeaveOut,
    PauseRecording,
    ResumeRecording,
    StartRecording,
    StopRecording,
    TakeIn,
)
from schemas.ids import RecordingId
from schemas.media import Source
from schemas.room_settings import RoomSettings
from sfu.tap import RoomTap, TrackTap
from tests.unit.rooms.classroom import KEY, SAM, TESS, VERA, who
from tests.unit.sfu_control.studio import Studio
from tests.unit.sfu_control.test_tap import RECORDING, TRACK, Store, tapped

MIC, CAM = Source.MICROPHONE, Source.CAMERA


@pytest.fixture
def studio() -> Studio:
    return Studio(TESS, SAM)


def asking(studio: Studio) -> None:
    """From now on consent is asked in this room."""
    studio.school.state = replace(studio.school.state, settings=RoomSettings(ask_record_consent=True))


def running(studio: Studio) -> RecordingId:
    recording = studio.school.state.consents.recording
    assert recording is not None
    return recording


def test_a_paused_recording_taps_nothing_also_nothing_new(studio: Studio) -> None:
    send, _ = studio.open(TESS)
    first = studio.publish(TESS, send, MIC)
    studio.says(TESS, StartRecording(), PauseRecording())
    assert studio.forwarder.tapped == set()
    second = studio.publish(TESS, send, CAM)
    assert studio.forwarder.tapped == set()
    studio.says(TESS, ResumeRecording())
    assert studio.forwarder.tapped == {first.id, second.id}
    studio.check()


@pytest.mark.parametrize("end", [StopRecording(), EndSession()])
def test_what_ends_while_it_is_paused_stays_off(studio: Studio, end: StopRecording | EndSession) -> None:
    send, _ = studio.open(TESS)
    studio.publish(TESS, send, MIC)
    studio.says(TESS, StartRecording(), PauseRecording(), end)
    assert studio.forwarder.tapped == set()


def test_who_declined_is_not_tapped_with_old_or_new_tracks(studio: Studio) -> None:
    tess, _ = studio.open(TESS)
    sam, _ = studio.open(SAM)
    teacher = studio.publish(TESS, tess, MIC)
    studio.publish(SAM, sam, MIC)
    studio.says(TESS, StartRecording())
    studio.says(SAM, DeclineRecording(running(studio)))
    assert studio.forwarder.tapped == {teacher.id}
    studio.publish(SAM, sam, CAM)
    studio.says(TESS, PauseRecording(), ResumeRecording())
    assert studio.forwarder.tapped == {teacher.id}
    studio.check()


def test_where_consent_is_asked_who_declines_was_never_tapped(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    ever: set[str] = set()
    set_tap = studio.forwarder.set_tap

    def watched(producer: str, *, on: bool) -> None:
        ever.update([producer] if on else [])
        set_tap(producer, on=on)

    monkeypatch.setattr(studio.forwarder, "set_tap", watched)
    asking(studio)
    sam, _ = studio.open(SAM)
    studio.publish(SAM, sam, MIC)
    studio.says(TESS, StartRecording())
    studio.publish(SAM, sam, CAM)
    studio.says(SAM, DeclineRecording(running(studio)))
    studio.says(TESS, LeaveOut(who(SAM)), PauseRecording(), ResumeRecording(), StopRecording())
    assert ever == set()


def test_where_consent_is_asked_a_track_is_tapped_once_its_person_agreed(studio: Studio) -> None:
    asking(studio)
    sam, _ = studio.open(SAM)
    student = studio.publish(SAM, sam, MIC)
    studio.says(TESS, StartRecording())
    assert studio.forwarder.tapped == set()
    studio.says(SAM, AgreeToRecording(running(studio)))
    assert studio.forwarder.tapped == {student.id}


def test_staff_leave_out_and_take_in(studio: Studio) -> None:
    sam, _ = studio.open(SAM)
    student = studio.publish(SAM, sam, MIC)
    studio.says(TESS, StartRecording(), LeaveOut(who(SAM)))
    assert studio.forwarder.tapped == set()
    studio.says(TESS, TakeIn(who(SAM)))
    assert studio.forwarder.tapped == {student.id}


def test_who_joins_later_is_asked_too() -> None:
    studio = Studio(TESS)
    asking(studio)
    studio.says(TESS, StartRecording())
    studio.school.join(VERA)
    studio.step()
    vera, _ = studio.open(VERA)
    studio.publish(VERA, vera, MIC)
    assert studio.forwarder.tapped == set()


async def test_a_track_is_counted_through_a_pause() -> None:
    """A worker tells a loss by a hole in the count, and the bus keeps one batch per number."""
    store = Store()
    taps: list[TrackTap] = []
    room = RoomTap(KEY, cast("Records", store), taps.append)
    room.switch_to(RECORDING)
    room.add(TRACK, tapped(1))
    (tap,) = taps
    writing = asyncio.create_task(tap.run())
    async with asyncio.timeout(60):
        while not store.stored:  # noqa: ASYNC110  # The store has no event.
            await asyncio.sleep(0.01)
    room.add(TRACK, tapped(1))
    room.switch_to(None)
    await writing
    assert taps == [tap]
    assert [batch.index for batch in store.stored.values()] == [0, 1]
