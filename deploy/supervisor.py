"""Keeps children running: starts each when asked, restarts it when it dies, stops all in order.

Rules, which the tests in ``tests/integration/deploy`` hold:

1. A child that ends by itself is started again, at once the first time, then later and later.
2. ``CRASHES_MAX`` ends within ``CRASH_WINDOW_S`` are a crash loop: everything stops, and the person sees
   that child's last lines.
3. Stopping goes from the highest ``stage`` down; nobody is asked to stop before those who use it are gone.
4. No child outlives us, however we end (``deploy.child``).
"""

import asyncio
import signal
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from deploy.child import Child, Command, bound_log, spawn

CRASHES_MAX = 5  # Two are bad luck, five in half a minute are a mistake that a sixth start will not mend.
CRASH_WINDOW_S = 30.0
RESTART_DELAYS_S = (0.0, 0.5, 1.0, 2.0)  # The first at once: people wait. Then room for what it depends on.
READY_S = 60.0  # A role imports in a second; a loaded machine and a long log take longer.
READY_POLL_S = 0.03
LOG_CHECK_S = 30.0
TAIL_LINES = 25


class Member(Protocol):
    """Something that can be run: a server of ``deploy.services``, a role."""

    @property
    def name(self) -> str:
        """Names it on the terminal and its log."""

    def prepare(self) -> None:
        """What must lie on disk before it starts; may take seconds."""

    def command(self) -> Command:
        """How it is started and stopped."""

    def is_ready(self) -> bool:
        """Whether it answers; may take a second."""


class ChildFailed(Exception):  # noqa: N818 - says what happened
    """A child cannot be kept running; the text ends with its last lines."""


class Status(Struct, frozen=True):
    """What others may know of a child."""

    pid: int
    ready: bool
    starts: int


class _Kept:
    """A child that is kept, with the task that keeps it."""

    def __init__(self, member: Member, stage: int) -> None:
        self.member = member
        self.stage = stage
        self.child: Child | None = None
        self.ready = False
        self.starts = 0
        self.is_stopping = False


class Supervisor:
    """Runs members until it is told to stop. ``changed`` is called whenever a status changes."""

    def __init__(
        self, logs: Path, say: Callable[[str], None], changed: Callable[[dict[str, Status]], None]
    ) -> None:
        self._logs = logs
        self._say = say
        self._changed = changed
        self._kept: list[_Kept] = []
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks = [asyncio.create_task(self._bound_logs())]

    async def start(self, member: Member, *, stage: int) -> None:
        """Starts a member, waits until it is ready, and keeps it from then on. Raises ChildFailed."""
        began = time.monotonic()
        await asyncio.to_thread(member.prepare)
        kept = _Kept(member, stage)
        self._kept.append(kept)
        child = self._spawn(kept)
        if not await self._becomes_ready(kept):
            how = "did not become ready" if child.code is None else describe(child.code)
            raise ChildFailed(f"{member.name} {how}. {self._last_lines(child)}")
        self._say(f"{member.name} is ready ({time.monotonic() - began:.1f} s)")
        self._tasks.append(asyncio.create_task(self._keep(kept, child)))

    async def failed(self) -> None:
        """Waits for ever, or raises ChildFailed when a child cannot be kept running."""
        await asyncio.shield(self._failed)

    async def stop(self) -> None:
        """Stops all, the highest stage first. Safe at any moment, also while members start."""
        for kept in self._kept:
            kept.is_stopping = True
        for task in self._tasks:
            task.cancel()
        for stage in sorted({kept.stage for kept in self._kept}, reverse=True):
            await asyncio.gather(*(self._stop(kept) for kept in self._kept if kept.stage == stage))
        self._kept.clear()
        if self._failed.done():
            self._failed.exception()

    def kill(self) -> None:
        """Kills all at once: a person has pressed Ctrl-C again."""
        for kept in self._kept:
            if kept.child is not None:
                kept.child.kill_group()

    # --- one child --------------------------------------------------------------------------------
    def _spawn(self, kept: _Kept) -> Child:
        kept.child = child = spawn(kept.member.command(), self._logs / f"{kept.member.name}.log")
        kept.ready = False
        kept.starts += 1
        self._tell()
        return child

    async def _becomes_ready(self, kept: _Kept) -> bool:
        """Waits for a child that has just been started. False: it ended, or took too long."""
        child = kept.child
        assert child is not None
        end = time.monotonic() + READY_S
        while child.code is None and time.monotonic() < end:
            if await asyncio.to_thread(kept.member.is_ready):
                kept.ready = True
                self._tell()
                return True
            await asyncio.sleep(READY_POLL_S)
        return False

    async def _keep(self, kept: _Kept, child: Child) -> None:
        """Restarts a child whenever it ends, until the ends come too fast."""
        name = kept.member.name
        crashes: deque[float] = deque(maxlen=CRASHES_MAX)
        while True:
            code = await child.exited()
            if kept.is_stopping:
                return
            child.kill_group()
            now = time.monotonic()
            crashes.append(now)
            if len(crashes) == CRASHES_MAX and now - crashes[0] < CRASH_WINDOW_S:
                self._fail(
                    f"{name} {describe(code)} {CRASHES_MAX} times within {CRASH_WINDOW_S:.0f} s. "
                    + self._last_lines(child)
                )
                return
            recent = sum(now - crash < CRASH_WINDOW_S for crash in crashes)
            delay = RESTART_DELAYS_S[min(recent, len(RESTART_DELAYS_S)) - 1]
            kept.ready = False
            self._tell()
            self._say(f"{name} {describe(code)}; starting it again" + (f" in {delay} s" if delay else ""))
            await asyncio.sleep(delay)
            child = self._spawn(kept)
            if await self._becomes_ready(kept):
                self._say(f"{name} is back")

    async def _stop(self, kept: _Kept) -> None:
        if kept.child is None:
            return
        code = await kept.child.stop()
        if code == -signal.SIGKILL:
            self._say(f"{kept.member.name} did not stop by itself and was killed")
        kept.child, kept.ready = None, False

    def _fail(self, reason: str) -> None:
        if not self._failed.done():
            self._failed.set_exception(ChildFailed(reason))

    def _last_lines(self, child: Child) -> str:
        lines = child.tail(TAIL_LINES)
        return f"Its last lines, from {child.log}:\n{lines}" if lines else f"It wrote nothing to {child.log}."

    def _tell(self) -> None:
        self._changed(
            {
                kept.member.name: Status(pid=kept.child.pid, ready=kept.ready, starts=kept.starts)
                for kept in self._kept
                if kept.child is not None
            }
        )

    async def _bound_logs(self) -> None:
        while True:
            await asyncio.sleep(LOG_CHECK_S)
            for log in self._logs.glob("*.log"):
                bound_log(log)


def describe(code: int) -> str:
    """An exit status as the end of a sentence."""
    if code >= 0:
        return f"ended with status {code}"
    return f"was ended by {signal.Signals(-code).name}"
