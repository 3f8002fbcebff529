"""JOBS on NATS: at-least-once work, with backoff and dead letters.

The server keeps a job until it is acknowledged; how often and how soon it is tried is decided here, by
delayed negative acknowledgements. A job that has used up its attempts is copied to DLQ first and removed
then: the server's own limit would leave it in the stream, for ever in nobody's hands (bus-facts §10).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from bus import metrics
from bus.api import NANOSECONDS
from bus.background import background
from bus.connection import Connection
from bus.direct import read_after
from bus.interface import BusError, Job, Unavailable
from bus.publisher import store
from bus.pull import Pulled, pull
from schemas import subjects
from schemas.ids import RoomKey
from schemas.limits import JOB_ACK_S, JOB_ATTEMPTS_MAX, JOB_BACKOFF_S, JOBS_IN_WORK_MAX, RETRY_WAIT_S

log = logging.getLogger(__name__)

ERROR = "Cw-Error"
ATTEMPTS = "Cw-Attempts"


def worker_subscription(kind: str) -> dict[str, Any]:
    """The durable subscription that the workers of a kind share, in JetStream's words."""
    return {
        "durable_name": subjects.job_durable(kind),
        "filter_subject": subjects.jobs_of_kind(kind),
        "ack_policy": "explicit",
        "ack_wait": JOB_ACK_S * NANOSECONDS,
        "max_ack_pending": JOBS_IN_WORK_MAX,
        "max_deliver": -1,  # The worker counts the attempts, and buries.
    }


class NatsJob:
    """``interface.Job``: a job in hand."""

    def __init__(self, pulled: Pulled, kind: str, key: RoomKey) -> None:
        self._pulled = pulled
        self.kind = kind
        self.key = key
        self.data: bytes = pulled.message.data
        self.attempt = pulled.attempt

    async def in_progress(self) -> None:
        """Tells the queue that the worker is alive."""
        await self._pulled.settle(b"+WPI")


class NatsJobs:
    """``interface.Jobs`` on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put(self, kind: str, key: RoomKey, data: bytes, *, job_id: str) -> None:
        """Puts a job, once per id."""
        subject = subjects.job(kind, key)
        await store(self._connection, subjects.JOBS, subject, data, message_id=f"{subject}/{job_id}")

    async def work(self, kind: str, handler: Callable[[Job], Awaitable[None]]) -> None:
        """Takes jobs of a kind, one at a time, until cancelled."""
        durable = subjects.job_durable(kind)
        async with pull(self._connection, subjects.JOBS, durable, batch=1) as jobs:
            async for pulled in jobs:
                named = subjects.parse_job(pulled.message.subject)
                if named is None:
                    await self._bury(pulled, kind, "not a job")
                elif pulled.attempt > JOB_ATTEMPTS_MAX:
                    await self._bury(pulled, kind, "every worker that took it died")
                else:
                    await self._do(pulled, NatsJob(pulled, *named), handler)

    async def dead(self) -> list[tuple[str, bytes, Mapping[str, str]]]:
        """Dead letters."""
        letters = read_after(self._connection, subjects.DLQ, subjects.dead_letter(">"), 0)
        return [(read.subject, read.data, read.headers) async for read in letters]

    async def _do(self, pulled: Pulled, job: NatsJob, handler: Callable[[Job], Awaitable[None]]) -> None:
        try:
            async with background(_beat(job)):
                await handler(job)
        except Exception as error:  # Whatever a step raises, its job is tried again.
            log.warning("job %s, attempt %d failed", pulled.message.subject, job.attempt, exc_info=error)
            if job.attempt >= JOB_ATTEMPTS_MAX:
                await self._bury(pulled, job.kind, repr(error))
            else:
                delay_s = JOB_BACKOFF_S[min(job.attempt, len(JOB_BACKOFF_S)) - 1]
                delay = msgspec.json.encode({"delay": int(delay_s * NANOSECONDS)})
                await pulled.settle(b"-NAK " + delay)
        else:
            await pulled.settle(b"+ACK")

    async def _bury(self, pulled: Pulled, kind: str, error: str) -> None:
        """Copies the job to DLQ, then removes it."""
        message = pulled.message
        headers = {ERROR: error[:1_000], ATTEMPTS: str(pulled.attempt)}
        letter = subjects.dead_letter(message.subject)
        while True:
            try:
                await store(
                    self._connection,
                    subjects.DLQ,
                    letter,
                    message.data,
                    headers=headers,
                    message_id=f"{letter}/{pulled.stream_seq}",
                )
                break
            except Unavailable:
                await asyncio.sleep(RETRY_WAIT_S)
        metrics.DEAD_LETTERS.labels(kind).inc()
        await pulled.settle(b"+ACK")


async def _beat(job: NatsJob) -> None:
    while True:
        await asyncio.sleep(JOB_ACK_S / 3)
        try:
            await job.in_progress()
        except BusError as error:
            log.warning("job %s: no beat: %s", job.key, error)
