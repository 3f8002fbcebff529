"""Long work in a thread: it says how far it is, and can be told to stop."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class StoppedError(Exception):
    """The work was told to stop."""


class Progress:
    """Shared by a thread and the loop. ``percent`` is written by the one and read by the other."""

    def __init__(self) -> None:
        self.percent = 0
        self._stop = threading.Event()

    def stop(self) -> None:
        """Asks the work to end at its next ``check``."""
        self._stop.set()

    def check(self, percent: int | None = None) -> None:
        """Called by the work, often. Raises StoppedError."""
        if percent is not None:
            self.percent = percent
        if self._stop.is_set():
            raise StoppedError


async def in_thread(work: Callable[[], T], progress: Progress) -> T:
    """Runs work in a thread. Cancelled, it stops the work and waits for its end: files stay owned."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        progress.stop()
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # Seen: it is the StoppedError that was asked for.
        raise
