"""A task that lives as long as a block, and whose failure is the block's failure.

``asyncio.TaskGroup`` would do, but it wraps what the *body* raises in a group: a ``Conflict`` inside
``async with lease`` would no longer be caught by ``except Conflict`` around it. Here the body's own
exceptions pass unchanged.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any


@asynccontextmanager
async def background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs ``work`` while the block is open. If it raises, the block is cancelled and raises the same."""
    body = asyncio.current_task()
    assert body is not None
    asked_before = body.cancelling()
    failure: list[BaseException] = []
    closing = False

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not closing:
            failure.append(error)
            body.cancel()

    task = asyncio.create_task(work)
    task.add_done_callback(ended)
    try:
        yield
    except asyncio.CancelledError:
        if failure and body.uncancel() <= asked_before:
            raise failure[0] from None
        raise
    else:
        if failure:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)  # Takes the cancellation that was meant for the block.
            body.uncancel()
            raise failure[0]
    finally:
        closing = True
        await end(task)


async def end(task: asyncio.Task[None]) -> None:
    """Cancels a task and waits until it is gone; what it raises while ending is raised here."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
