"""The log's clock: every process reckons in the time of the server that orders the events.

A machine whose clock is minutes off, or is set while a class runs, changes nothing: between two looks
at the server's time only a clock that cannot be set (the event loop's) counts.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from bus.api import call
from bus.background import background
from bus.connection import Connection
from bus.interface import BusError
from schemas import subjects
from schemas.limits import LOG_CLOCK_S, LOG_CLOCK_WAIT_S

log = logging.getLogger(__name__)


class LogClock:
    """Unix milliseconds by the log's server. Until the server was asked once: by this machine."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._loop_s = asyncio.get_running_loop().time
        self._ahead_ms: float | None = None
        """The server's time less the loop's."""

    def __call__(self) -> int:
        """Unix milliseconds."""
        if self._ahead_ms is None:
            return time.time_ns() // 1_000_000
        return round(self._loop_s() * 1000 + self._ahead_ms)

    async def keep(self) -> None:
        """Looks at the server's time now and then, for ever."""
        while True:
            is_known = await self.look()
            await asyncio.sleep(LOG_CLOCK_S if is_known else LOG_CLOCK_WAIT_S)

    async def look(self) -> bool:
        """Asks the server; False when it does not answer. The answer is as old as half the way back, and
        a difference smaller than that is no news."""
        asked_s = self._loop_s()
        try:
            answer = await call(self._connection, f"STREAM.INFO.{subjects.EVT}", timeout_s=LOG_CLOCK_WAIT_S)
            server_ms = datetime.fromisoformat(answer["ts"]).timestamp() * 1000
        except (BusError, KeyError, ValueError):
            return False
        heard_s = self._loop_s()
        ahead_ms = server_ms - 500 * (asked_s + heard_s)
        if self._ahead_ms is None or abs(ahead_ms - self._ahead_ms) > 500 * (heard_s - asked_s):
            if self._ahead_ms is not None and abs(ahead_ms - self._ahead_ms) > 1000:
                log.warning("the log's clock moved by %.1f s", (ahead_ms - self._ahead_ms) / 1000)
            self._ahead_ms = ahead_ms
        return True


@asynccontextmanager
async def kept_clock(connection: Connection) -> AsyncIterator[LogClock]:
    """The log's clock, looked after while the block is open."""
    clock = LogClock(connection)
    await clock.look()
    async with background(clock.keep()):
        yield clock
