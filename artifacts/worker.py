"""The worker: takes a recording's job and does its steps, each safe to repeat.

What is already announced on the log is not made again; what was made but not announced is made again
under the same id and key, and announced by a command with the same id, so rooms answers it as before.
A failed step is reported with its reason, and the job queue brings the job back later.

A redaction makes a new version, of the tracks that the version before it had; when it is complete, the
objects of older versions are removed. A ``purge`` job removes all objects of a recording that was deleted
or has expired.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct

from artifacts import capture, metrics, spool
from artifacts.announcer import Announcer
from artifacts.capture import TrackFile, TrackSurvey
from artifacts.compose import Composed, compose
from artifacts.errors import CommandRefusedError
from artifacts.progress import Progress, in_thread
from artifacts.recut import recut
from artifacts.store import Store, object_key, object_prefix
from artifacts.timeline import Earlier, Timeline, TimelineFold, TrackLine
from artifacts.trackfile import FORMATS
from bus.interface import Bus, Job
from schemas.artifacts import Artifact, ArtifactKind
from schemas.ids import ArtifactId, RecordingId, RecordingToken, RoomKey, TrackId, derived_id
from schemas.limits import CAPTURE_TRACKS_AT_ONCE, COMPOSED_HEIGHT_PX, COMPOSED_WIDTH_PX

KIND = "record"
PURGE = "purge"


class RecordJob(Struct, frozen=True):
    """Body of a ``record`` or ``purge`` job."""

    recording: RecordingToken


async def work(bus: Bus, store: Store, scratch: Path | None) -> None:
    """Does recordings' jobs, one of each kind at a time, until cancelled."""

    async def handle(job: Job) -> None:
        with tempfile.TemporaryDirectory(prefix="recording-", dir=scratch) as directory:
            await Pipeline(bus, store, job, Path(directory)).run()

    async def remove(job: Job) -> None:
        await purge(bus, store, job)

    async with asyncio.TaskGroup() as group:
        group.create_task(bus.jobs.work(KIND, handle))
        group.create_task(bus.jobs.work(PURGE, remove))


async def purge(bus: Bus, store: Store, job: Job) -> None:
    """Removes every object of a recording that is gone, and says so. Any other recording is kept."""
    recording = msgspec.json.decode(job.data, type=RecordJob).recording
    whole = await read_timeline(bus, job.key, recording)
    if whole.is_gone:
        await _remove(store, job.key, recording)
        await Announcer(bus, job.key, recording, job.attempt).erased()


async def read_timeline(bus: Bus, key: RoomKey, recording: RecordingId) -> Timeline:
    """What the log says of a recording. Raises RecordingUnknownError."""
    fold = TimelineFold(recording)
    async for stored in bus.log.read(key):
        fold.commit(stored.commit)
    return fold.timeline()


async def _remove(
    store: Store, key: RoomKey, recording: RecordingId, but: frozenset[str] = frozenset()
) -> None:
    for name in await store.keys(object_prefix(key, recording)):
        if name not in but:
            await store.remove(name)


class Pipeline:
    """One attempt at one recording, in a directory of its own."""

    def __init__(self, bus: Bus, store: Store, job: Job, directory: Path) -> None:
        self._bus = bus
        self._store = store
        self._key = job.key
        self._recording = msgspec.json.decode(job.data, type=RecordJob).recording
        self._job = job
        self._announcer = Announcer(bus, job.key, self._recording, job.attempt)
        self._directory = directory

    async def run(self) -> None:
        """All steps, in order. Raises what made a step fail, after reporting it."""
        whole = await read_timeline(self._bus, self._key, self._recording)
        if whole.is_gone:
            await _remove(self._store, self._key, self._recording)  # What an attempt before this one left.
            return
        if whole.is_completed:
            return
        self._announcer = Announcer(self._bus, self._key, self._recording, self._job.attempt, whole.version)
        if whole.earlier is not None and whole.earlier.is_same:
            await self._announce_again(whole.earlier)
        else:
            await self._make(whole)
        await self._announcer.complete(whole.duration_ms)
        if whole.version:
            await self._forget_earlier_versions()
        metrics.RECORDINGS.inc()

    async def _make(self, whole: Timeline) -> None:
        files: Mapping[TrackId, TrackFile] | None = None
        if "capture" not in whole.steps_finished:
            async with self._announcer.step("capture") as progress:
                if whole.earlier is None:
                    files = await self._capture(whole, progress)
                else:
                    files = await self._recut(whole, whole.earlier, progress)
        if "compose" not in whole.steps_finished:
            async with self._announcer.step("compose") as progress:
                if files is None:
                    files = await self._fetch(whole, whole.artifacts.values())
                await self._compose(whole, files, progress)

    # --- versions --------------------------------------------------------------------------------
    async def _announce_again(self, earlier: Earlier) -> None:
        """What was redacted is not in this recording: its artifacts stay."""
        for name in ("capture", "compose"):
            async with self._announcer.step(name):
                pass
        for artifact in earlier.artifacts:
            await self._announcer.add(artifact)

    async def _recut(self, whole: Timeline, earlier: Earlier, progress: Progress) -> dict[TrackId, TrackFile]:
        """The tracks of an earlier version without what has to go."""
        before = await self._fetch(whole, earlier.artifacts)
        files: dict[TrackId, TrackFile] = {}
        for n, (track, file) in enumerate(before.items()):
            cut = partial(recut, file, earlier.pieces, file.line, self._directory, progress)
            made = await in_thread(cut, progress)
            if made is not None:
                files[track] = made
                await self._keep_track(whole, made)
            progress.percent = 100 * (n + 1) // len(before)
        return files

    async def _forget_earlier_versions(self) -> None:
        """Removes what the complete version does not have."""
        whole = await read_timeline(self._bus, self._key, self._recording)
        if whole.is_completed:
            kept = frozenset(artifact.key for artifact in whole.artifacts.values())
            await _remove(self._store, self._key, self._recording, kept)

    # --- capture ---------------------------------------------------------------------------------
    async def _capture(self, whole: Timeline, progress: Progress) -> dict[TrackId, TrackFile]:
        lines = [line for line in whole.tracks if line.mime_type.lower() in FORMATS]
        surveys = await self._survey(lines, progress)
        senders = capture.sender_clocks(surveys)
        files: dict[TrackId, TrackFile] = {}
        for n, survey in enumerate(surveys):
            sender = senders[survey.line.participant]
            write = partial(capture.write, survey, sender, whole, self._directory, progress)
            file = await in_thread(write, progress)
            if file is not None:
                files[file.line.track] = file
                await self._keep_track(whole, file)
            progress.percent = 100 * (n + 1) // len(surveys)
        return files

    async def _survey(self, lines: list[TrackLine], progress: Progress) -> list[TrackSurvey]:
        """Copies and surveys all tracks: a person's clock is known only when all of them are."""
        at_once = asyncio.Semaphore(CAPTURE_TRACKS_AT_ONCE)

        async def one(line: TrackLine) -> TrackSurvey:
            path = self._directory / f"{line.track}.rtp"
            async with at_once:
                await spool.spool(self._bus.records, self._key, line.track, self._recording, path)
                return await in_thread(partial(capture.survey, line, path, progress), progress)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(line)) for line in lines]
        return [task.result() for task in tasks]

    async def _keep_track(self, whole: Timeline, file: TrackFile) -> None:
        metrics.PACKETS_LOST.inc(file.packets_lost)
        metrics.FRAMES_BROKEN.inc(file.frames_broken)
        await self._keep(
            whole,
            ArtifactKind.TRACK,
            file.path,
            FORMATS[file.line.mime_type.lower()].media_type,
            duration_ms=file.duration_ms,
            offset_ms=file.offset_ms,
            track=file.line.track,
            width_px=file.width_px,
            height_px=file.height_px,
        )

    async def _fetch(self, whole: Timeline, artifacts: Iterable[Artifact]) -> dict[TrackId, TrackFile]:
        """The captured files again, from the store: another worker made them."""
        lines = {line.track: line for line in whole.tracks}
        files: dict[TrackId, TrackFile] = {}
        for artifact in artifacts:
            if artifact.kind is ArtifactKind.TRACK and artifact.track in lines:
                path = self._directory / artifact.key.rpartition("/")[2]
                await self._store.fetch_file(artifact.key, path)
                files[artifact.track] = capture.from_artifact(lines[artifact.track], artifact, path)
        return files

    # --- compose ---------------------------------------------------------------------------------
    async def _compose(self, whole: Timeline, files: Mapping[TrackId, TrackFile], progress: Progress) -> None:
        made: Composed = await in_thread(partial(compose, whole, files, self._directory, progress), progress)
        await self._keep(
            whole,
            ArtifactKind.POSTER,
            made.poster,
            "image/jpeg",
            width_px=made.poster_width_px,
            height_px=made.poster_height_px,
        )
        await self._keep(
            whole,
            ArtifactKind.COMPOSED,
            made.video,
            "video/mp4",
            duration_ms=made.duration_ms,
            width_px=COMPOSED_WIDTH_PX,
            height_px=COMPOSED_HEIGHT_PX,
        )

    # --- keep ------------------------------------------------------------------------------------
    async def _keep(
        self,
        whole: Timeline,
        kind: ArtifactKind,
        path: Path,
        media_type: str,
        *,
        duration_ms: int = 0,
        offset_ms: int = 0,
        track: TrackId | None = None,
        width_px: int = 0,
        height_px: int = 0,
    ) -> None:
        """Stores a file and announces it, unless that has been done."""
        version = (str(whole.version),) if whole.version else ()
        artifact_id = ArtifactId(derived_id("a", self._recording, kind, track or "", *version))
        if artifact_id in whole.artifacts:
            return
        key = object_key(self._key, self._recording, artifact_id, path.suffix[1:])
        size, digest = await asyncio.to_thread(_measure, path)
        await self._store.put_file(key, path, media_type)
        artifact = Artifact(
            artifact_id,
            kind,
            key,
            media_type,
            size,
            digest,
            duration_ms,
            offset_ms,
            track,
            width_px,
            height_px,
        )
        try:
            await self._announcer.add(artifact)
        except CommandRefusedError:
            await self._store.remove(key)  # Redacted or deleted meanwhile: nobody would ever remove it.
            raise


def _measure(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()
