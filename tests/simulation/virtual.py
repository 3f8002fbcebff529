"""An event loop whose time passes only while nobody has anything to do: an hour of class in seconds."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_PATIENCE_S = 60.0  # Virtual: what is asked to end may first finish what it waits for.


class _Selector(selectors.SelectSelector):
    """Waits for nothing: what it was asked to wait is what passes."""

    def __init__(self, advance: Callable[[float], None]) -> None:
        super().__init__()
        self._advance = advance

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("Everybody waits for somebody: the simulation stands still.")
        if not ready and timeout:
            self._advance(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """No thread, socket or subprocess may take part: their time is not this loop's."""

    def __init__(self) -> None:
        self._virtual_s = 0.0
        super().__init__(_Selector(self._pass))

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self._virtual_s

    def _pass(self, seconds: float) -> None:
        self._virtual_s += seconds


def run(main: Coroutine[Any, Any, T]) -> T:
    """Runs to the end in virtual time; what is then still running is forgotten, as by a power cut."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main)
    finally:
        loop.set_exception_handler(lambda *_: None)
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=_PATIENCE_S))
        asyncio.set_event_loop(None)
        loop.close()
