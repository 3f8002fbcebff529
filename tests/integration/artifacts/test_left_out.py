"""What is not in a film: pauses, people who were left out, what was redacted; and what is gone."""

from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from artifacts.layout import Box
from artifacts.worker import RecordJob, purge
from schemas.artifacts import Artifact, ArtifactKind
from schemas.commands.recording import (
    DeclineRecording,
    DeleteRecording,
    LeaveOut,
    PauseRecording,
    ResumeRecording,
    TakeIn,
)
from schemas.commands.redaction import Redact
from schemas.ids import RecordingId, TrackId
from schemas.limits import COMPOSED_HEIGHT_PX, COMPOSED_WIDTH_PX
from schemas.media import Source
from tests.integration.artifacts.broadcast import FLASH_MS, Sending, pictures, sounds
from tests.integration.artifacts.clerk import KEY, STUDENT, TEACHER
from tests.integration.artifacts.conftest import Studio, TestJob, node_us
from tests.integration.artifacts.measure import watch

SECONDS = 5.0
LENGTH_MS = 5_000
SYNC_MS = 80
WHOLE = Box(0, 0, COMPOSED_WIDTH_PX, COMPOSED_HEIGHT_PX)
IN_FILM = tuple(flash for flash in FLASH_MS if flash < LENGTH_MS)


def camera(mime_type: str = "video/vp8") -> Sending:
    """A camera with a key frame every second."""
    codec = "libx264" if mime_type == "video/H264" else "libvpx"
    return Sending(mime_type, pictures(SECONDS, 320, 180, codec, 25), node_us(0), seed=1, encode_ms=30)


def microphone() -> Sending:
    return Sending("audio/opus", sounds(SECONDS), node_us(0), seed=2, encode_ms=5)


async def on_air(studio: Studio) -> tuple[RecordingId, TrackId, TrackId]:
    """Teacher with microphone and camera, recorded from the beginning."""
    await studio.lesson.begin(TEACHER, STUDENT)
    mic = await studio.lesson.publish(0, TEACHER, Source.MICROPHONE, "audio/opus")
    cam = await studio.lesson.publish(0, TEACHER, Source.CAMERA, "video/VP8")
    return await studio.lesson.record(0), mic, cam


async def latest(studio: Studio, kind: ArtifactKind, tmp_path: Path, track: TrackId | None = None) -> Path:
    """A copy of the newest artifact of its kind (and track)."""
    found = [a for a in await studio.artifacts() if a.kind is kind and a.track == track]
    path = tmp_path / f"latest-{found[-1].key.rpartition('/')[2]}"
    await studio.store.fetch_file(found[-1].key, path)
    return path


async def stored(studio: Studio) -> set[str]:
    return set(await studio.store.keys(f"{KEY.tenant}/{KEY.room}/"))


def shown(studio: Studio) -> tuple[Artifact, ...]:
    return studio.clerk.state.recordings[0].artifacts


def assert_flashes_and_beeps(path: Path, expected: tuple[int, ...]) -> None:
    film = watch(path, WHOLE)
    print(f"flashes {film.flashes_ms}, beeps {film.beeps_ms}, expected {expected}")
    for found in (film.flashes_ms, film.beeps_ms):
        assert len(found) == len(expected)
        assert all(abs(f - e) <= SYNC_MS for f, e in zip(found, expected, strict=True))


async def test_a_pause_is_not_in_film_and_tracks_and_what_follows_is_in_sync(
    studio: Studio, tmp_path: Path
) -> None:
    recording, mic, cam = await on_air(studio)
    await studio.lesson.ask(2_000, TEACHER, PauseRecording())
    await studio.lesson.ask(3_000, TEACHER, ResumeRecording())
    await studio.lesson.stop(LENGTH_MS)
    silent = ((2_000, 3_000),)  # The tap is off.
    await studio.send(recording, mic, structs.replace(microphone(), muted_ms=silent))
    await studio.send(recording, cam, structs.replace(camera(), muted_ms=silent))
    await studio.attempt(recording)
    assert studio.clerk.state.recordings[0].duration_ms == LENGTH_MS - 1_000
    expected = tuple(f if f < 2_000 else f - 1_000 for f in IN_FILM if not 2_000 <= f < 3_000)
    assert_flashes_and_beeps(await latest(studio, ArtifactKind.COMPOSED, tmp_path), expected)
    (sound,) = (a for a in await studio.artifacts() if a.track == mic)
    assert abs(sound.offset_ms + sound.duration_ms - (LENGTH_MS - 1_000)) <= 500


async def test_who_declined_is_neither_seen_nor_heard_nor_kept(studio: Studio, tmp_path: Path) -> None:
    recording, mic, cam = await on_air(studio)
    other = await studio.lesson.publish(0, STUDENT, Source.MICROPHONE, "audio/opus")
    await studio.lesson.ask(1_500, STUDENT, DeclineRecording(recording))
    await studio.lesson.stop(LENGTH_MS)
    await studio.send(recording, cam, camera())
    await studio.send(recording, mic, structs.replace(microphone(), muted_ms=((0, LENGTH_MS),)))
    await studio.send(recording, other, microphone())
    await studio.attempt(recording)
    assert {a.track for a in await studio.artifacts() if a.kind is ArtifactKind.TRACK} == {cam}
    film = watch(await latest(studio, ArtifactKind.COMPOSED, tmp_path), WHOLE)
    assert film.beeps_ms == []
    assert len(film.flashes_ms) == len(IN_FILM), "the teacher's picture has the place for itself"


async def test_who_was_left_out_for_a_while_is_silent_then(studio: Studio, tmp_path: Path) -> None:
    recording, mic, cam = await on_air(studio)
    assert TEACHER.participant is not None
    await studio.lesson.ask(1_900, TEACHER, LeaveOut(TEACHER.participant))
    await studio.lesson.ask(3_900, TEACHER, TakeIn(TEACHER.participant))
    await studio.lesson.stop(LENGTH_MS)
    await studio.send(recording, mic, microphone())  # A tap that did not obey.
    await studio.send(recording, cam, structs.replace(camera(), muted_ms=((1_900, 3_900),)))
    await studio.attempt(recording)
    expected = tuple(f for f in IN_FILM if not 1_900 <= f < 3_900)
    assert_flashes_and_beeps(await latest(studio, ArtifactKind.COMPOSED, tmp_path), expected)
    assert studio.clerk.state.recordings[0].duration_ms == LENGTH_MS


@pytest.mark.parametrize("mime_type", ["video/vp8", "video/H264"])
async def test_a_redacted_span_is_cut_from_everything_and_the_old_objects_go(
    studio: Studio, tmp_path: Path, mime_type: str
) -> None:
    await studio.lesson.begin(TEACHER)
    mic = await studio.lesson.publish(0, TEACHER, Source.MICROPHONE, "audio/opus")
    wire = "video/VP8" if mime_type == "video/vp8" else mime_type
    cam = await studio.lesson.publish(0, TEACHER, Source.CAMERA, wire)
    recording = await studio.lesson.record(0)
    await studio.lesson.stop(LENGTH_MS)
    await studio.send(recording, mic, microphone())
    await studio.send(recording, cam, camera(mime_type))
    await studio.attempt(recording)
    before = await stored(studio)
    cut = (1_700, 2_900)
    await studio.lesson.ask(
        9_000, TEACHER, Redact("span", recording=recording, since_ms=cut[0], until_ms=cut[1])
    )
    assert shown(studio) == ()
    await studio.attempt(recording)
    assert studio.clerk.state.recordings[0].status == "ready"
    assert studio.clerk.state.recordings[0].duration_ms == LENGTH_MS - 1_200
    expected = tuple(f if f < cut[0] else f - 1_200 for f in IN_FILM if not cut[0] <= f < cut[1])
    assert_flashes_and_beeps(await latest(studio, ArtifactKind.COMPOSED, tmp_path), expected)
    seen = watch(await latest(studio, ArtifactKind.TRACK, tmp_path, cam))
    heard = watch(await latest(studio, ArtifactKind.TRACK, tmp_path, mic))
    assert len(seen.flashes_ms) == len(heard.beeps_ms) == len(expected)
    now = await stored(studio)
    assert now == {artifact.key for artifact in shown(studio)}
    assert not now & before


async def test_a_redacted_person_is_gone_from_everything_and_a_stranger_changes_nothing(
    studio: Studio, tmp_path: Path
) -> None:
    recording, mic, cam = await on_air(studio)
    other = await studio.lesson.publish(0, STUDENT, Source.MICROPHONE, "audio/opus")
    await studio.lesson.stop(LENGTH_MS)
    await studio.send(recording, cam, camera())
    await studio.send(recording, mic, structs.replace(microphone(), muted_ms=((0, LENGTH_MS),)))
    await studio.send(recording, other, microphone())
    await studio.attempt(recording)
    first = shown(studio)
    assert {a.track for a in first} >= {cam, other}
    assert STUDENT.participant is not None
    await studio.lesson.leave(6_000, STUDENT)
    await studio.lesson.ask(9_000, TEACHER, Redact("person", participant=STUDENT.participant))
    await studio.attempt(recording)
    assert {a.track for a in shown(studio) if a.kind is ArtifactKind.TRACK} == {cam}
    assert watch(await latest(studio, ArtifactKind.COMPOSED, tmp_path)).beeps_ms == []
    assert await stored(studio) == {artifact.key for artifact in shown(studio)}
    made = shown(studio)
    await studio.lesson.ask(9_500, TEACHER, Redact("person", participant=STUDENT.participant))
    await studio.attempt(recording)
    assert shown(studio) == made
    assert studio.clerk.state.recordings[0].status == "ready"


async def test_a_deleted_recording_leaves_no_object(studio: Studio) -> None:
    recording, mic, _ = await on_air(studio)
    await studio.lesson.stop(LENGTH_MS)
    await studio.send(recording, mic, microphone())
    await studio.attempt(recording)
    job = TestJob(KEY, msgspec.json.encode(RecordJob(recording)), 1, "purge")
    await purge(studio.bus, studio.store, job)
    assert await stored(studio), "only what was deleted is erased"
    await studio.lesson.ask(9_000, TEACHER, DeleteRecording(recording))
    await studio.attempt(recording)
    await purge(studio.bus, studio.store, job)
    await purge(studio.bus, studio.store, job)
    assert await stored(studio) == set()
    assert studio.clerk.state.shelf == {}
