"""What a request starts and does not wait for: bounded, and ended with the process."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import asyncpg

from schemas.limits import LETTERS_WAITING_MAX

log = logging.getLogger(__name__)


class Errands:
    """The errands of one process."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, errand: Coroutine[Any, Any, None]) -> None:
        """Runs it beside the request; one too many is not run, and the log says so."""
        if len(self._running) >= LETTERS_WAITING_MAX:
            errand.close()
            log.error("too many errands run: one is dropped")
            return
        task = asyncio.create_task(_run(errand))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def settled(self) -> None:
        """Returns when none runs."""
        while self._running:
            await asyncio.wait(tuple(self._running))

    async def close(self) -> None:
        """Ends those that run."""
        for task in tuple(self._running):
            task.cancel()
        await self.settled()


async def _run(errand: Coroutine[Any, Any, None]) -> None:
    try:
        await errand
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        log.warning("an errand failed: %r", error)
