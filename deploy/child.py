"""A child process that cannot outlive us: own group, parent-death signal, output to a bounded file.

The kernel delivers the parent-death signal when the *thread* that forked ends, so ``spawn`` is called
from the main thread only.
"""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

_PR_SET_PDEATHSIG = 1

# Loaded before any fork: between fork and exec nothing may import or allocate much.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

LOG_BYTES_MAX = 8 * 1024 * 1024  # Per child: days of warnings, and a dozen logs stay under 100 MB.
_POLL_S = 0.02


class Command(Struct, frozen=True, kw_only=True):
    """How a child is started and stopped."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = {}
    """Added to our own environment."""
    uid: int | None = None
    """Runs as this user; None: as ourselves."""
    gid: int | None = None
    stop_signal: int = signal.SIGTERM
    stop_s: float = 10.0
    """How long it may take to stop before it is killed."""


class Child:
    """A running child. Its process group is its own, so that killing it takes its children along."""

    def __init__(self, command: Command, process: subprocess.Popen[bytes], log: Path) -> None:
        self.command = command
        self.pid = process.pid
        self.log = log
        self._process = process

    @property
    def code(self) -> int | None:
        """The exit status, None while it runs."""
        return self._process.poll()

    async def exited(self) -> int:
        """Waits until it has ended and returns its exit status."""
        if (code := self._process.poll()) is not None:
            return code
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        descriptor = os.pidfd_open(self.pid)  # Readable when it has ended.
        loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        return self._process.wait()

    def signal(self, number: int) -> None:
        """Signals the process alone; nothing happens when it has ended."""
        self._process.send_signal(number)

    def kill_group(self) -> None:
        """Kills whatever is left of its process group."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return  # Nobody is left (a zombie's group may answer with either).

    async def stop(self) -> int:
        """Asks it to stop, waits, and kills it when it takes too long."""
        self.signal(self.command.stop_signal)
        try:
            async with asyncio.timeout(self.command.stop_s):
                code = await self.exited()
        except TimeoutError:
            self.kill_group()
            code = await self.exited()
        self.kill_group()
        return code

    def stop_now(self, *, number: int | None = None) -> int:
        """``stop`` for code without an event loop; ``number`` replaces the stop signal."""
        self.signal(self.command.stop_signal if number is None else number)
        try:
            code = self._process.wait(self.command.stop_s)
        except subprocess.TimeoutExpired:
            self.kill_group()
            code = self._process.wait()
        self.kill_group()
        return code

    def tail(self, lines: int = 15) -> str:
        """The last lines that it wrote."""
        return tail(self.log, lines)


def spawn(command: Command, log: Path) -> Child:
    """Starts a child with its output appended to ``log``."""
    bound_log(log)
    parent = os.getpid()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **command.env},
            user=command.uid,
            group=command.gid,
            extra_groups=[] if command.uid is not None else None,
            start_new_session=True,
            # Runs after the change of user, which would clear it.
            preexec_fn=lambda: _die_with(parent, command.stop_signal),  # noqa: PLW1509 - no threads of ours fork
        )
    return Child(command, process, log)


def _die_with(parent: int, number: int) -> None:
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # It died between the fork and the line above.
        os._exit(1)


def bound_log(log: Path) -> None:
    """Keeps the newer half of a log that has grown past its bound. Children append, so that the file may
    be cut under them; what is written in between is lost."""
    if not log.exists() or log.stat().st_size <= LOG_BYTES_MAX:
        return
    with log.open("r+b") as file:
        file.seek(-LOG_BYTES_MAX // 2, os.SEEK_END)
        file.readline()
        kept = file.read()
        file.seek(0)
        file.write(kept)
        file.truncate()


def tail(log: Path, lines: int) -> str:
    """The last lines of a file, empty when there is none."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 16_384))
        text = file.read().decode(errors="replace")
    return "\n".join(text.splitlines()[-lines:])


def wait_until(is_ready: Callable[[], bool], child: Child, within_s: float) -> bool:
    """Waits for a condition while the child runs. False: it ended, or the time is over."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if is_ready():
            return True
        if child.code is not None:
            return False
        time.sleep(_POLL_S)
    return False
