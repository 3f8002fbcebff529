"""Jobs that go wrong: what is no job, what nobody survives, and a worker whose bus is away."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

import bus.jobs
from bus.background import background
from bus.interface import Bus, Job, Unavailable
from bus.memory import memory_bus
from bus.nats import NatsBus
from bus.publisher import store
from schemas import subjects
from schemas.ids import RoomId, RoomKey, TenantId
from schemas.limits import JOB_ATTEMPTS_MAX

KEY = RoomKey(TenantId("t1"), RoomId("r1"))


async def letters(worker: Bus, count: int) -> list[tuple[str, bytes, str]]:
    """The dead letters with what was wrong, once there are so many."""
    async with asyncio.timeout(30):
        while len(found := await worker.jobs.dead()) < count:  # noqa: ASYNC110 - it is in the log
            await asyncio.sleep(0.01)
    return [(subject, data, headers[bus.jobs.ERROR]) for subject, data, headers in found]


async def never(_: Job) -> None:
    raise AssertionError("not asked")


async def test_what_is_no_job_is_set_aside() -> None:
    async with memory_bus().open("p1", role="artifacts") as worker:
        assert isinstance(worker, NatsBus)
        await store(worker._connection, subjects.JOBS, "job.record.t1.R~", b"?", message_id="x")
        async with background(worker.jobs.work("record", never)):
            assert await letters(worker, 1) == [("dlq.job.record.t1.R~", b"?", "not a job")]


async def test_a_job_that_killed_every_worker_is_set_aside_unopened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus.jobs, "JOB_ATTEMPTS_MAX", 0)
    async with memory_bus().open("p1", role="artifacts") as worker:
        await worker.jobs.put("record", KEY, b"one", job_id="1")
        async with background(worker.jobs.work("record", never)):
            ((_, data, said),) = await letters(worker, 1)
    assert (data, said) == (b"one", "every worker that took it died")


async def test_a_letter_that_could_not_be_written_is_written_later(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = 0
    real: Callable[..., Awaitable[object]] = store

    async def flaky(*args: object, **named: object) -> object:
        nonlocal refused
        if refused < 2 and args[1] == subjects.DLQ:
            refused += 1
            raise Unavailable("away")
        return await real(*args, **named)

    async def fails(_: Job) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(bus.jobs, "store", flaky)
    monkeypatch.setattr(bus.jobs, "RETRY_WAIT_S", 0.001)
    monkeypatch.setattr(bus.jobs, "JOB_BACKOFF_S", (0.001,))
    async with memory_bus().open("p1", role="artifacts") as worker:
        await worker.jobs.put("record", KEY, b"one", job_id="1")
        async with background(worker.jobs.work("record", fails)):
            ((_, data, said),) = await letters(worker, 1)
    assert (data, said, refused) == (b"one", repr(ValueError("broken")), 2)
    assert JOB_ATTEMPTS_MAX > 1


async def test_a_beat_that_is_not_heard_does_not_end_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus.jobs, "JOB_ACK_S", 0.003)
    beats = asyncio.Semaphore(0)

    async def unheard(_: Job) -> None:
        beats.release()
        raise Unavailable("away")

    monkeypatch.setattr(bus.jobs.NatsJob, "in_progress", unheard)
    done = asyncio.Event()

    async def works(_: Job) -> None:
        for _n in range(3):
            await beats.acquire()
        done.set()

    async with memory_bus().open("p1", role="artifacts") as worker:
        await worker.jobs.put("record", KEY, b"one", job_id="1")
        async with background(worker.jobs.work("record", works)), asyncio.timeout(30):
            await done.wait()
