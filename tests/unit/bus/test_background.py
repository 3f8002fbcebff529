"""A task that lives as long as a block."""

import asyncio

import pytest

from bus.background import background


async def forever() -> None:
    await asyncio.Event().wait()


async def test_the_task_ends_with_the_block() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await forever()
        finally:
            ended.set()

    async with background(work()):
        await asyncio.sleep(0)
    assert ended.is_set()


async def test_failure_of_the_task_is_the_blocks_failure() -> None:
    async def fail() -> None:
        raise KeyError("work")

    with pytest.raises(KeyError):
        async with background(fail()):
            await forever()


async def test_a_failure_is_not_lost_when_the_block_ends_at_the_same_moment() -> None:
    async def fail() -> None:
        raise KeyError("work")

    async def body() -> None:
        async with background(fail()):
            await asyncio.sleep(0)
        pytest.fail("went on")

    with pytest.raises(KeyError):
        await body()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_the_blocks_own_error_passes_unchanged() -> None:
    with pytest.raises(ZeroDivisionError):
        async with background(forever()):
            raise ZeroDivisionError


async def test_a_task_that_is_done_does_not_end_the_block() -> None:
    async with background(asyncio.sleep(0)):
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_cancelling_from_outside_stays_a_cancellation() -> None:
    async def body() -> None:
        async with background(forever()):
            await forever()

    task = asyncio.create_task(body())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_a_timeout_around_the_block_stays_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0), background(forever()):
            await forever()
