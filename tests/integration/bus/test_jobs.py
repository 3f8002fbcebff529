"""JOBS: at-least-once work with backoff and dead letters. On NATS and in memory."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

import bus.jobs
from bus.background import background
from bus.interface import Job
from schemas.limits import JOB_ATTEMPTS_MAX
from tests.integration.bus.conftest import World
from tests.integration.bus.given import ROOM, until

Handler = Callable[[Job], Awaitable[None]]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rules within seconds."""
    monkeypatch.setattr(bus.jobs, "JOB_BACKOFF_S", (0.05, 0.05, 0.05, 0.05, 0.05))
    monkeypatch.setattr(bus.jobs, "JOB_ACK_S", 1)


async def test_a_job_is_done_once(world: World) -> None:
    done: list[tuple[str, str, bytes, int]] = []

    async def handle(job: Job) -> None:
        done.append((job.kind, str(job.key), job.data, job.attempt))

    async with world.open("p1") as one, world.open("p2") as two:
        await one.jobs.put("record", ROOM, b"1", job_id="rec1")
        await one.jobs.put("record", ROOM, b"1", job_id="rec1")
        async with background(two.jobs.work("record", handle)):
            await one.jobs.put("record", ROOM, b"2", job_id="rec2")
            await until(lambda: len(done) == 2)
        async with background(two.jobs.work("record", handle)):
            await asyncio.sleep(1.3)
        assert done == [("record", "t1/r1", b"1", 1), ("record", "t1/r1", b"2", 1)]


async def test_a_job_that_fails_is_tried_again_after_a_pause(world: World) -> None:
    attempts: list[int] = []

    async def handle(job: Job) -> None:
        attempts.append(job.attempt)
        if job.attempt < 3:
            raise OSError("disk")

    async with world.open("p1") as one, world.open("p2") as two:
        async with background(two.jobs.work("record", handle)):
            await one.jobs.put("record", ROOM, b"", job_id="rec1")
            await until(lambda: len(attempts) == 3)
        assert attempts == [1, 2, 3]
        assert await one.jobs.dead() == []


async def test_a_hopeless_job_becomes_a_dead_letter_and_leaves_the_queue(world: World) -> None:
    attempts: list[int] = []

    async def handle(job: Job) -> None:
        attempts.append(job.attempt)
        if job.data == b"bad":
            raise ValueError("cannot be mixed")

    async with world.open("p1") as one, world.open("p2") as two:
        async with background(two.jobs.work("record", handle)):
            await one.jobs.put("record", ROOM, b"bad", job_id="rec1")
            await until(lambda: len(attempts) == JOB_ATTEMPTS_MAX)
            await one.jobs.put("record", ROOM, b"good", job_id="rec2")
            await until(lambda: len(attempts) == JOB_ATTEMPTS_MAX + 1)
        ((subject, body, headers),) = await one.jobs.dead()
        assert subject == "dlq.job.record.t1.r1"
        assert body == b"bad"
        assert "cannot be mixed" in headers["Cw-Error"]
        async with background(two.jobs.work("record", handle)):
            await asyncio.sleep(1.3)
        assert len(attempts) == JOB_ATTEMPTS_MAX + 1


async def test_the_job_of_a_dead_worker_goes_to_another(world: World) -> None:
    taken: list[str] = []

    async def stuck(_: Job) -> None:
        taken.append("one")
        await asyncio.Event().wait()

    async def handle(job: Job) -> None:
        taken.append(f"two, attempt {job.attempt}")

    async with world.open("p0") as asker, world.open("p1") as one, world.open("p2") as two:
        await asker.jobs.put("record", ROOM, b"", job_id="rec1")
        async with background(one.jobs.work("record", stuck)):
            await until(lambda: len(taken) == 1)
            await world.kill(one)
            async with background(two.jobs.work("record", handle)):
                await until(lambda: len(taken) == 2)
        assert taken == ["one", "two, attempt 2"]


async def test_a_long_job_stays_with_its_worker(world: World) -> None:
    taken: list[str] = []

    async def long(_: Job) -> None:
        taken.append("one")
        await asyncio.sleep(2.5)  # More than twice the time after which a silent worker counts as dead.
        taken.append("done")

    async def handle(_: Job) -> None:
        taken.append("two")

    async with world.open("p1") as one, world.open("p2") as two:
        await one.jobs.put("record", ROOM, b"", job_id="rec1")
        async with background(one.jobs.work("record", long)):
            await until(lambda: taken == ["one"])
            async with background(two.jobs.work("record", handle)):
                await until(lambda: len(taken) == 2)
                await asyncio.sleep(1.3)
        assert taken == ["one", "done"]


async def test_a_worker_goes_on_after_the_server_crashed(world: World) -> None:
    done: list[bytes] = []

    async def handle(job: Job) -> None:
        done.append(job.data)

    async with (
        world.open("p1") as one,
        world.open("p2") as two,
        background(two.jobs.work("record", handle)),
    ):
        await one.jobs.put("record", ROOM, b"1", job_id="rec1")
        await until(lambda: done == [b"1"])
        await world.stop()
        await one.disconnected()
        await world.start()
        await one.connected()
        await one.jobs.put("record", ROOM, b"2", job_id="rec2")
        await until(lambda: b"2" in done)
