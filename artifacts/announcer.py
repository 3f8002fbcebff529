"""Says on the log what the worker did. Every command's id derives from what it says."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from artifacts import metrics
from artifacts.errors import CommandRefusedError
from artifacts.progress import Progress
from bus.interface import Bus, BusError
from schemas.artifacts import Artifact
from schemas.commands import Command
from schemas.commands.recording import AddArtifact, CompleteRecording, ReportErased, ReportStep
from schemas.envelope import Actor, Envelope, Outcome, Rejected
from schemas.ids import CommandId, RecordingId, RoomKey, derived_id
from schemas.limits import COMMAND_DEADLINE_S, STEP_REPORT_PERCENT, STEP_REPORT_S

_log = logging.getLogger("artifacts")

# One name for all workers: rooms remembers answered command ids per actor, whoever repeats them.
_ACTOR = Actor("service", "artifacts")
_DETAIL_CHARS_MAX = 500  # ReportStep's own bound.


class Announcer:
    """Speaks for one attempt at one version of a recording."""

    def __init__(
        self, bus: Bus, key: RoomKey, recording: RecordingId, attempt: int, version: int = 0
    ) -> None:
        self._bus = bus
        self._key = key
        self._recording = recording
        self._attempt = attempt
        self._version = version

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[Progress]:
        """Reports a step from its start to its end, and its progress; failed, with the reason."""
        progress = Progress()
        began = time.monotonic()
        await self._report(name, "started", 0)
        watching = asyncio.create_task(self._watch(name, progress))
        try:
            yield progress
        except Exception as error:
            metrics.STEPS_FAILED.labels(name).inc()
            with contextlib.suppress(BusError):  # The queue brings the job back, said or not.
                await self._report(name, "failed", progress.percent, _reason(error))
            raise
        finally:
            watching.cancel()
            await asyncio.wait([watching])
        await self._report(name, "finished", 100)
        metrics.STEP_SECONDS.labels(name).observe(time.monotonic() - began)

    async def add(self, artifact: Artifact) -> None:
        """Announces an artifact that is in the store. Raises CommandRefusedError."""
        await self._must(AddArtifact(self._recording, artifact, self._version), "add", artifact.id)

    async def complete(self, duration_ms: int) -> None:
        """Announces that every artifact is there. Raises CommandRefusedError."""
        await self._must(CompleteRecording(self._recording, duration_ms, self._version), "complete")

    async def erased(self) -> None:
        """Says that no object of the recording is left. Raises CommandRefusedError."""
        await self._must(ReportErased(self._recording), "erased")

    async def _watch(self, name: str, progress: Progress) -> None:
        said = 0
        while True:
            await asyncio.sleep(STEP_REPORT_S)
            if progress.percent < said + STEP_REPORT_PERCENT:
                continue
            said = progress.percent
            with contextlib.suppress(BusError):
                await self._report(name, "started", said)

    async def _report(self, step: str, status: str, percent: int, detail: str = "") -> None:
        command = ReportStep(
            self._recording,
            step,
            status,  # type: ignore[arg-type]
            percent,
            detail[:_DETAIL_CHARS_MAX],
            self._version,
        )
        outcome = await self._submit(command, "step", step, status, str(percent), str(self._attempt))
        if isinstance(outcome, Rejected):  # People miss a line; the work itself is not in doubt.
            _log.warning("%s %s %s: %s", self._recording, step, status, outcome.code)

    async def _must(self, command: Command, *said: str) -> None:
        outcome = await self._submit(command, *said)
        if isinstance(outcome, Rejected):
            raise CommandRefusedError(f"{command.name}: {outcome.code}: {outcome.message}")

    async def _submit(self, command: Command, *said: str) -> Outcome:
        command_id = CommandId(derived_id("c", self._recording, str(self._version), *said))
        deadline = self._bus.clock() + int(COMMAND_DEADLINE_S * 1000)
        return await self._bus.commands.submit(Envelope(self._key, command, command_id, _ACTOR, deadline))


def _reason(error: Exception) -> str:
    """What went wrong first, without the group it came in."""
    first: BaseException = error
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return f"{type(first).__name__}: {first}"
