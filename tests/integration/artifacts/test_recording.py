"""From recorded packets to what people watch: in sync, whole, and once."""

import itertools
import time
from pathlib import Path

import av
import pytest
from msgspec import structs

from artifacts.layout import Box
from schemas.artifacts import ArtifactKind
from schemas.envelope import Actor
from schemas.ids import RecordingId, TrackId
from schemas.limits import COMPOSED_HEIGHT_PX, COMPOSED_WIDTH_PX
from schemas.media import Source
from tests.integration.artifacts.broadcast import FLASH_MS, Network, Sending, pictures, sounds
from tests.integration.artifacts.clerk import STUDENT, TEACHER
from tests.integration.artifacts.conftest import Studio, node_us
from tests.integration.artifacts.measure import Film, watch

SECONDS = 7.0
LENGTH_MS = 7_000
SYNC_MS = 80  # What people do not notice (ITU-R BT.1359: 45 ms early, 125 ms late), and our promise.
LEFT = Box(0, 180, 640, 360)
RIGHT = Box(640, 180, 640, 360)
WHOLE = Box(0, 0, COMPOSED_WIDTH_PX, COMPOSED_HEIGHT_PX)


def camera(seed: int = 1, mime_type: str = "video/VP8", seconds: float = SECONDS) -> Sending:
    """A camera whose encoder takes its time, on a computer whose clock is wrong."""
    codec = "libx264" if mime_type == "video/H264" else "libvpx"
    return Sending(
        mime_type.replace("VP8", "vp8"),
        pictures(seconds, 320, 180, codec),
        node_us(0),
        seed=seed,
        encode_ms=90,
    )


def microphone(seed: int = 2, seconds: float = SECONDS) -> Sending:
    """A microphone of the same computer."""
    return Sending("audio/opus", sounds(seconds), node_us(0), seed=seed, encode_ms=5, first_timestamp=99)


async def on_air(
    studio: Studio, sends: dict[tuple[Actor, Source], Sending], length_ms: int = LENGTH_MS
) -> tuple[RecordingId, dict[Source, TrackId]]:
    """A class that is recorded from its beginning."""
    await studio.lesson.begin(TEACHER, STUDENT)
    tracks = {}
    for (actor, source), sending in sends.items():
        mime_type = {"video/vp8": "video/VP8"}.get(sending.mime_type, sending.mime_type)
        tracks[actor, source] = await studio.lesson.publish(0, actor, source, mime_type)
    recording = await studio.lesson.record(0)
    for who, sending in sends.items():
        await studio.send(recording, tracks[who], sending)
    await studio.lesson.stop(length_ms)
    return recording, {source: track for (_, source), track in tracks.items()}


def assert_in_sync(film: Film, expected_ms: tuple[int, ...] = FLASH_MS, skip: int = 0) -> None:
    """Every flash and its beep are there (but the first ``skip``), together, at their time."""
    flashes, beeps = film.flashes_ms[skip:], film.beeps_ms[skip:]
    assert len(flashes) == len(expected_ms), film.flashes_ms
    assert len(beeps) == len(expected_ms), film.beeps_ms
    for flash, beep, truth in zip(flashes, beeps, expected_ms, strict=True):
        assert abs(flash - beep) <= SYNC_MS, (flash, beep)
        assert abs(beep - truth) <= SYNC_MS, (beep, truth)


async def test_a_film_over_a_bad_network_is_whole_and_in_sync(studio: Studio) -> None:
    ahead = structs.replace(camera(), clock_us=41_000_000), structs.replace(microphone(), clock_us=41_000_000)
    behind = camera(3, "video/H264"), microphone(4)
    sends = {
        (TEACHER, Source.CAMERA): ahead[0],
        (TEACHER, Source.MICROPHONE): ahead[1],
        (STUDENT, Source.CAMERA): structs.replace(behind[0], clock_us=-7_000_000),
        (STUDENT, Source.MICROPHONE): structs.replace(behind[1], clock_us=-7_000_000),
    }
    recording, _ = await on_air(studio, sends)
    began = time.perf_counter()
    await studio.attempt(recording)
    print(f"captured, composed and stored {LENGTH_MS / 1000:.0f} s in {time.perf_counter() - began:.1f} s")

    artifact, path = await studio.one(ArtifactKind.COMPOSED)
    for box in (LEFT, RIGHT):
        film = watch(path, box)
        print(f"flashes {film.flashes_ms}, beeps {film.beeps_ms}")
        assert_in_sync(film)
        assert min(film.luma[:3]) > 25, "the first picture is not black"
        assert abs(film.container_ms - LENGTH_MS) <= 500
        assert abs(film.sound_ms - LENGTH_MS) <= 500
        assert len(film.picture_ms) == LENGTH_MS // 40
    assert abs(artifact.duration_ms - LENGTH_MS) <= 500
    assert (artifact.width_px, artifact.height_px) == (1280, 720)
    assert await studio.completions() == 1
    kinds = sorted(a.kind for a in await studio.artifacts())
    assert kinds == ["composed", "poster", "track", "track", "track", "track"]


async def test_the_index_of_a_film_lies_before_its_pictures(studio: Studio) -> None:
    recording, _ = await on_air(studio, {(TEACHER, Source.MICROPHONE): microphone()})
    await studio.attempt(recording)
    _, path = await studio.one(ArtifactKind.COMPOSED)
    body = path.read_bytes()
    assert body.index(b"moov") < body.index(b"mdat")


@pytest.mark.parametrize("mime_type", ["video/VP8", "video/H264"])
async def test_tracks_are_kept_as_sent_and_agree_about_time(studio: Studio, mime_type: str) -> None:
    sends = {
        (TEACHER, Source.CAMERA): camera(mime_type=mime_type),
        (TEACHER, Source.MICROPHONE): microphone(),
    }
    recording, tracks = await on_air(studio, sends)
    await studio.attempt(recording)
    picture, picture_path = await studio.one(ArtifactKind.TRACK, tracks[Source.CAMERA])
    sound, sound_path = await studio.one(ArtifactKind.TRACK, tracks[Source.MICROPHONE])
    seen, heard = watch(picture_path), watch(sound_path)
    assert (picture.width_px, picture.height_px) == (320, 180)
    assert picture.media_type == ("video/mp4" if mime_type == "video/H264" else "video/webm")
    assert sound.media_type == "audio/webm"
    for artifact in (picture, sound):
        assert abs(artifact.offset_ms + artifact.duration_ms - LENGTH_MS) <= 500
    flashes = [flash + picture.offset_ms for flash in seen.flashes_ms]
    beeps = [beep + sound.offset_ms for beep in heard.beeps_ms]
    print(f"flashes {flashes}, beeps {beeps}")
    assert len(flashes) == len(beeps) == len(FLASH_MS)
    assert all(abs(f - b) <= SYNC_MS for f, b in zip(flashes, beeps, strict=True))
    assert len(seen.picture_ms) >= LENGTH_MS // 40 - 5, "a repaired network loses no picture"


async def test_without_sender_reports_arrival_tells_the_time(studio: Studio) -> None:
    sends = {
        (TEACHER, Source.CAMERA): structs.replace(camera(), reports=False, encode_ms=30),
        (TEACHER, Source.MICROPHONE): structs.replace(microphone(), reports=False),
    }
    recording, _ = await on_air(studio, sends)
    await studio.attempt(recording)
    _, path = await studio.one(ArtifactKind.COMPOSED)
    assert_in_sync(watch(path, WHOLE))


async def test_reports_of_a_liar_are_not_believed(studio: Studio) -> None:
    sends = {
        (TEACHER, Source.CAMERA): structs.replace(camera(), clock_us=500_000_000, encode_ms=30),
        (TEACHER, Source.MICROPHONE): structs.replace(microphone(), clock_us=0),
    }
    recording, _ = await on_air(studio, sends)
    await studio.attempt(recording)
    _, path = await studio.one(ArtifactKind.COMPOSED)
    assert_in_sync(watch(path, WHOLE))


async def test_lost_packets_leave_the_rest_in_time(studio: Studio) -> None:
    lossy = Network(loss=0.04, never_repaired=0.5)
    mended = structs.replace(camera(), frames=pictures(SECONDS, 320, 180, "libvpx", 10), network=lossy)
    sends = {
        (TEACHER, Source.CAMERA): mended,
        (TEACHER, Source.MICROPHONE): structs.replace(microphone(), network=lossy),
    }
    recording, _ = await on_air(studio, sends)
    await studio.attempt(recording)
    artifact, path = await studio.one(ArtifactKind.COMPOSED)
    film = watch(path, WHOLE)
    print(f"flashes {film.flashes_ms}, beeps {film.beeps_ms}")
    assert abs(artifact.duration_ms - LENGTH_MS) <= 500
    assert len(film.picture_ms) == LENGTH_MS // 40
    for truth in FLASH_MS:
        assert min(abs(beep - truth) for beep in film.beeps_ms) <= SYNC_MS
    seen = [t for t in FLASH_MS if min(abs(flash - t) for flash in film.flashes_ms) <= SYNC_MS]
    assert len(seen) >= len(FLASH_MS) - 1, "at most one flash is lost with its packets"


async def test_a_muted_time_is_silence_and_initials_and_keeps_the_clock(studio: Studio) -> None:
    muted = ((2_000, 4_000),)
    await studio.lesson.begin(TEACHER)
    mic = await studio.lesson.publish(0, TEACHER, Source.MICROPHONE, "audio/opus")
    cam = await studio.lesson.publish(0, TEACHER, Source.CAMERA, "video/VP8")
    recording = await studio.lesson.record(0)
    for track in (mic, cam):
        await studio.lesson.mute(2_000, TEACHER, track)
    for track in (mic, cam):
        await studio.lesson.unmute(4_000, TEACHER, track)
    await studio.lesson.stop(LENGTH_MS)
    await studio.send(recording, mic, structs.replace(microphone(), muted_ms=muted))
    # The tap begins anew at a key frame after a mute: here there is one every second.
    opened = structs.replace(camera(), frames=pictures(SECONDS, 320, 180, "libvpx", 25), muted_ms=muted)
    await studio.send(recording, cam, opened)
    await studio.attempt(recording)

    _, path = await studio.one(ArtifactKind.COMPOSED)
    film = watch(path, WHOLE)
    print(f"flashes {film.flashes_ms}, beeps {film.beeps_ms}")
    kept = tuple(flash for flash in FLASH_MS if not 2_000 <= flash < 4_000)
    assert_in_sync(film, kept)
    artifact, _ = await studio.one(ArtifactKind.TRACK, mic)
    assert abs(artifact.duration_ms - LENGTH_MS) <= 500


async def test_who_comes_late_and_leaves_early_is_shown_in_between(studio: Studio) -> None:
    await studio.lesson.begin(TEACHER)
    mic = await studio.lesson.publish(0, TEACHER, Source.MICROPHONE, "audio/opus")
    recording = await studio.lesson.record(0)
    await studio.lesson.join(2_000, STUDENT)
    cam = await studio.lesson.publish(2_000, STUDENT, Source.CAMERA, "video/VP8")
    await studio.lesson.leave(5_000, STUDENT)
    await studio.lesson.stop(LENGTH_MS)
    late = structs.replace(camera(seconds=3.0), begins_us=node_us(2_000))
    await studio.send(recording, mic, microphone())
    await studio.send(recording, cam, late)
    await studio.attempt(recording)
    artifact, _ = await studio.one(ArtifactKind.TRACK, cam)
    assert abs(artifact.offset_ms - 2_000) <= SYNC_MS
    assert abs(artifact.duration_ms - 3_000) <= 500
    _, path = await studio.one(ArtifactKind.COMPOSED)
    corner, together = watch(path, Box(0, 0, 300, 300)), watch(path, RIGHT)
    assert max(corner.luma) < 60, "the teacher has initials in the middle of a dark tile, alone or not"
    assert together.luma[25] < together.luma[100] > 60, "the student's picture is beside the teacher"
    assert together.luma[150] < 60, "and gone with the student"
    expected = [2_000 + flash for flash in FLASH_MS[:2]]
    assert len(together.flashes_ms) == len(expected)
    assert all(abs(f - e) <= SYNC_MS for f, e in zip(together.flashes_ms, expected, strict=True))


async def test_a_shared_screen_takes_the_large_place(studio: Studio) -> None:
    sends = {
        (TEACHER, Source.MICROPHONE): microphone(),
        (TEACHER, Source.SCREEN): camera(),
    }
    recording, _ = await on_air(studio, sends)
    await studio.attempt(recording)
    _, path = await studio.one(ArtifactKind.COMPOSED)
    assert_in_sync(watch(path, Box(0, 72, 1024, 576)))


async def test_what_was_said_just_before_the_recording_is_not_in_it(studio: Studio) -> None:
    await studio.lesson.begin(TEACHER)
    mic = await studio.lesson.publish(0, TEACHER, Source.MICROPHONE, "audio/opus")
    cam = await studio.lesson.publish(0, TEACHER, Source.CAMERA, "video/VP8")
    recording = await studio.lesson.record(1_057)  # Within the first flash and beep.
    await studio.send(recording, mic, microphone())
    await studio.send(recording, cam, camera())
    await studio.lesson.stop(LENGTH_MS)
    await studio.attempt(recording)
    sound, path = await studio.one(ArtifactKind.TRACK, mic)
    with av.open(str(path)) as file:
        starts = [packet.pts for packet in file.demux(audio=0) if packet.pts is not None]
    steps = [after - before for before, after in itertools.pairwise(starts)]
    assert all(abs(step - 20) <= 1 for step in steps), "sounds neither overlap nor part"
    assert sound.offset_ms < 20 + SYNC_MS
    _, film = await studio.one(ArtifactKind.COMPOSED)
    assert_in_sync(watch(film, WHOLE), tuple(flash - 1_057 for flash in FLASH_MS[1:]), skip=1)


async def test_a_class_of_voices_only_gives_a_film(studio: Studio) -> None:
    recording, _ = await on_air(studio, {(TEACHER, Source.MICROPHONE): microphone()})
    await studio.attempt(recording)
    _, path = await studio.one(ArtifactKind.COMPOSED)
    film = watch(path)
    assert len(film.beeps_ms) == len(FLASH_MS)
    assert len(film.picture_ms) == LENGTH_MS // 40
    _, poster = await studio.one(ArtifactKind.POSTER)
    with av.open(str(poster)) as image:
        assert image.streams.video[0].width == 640


@pytest.mark.parametrize("length_ms", [0, 2_000])
async def test_an_empty_recording_gives_a_film_of_its_length(studio: Studio, length_ms: int) -> None:
    recording, _ = await on_air(studio, {}, length_ms)
    await studio.attempt(recording)
    artifact, path = await studio.one(ArtifactKind.COMPOSED)
    film = watch(path)
    assert abs(film.container_ms - length_ms) <= 500
    assert abs(artifact.duration_ms - length_ms) <= 500
    assert await studio.completions() == 1


async def test_a_node_that_died_leaves_what_it_had_recorded(studio: Studio) -> None:
    await studio.lesson.begin(TEACHER)
    mic = await studio.lesson.publish(0, TEACHER, Source.MICROPHONE, "audio/opus")
    recording = await studio.lesson.record(0)
    await studio.send(recording, mic, microphone(seconds=3.0), end=False)
    await studio.lesson.stop(LENGTH_MS)
    await studio.attempt(recording)
    artifact, _ = await studio.one(ArtifactKind.TRACK, mic)
    assert abs(artifact.duration_ms - 3_000) <= 500


async def test_the_batches_of_another_recording_stay_out(studio: Studio, tmp_path: Path) -> None:
    await studio.lesson.begin(TEACHER)
    mic = await studio.lesson.publish(0, TEACHER, Source.MICROPHONE, "audio/opus")
    first = await studio.lesson.record(0)
    await studio.send(first, mic, microphone(seconds=2.0))
    await studio.lesson.stop(2_000)
    second = await studio.lesson.record(3_000)
    later = structs.replace(microphone(seconds=2.0), begins_us=node_us(3_000), first_seq=9_000)
    await studio.send(second, mic, later)
    await studio.lesson.stop(5_000)
    await studio.attempt(second)
    artifact, path = await studio.one(ArtifactKind.TRACK, mic)
    assert str(second) in artifact.key
    assert abs(artifact.duration_ms - 2_000) <= 500
    assert artifact.offset_ms <= SYNC_MS
    assert len(watch(path).beeps_ms) == 1
