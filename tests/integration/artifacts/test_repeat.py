"""Whatever dies when, a recording has one set of artifacts in the end."""

import asyncio
import os
from pathlib import Path

import pytest
from msgspec import json

from artifacts.errors import StoreUnavailableError
from artifacts.store import Store
from artifacts.timeline import RecordingUnknownError
from artifacts.worker import KIND, RecordJob, work
from schemas.artifacts import ArtifactKind
from schemas.commands import Command
from schemas.commands.recording import ReportStep
from schemas.events.recording import RecordingStepReported
from schemas.ids import RecordingId
from schemas.media import Source
from schemas.settings import Settings
from tests.integration.artifacts.broadcast import Sending, pictures, sounds
from tests.integration.artifacts.clerk import KEY, TEACHER
from tests.integration.artifacts.conftest import Studio, finished, node_us

SECONDS = 1.5
LENGTH_MS = 1_500
KINDS = ["composed", "poster", "track", "track"]


async def recorded(studio: Studio) -> RecordingId:
    """A short recording of a camera and a microphone."""
    await studio.lesson.begin(TEACHER)
    mic = await studio.lesson.publish(0, TEACHER, Source.MICROPHONE, "audio/opus")
    cam = await studio.lesson.publish(0, TEACHER, Source.CAMERA, "video/VP8")
    recording = await studio.lesson.record(0)
    await studio.send(recording, mic, Sending("audio/opus", sounds(SECONDS), node_us(0)))
    await studio.send(recording, cam, Sending("video/vp8", pictures(SECONDS, 160, 90), node_us(0), seed=2))
    await studio.lesson.stop(LENGTH_MS)
    return recording


async def assert_one_set(studio: Studio, recording: RecordingId) -> None:
    """Log and store agree: one artifact of each, and nothing else."""
    found = await studio.artifacts()
    assert sorted(artifact.kind for artifact in found) == KINDS
    assert await studio.completions() == 1
    stored = await studio.store.keys(f"{KEY.tenant}/{KEY.room}/{recording}/")
    assert sorted(stored) == sorted(artifact.key for artifact in found)
    for artifact in found:
        assert (await studio.store.stat(artifact.key)).bytes == artifact.bytes


class Killer:
    """Stops the worker at its n-th word, before it is said or after it is on the log."""

    def __init__(self, word: int, when: str) -> None:
        self.reached = asyncio.Event()
        self._left = word
        self._when = when

    async def __call__(self, command: Command, when: str) -> None:
        if isinstance(command, ReportStep) and command.progress_percent not in {0, 100}:
            return  # How many of these there are depends on the machine.
        if when != self._when:
            return
        self._left -= 1
        if self._left == 0:
            self.reached.set()
            await asyncio.Event().wait()


# The words of an undisturbed attempt: capture started, two tracks, finished; compose started, poster,
# film, finished; complete.
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("word", range(1, 10))
async def test_killed_at_any_word_and_done_again_there_is_one_set(
    studio: Studio, word: int, when: str
) -> None:
    recording = await recorded(studio)
    killer = studio.clerk.watch = Killer(word, when)
    task = asyncio.create_task(studio.attempt(recording))
    async with asyncio.timeout(100):
        await killer.reached.wait()
    await finished(task)
    studio.clerk.watch = None
    await studio.attempt(recording)
    await assert_one_set(studio, recording)


async def test_nine_words_are_all_there_is_to_say(studio: Studio) -> None:
    recording = await recorded(studio)
    killer = studio.clerk.watch = Killer(10, "before")
    await studio.attempt(recording)
    assert not killer.reached.is_set()
    await assert_one_set(studio, recording)


async def test_a_finished_recording_is_not_made_again(studio: Studio) -> None:
    recording = await recorded(studio)
    await studio.attempt(recording)
    last = await studio.bus.log.last_stream_seq()
    await studio.attempt(recording)
    assert await studio.bus.log.last_stream_seq() == last


async def test_the_same_packets_give_the_same_files(studio: Studio) -> None:
    recording = await recorded(studio)
    killer = studio.clerk.watch = Killer(2, "before")
    task = asyncio.create_task(studio.attempt(recording))
    async with asyncio.timeout(100):
        await killer.reached.wait()
    await finished(task)
    (key,) = await studio.store.keys(f"{KEY.tenant}/{KEY.room}/")
    etag = (await studio.store.stat(key)).etag
    studio.clerk.watch = None
    await studio.attempt(recording)
    assert (await studio.store.stat(key)).etag == etag


async def test_a_job_from_the_queue_is_done(studio: Studio, tmp_path: Path) -> None:
    recording = await recorded(studio)
    await studio.bus.jobs.put(KIND, KEY, json.encode(RecordJob(recording)), job_id=recording)
    task = asyncio.create_task(work(studio.bus, studio.store, tmp_path))
    async with asyncio.timeout(100):
        while await studio.completions() == 0:  # noqa: ASYNC110  # The log is what is waited for.
            await asyncio.sleep(0.05)
    await finished(task)
    await assert_one_set(studio, recording)
    assert not [name for name in os.listdir(tmp_path) if name.startswith("recording-")], "no scratch is left"


async def test_a_step_that_fails_is_reported_with_its_reason_and_can_be_repeated(studio: Studio) -> None:
    recording = await recorded(studio)
    real, studio.store = studio.store, unreachable()
    with pytest.raises(StoreUnavailableError):
        await studio.attempt(recording)
    (known,) = studio.clerk.state.recordings
    assert known.status == "failed"
    assert [(step.step, step.status) for step in known.steps] == [("capture", "failed")]
    assert known.steps[0].detail.startswith("StoreUnavailableError: ")
    studio.store = real
    await studio.attempt(recording)
    await assert_one_set(studio, recording)
    (known,) = studio.clerk.state.recordings
    assert known.status == "ready"


async def test_progress_only_grows_within_a_step(studio: Studio) -> None:
    recording = await recorded(studio)
    await studio.attempt(recording)
    steps: dict[str, list[int]] = {}
    async for stored in studio.bus.log.read(KEY):
        for event in stored.commit.events:
            if isinstance(event.data, RecordingStepReported):
                steps.setdefault(event.data.step, []).append(event.data.progress_percent)
    assert set(steps) == {"capture", "compose"}
    for percents in steps.values():
        assert percents == sorted(percents)
        assert (percents[0], percents[-1]) == (0, 100)


async def test_a_recording_that_is_not_over_is_not_begun(studio: Studio) -> None:
    await studio.lesson.begin(TEACHER)
    recording = await studio.lesson.record(0)
    with pytest.raises(RecordingUnknownError):
        await studio.attempt(recording)
    assert await studio.artifacts() == []


async def test_film_and_tracks_are_of_the_same_length(studio: Studio) -> None:
    recording = await recorded(studio)
    await studio.attempt(recording)
    film, _ = await studio.one(ArtifactKind.COMPOSED)
    assert abs(film.duration_ms - LENGTH_MS) <= 40
    (known,) = studio.clerk.state.recordings
    assert known.duration_ms == LENGTH_MS


def unreachable() -> Store:
    """A store behind a port where nobody listens (RFC 863's, unused)."""
    nowhere = "http://127.0.0.1:9"
    return Store(Settings(s3_endpoint=nowhere, s3_access_key="a", s3_secret_key="b", s3_bucket="gone"))
