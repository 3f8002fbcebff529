"""A class on a log in memory, a real object store, and a worker that can be killed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

from artifacts.store import Store
from artifacts.worker import Pipeline, RecordJob
from bus.interface import Bus
from bus.memory import memory_bus
from schemas.artifacts import Artifact, ArtifactKind
from schemas.events.recording import ArtifactAdded, RecordingCompleted
from schemas.ids import RecordingId, RoomKey, TrackId
from schemas.settings import Settings
from tests import stack
from tests.integration.artifacts.broadcast import Sending, batches
from tests.integration.artifacts.clerk import KEY, START_MS, Class, Clerk


class TestJob(Struct):
    """A job in hand."""

    __test__ = False

    key: RoomKey
    data: bytes
    attempt: int
    kind: str = "record"

    async def in_progress(self) -> None:
        """Nobody waits."""


class Studio:
    """Everything a recording needs, with the worker's process played by the test."""

    def __init__(self, bus: Bus, store: Store, directory: Path) -> None:
        self.bus = bus
        self.clerk = Clerk(bus.log)
        self.bus.commands = self.clerk  # type: ignore[assignment]  # The worker only submits.
        self.lesson = Class(self.clerk)
        self.store = store
        self.attempts = 0
        self._directory = directory

    async def send(
        self, recording: RecordingId, track: TrackId, sending: Sending, *, end: bool = True
    ) -> None:
        """The tap's batches of a track."""
        for index, body in enumerate(batches(sending, recording, track, end=end)):
            await self.bus.records.append(KEY, track, body, message_id=f"{recording}/{track}/{index}")

    async def attempt(self, recording: RecordingId) -> None:
        """One delivery of the job to a fresh worker."""
        self.attempts += 1
        directory = self._directory / f"attempt{self.attempts}"
        directory.mkdir()
        job = TestJob(KEY, msgspec.json.encode(RecordJob(recording)), self.attempts)
        await Pipeline(self.bus, self.store, job, directory).run()

    async def artifacts(self) -> list[Artifact]:
        """All that the log announces, in order; each once."""
        found = [
            event.data.artifact
            async for stored in self.bus.log.read(KEY)
            for event in stored.commit.events
            if isinstance(event.data, ArtifactAdded)
        ]
        assert len({artifact.id for artifact in found}) == len(found), "an artifact is announced once"
        return found

    async def one(self, kind: ArtifactKind, track: TrackId | None = None) -> tuple[Artifact, Path]:
        """The only artifact of its kind (and track), and a copy of its file."""
        (artifact,) = (a for a in await self.artifacts() if a.kind is kind and a.track == track)
        path = self._directory / f"watched-{artifact.key.rpartition('/')[2]}"
        await self.store.fetch_file(artifact.key, path)
        return artifact, path

    async def completions(self) -> int:
        """How often the log says that the recording is complete."""
        return len(
            [
                event
                async for stored in self.bus.log.read(KEY)
                for event in stored.commit.events
                if isinstance(event.data, RecordingCompleted)
            ]
        )


@pytest.fixture
def store(bucket: stack.Bucket) -> Store:
    """The object store, real."""
    return Store(
        Settings(
            s3_endpoint=bucket.endpoint,
            s3_access_key=bucket.access_key,
            s3_secret_key=bucket.secret_key,
            s3_bucket=bucket.name,
        )
    )


@pytest.fixture
async def studio(store: Store, tmp_path: Path) -> AsyncIterator[Studio]:
    """An empty room."""
    async with memory_bus().open("artifacts-1") as bus:
        yield Studio(bus, store, tmp_path)


def node_us(at_ms: int) -> int:
    """A time of the class on the node's clock."""
    return (START_MS + at_ms) * 1000


async def finished(task: "asyncio.Task[None]") -> None:
    """Waits for a cancelled task."""
    task.cancel()
    await asyncio.wait([task])
