"""The supervisor's rules, with members that are a line of shell each."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from deploy.child import LOG_BYTES_MAX, Command, bound_log
from deploy.options import ROOT
from deploy.supervisor import CRASHES_MAX, ChildFailed, Status, Supervisor

PATIENCE_S = 10.0


class Shell:
    """A member that is a shell script. Ready when its file is there."""

    def __init__(self, name: str, script: str, directory: Path, *, stop_s: float = 5.0) -> None:
        self.name = name
        self.ready_file = directory / f"{name}.ready"
        self._script = script.replace("READY", f"echo $$ > {self.ready_file}")
        self._stop_s = stop_s

    def prepare(self) -> None:
        self.ready_file.unlink(missing_ok=True)

    def command(self) -> Command:
        return Command(name=self.name, argv=("/bin/sh", "-c", self._script), stop_s=self._stop_s)

    def is_ready(self) -> bool:
        return self.ready_file.exists()


class Bench:
    """A supervisor and what it said."""

    def __init__(self, logs: Path) -> None:
        self.lines: list[str] = []
        self.children: dict[str, Status] = {}
        self.supervisor = Supervisor(logs, self.lines.append, self._changed)

    def _changed(self, children: dict[str, Status]) -> None:
        self.children = children

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - the kernel's processes set no event
                await asyncio.sleep(0.01)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    yield made
    await made.supervisor.stop()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_killed_child_is_started_again(bench: Bench, tmp_path: Path) -> None:
    await bench.supervisor.start(Shell("role", "READY; exec sleep 60", tmp_path), stage=1)
    first = bench.children["role"].pid
    os.kill(first, signal.SIGKILL)
    await bench.until(lambda: bench.children["role"] != Status(pid=first, ready=True, starts=1))
    await bench.until(lambda: bench.children["role"].ready)
    assert bench.children["role"].pid != first
    assert bench.children["role"].starts == 2
    assert any("was ended by SIGKILL" in line for line in bench.lines)


async def test_crash_loop_ends_with_the_last_lines(bench: Bench, tmp_path: Path) -> None:
    script = "echo the cause; READY; sleep 0.2; exit 3"
    await bench.supervisor.start(Shell("role", script, tmp_path), stage=1)
    with pytest.raises(ChildFailed, match=r"role ended with status 3 5 times") as raised:
        async with asyncio.timeout(PATIENCE_S):
            await bench.supervisor.failed()
    assert str(raised.value).count("the cause") == CRASHES_MAX


async def test_child_that_ends_before_it_is_ready_fails_the_start(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match=r"(?s)role ended with status 7.*no such table"):
        await bench.supervisor.start(Shell("role", "echo no such table; exit 7", tmp_path), stage=1)


async def test_stages_stop_from_the_highest_down(bench: Bench, tmp_path: Path) -> None:
    order = tmp_path / "order"
    for stage, name in enumerate(("server", "follower", "edge")):
        script = f"trap 'echo {name} >> {order}; exit 0' TERM; READY; while :; do sleep 0.02; done"
        await bench.supervisor.start(Shell(name, script, tmp_path), stage=stage)
    await bench.supervisor.stop()
    assert order.read_text().split() == ["edge", "follower", "server"]


async def test_stop_leaves_no_grandchild(bench: Bench, tmp_path: Path) -> None:
    grandchild = tmp_path / "grandchild"
    script = f"sleep 60 & echo $! > {grandchild}; READY; wait"
    await bench.supervisor.start(Shell("role", script, tmp_path), stage=1)
    pid = int(grandchild.read_text())
    assert is_alive(pid)
    await bench.supervisor.stop()
    await bench.until(lambda: not is_alive(pid) or _is_zombie(pid))


async def test_child_that_ignores_the_signal_is_killed(bench: Bench, tmp_path: Path) -> None:
    script = "trap '' TERM; READY; while :; do sleep 0.02; done"
    await bench.supervisor.start(Shell("role", script, tmp_path, stop_s=0.2), stage=1)
    began = time.monotonic()
    pid = bench.children["role"].pid
    await bench.supervisor.stop()
    assert time.monotonic() - began < PATIENCE_S
    assert not is_alive(pid)


async def test_stop_while_a_child_starts_leaves_nothing(bench: Bench, tmp_path: Path) -> None:
    starting = asyncio.create_task(bench.supervisor.start(Shell("slow", "exec sleep 60", tmp_path), stage=1))
    await bench.until(lambda: "slow" in bench.children)
    pid = bench.children["slow"].pid
    starting.cancel()
    await asyncio.wait((starting,))
    await bench.supervisor.stop()
    assert not is_alive(pid)


def test_children_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib; from deploy.child import Command, spawn\n"
        "child = spawn(Command(name='c', argv=('sleep', '60')), pathlib.Path(sys.argv[1]))\n"
        "print(child.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        (sys.executable, "-c", script, str(tmp_path / "log")), cwd=ROOT, stdout=subprocess.PIPE, check=False
    )
    pid = int(done.stdout)
    end = time.monotonic() + PATIENCE_S
    while is_alive(pid) and not _is_zombie(pid):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_log_keeps_its_newer_half(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"old\n" * (LOG_BYTES_MAX // 4) + b"newest\n")
    bound_log(log)
    assert log.stat().st_size <= LOG_BYTES_MAX // 2
    assert log.read_bytes().endswith(b"old\nnewest\n")


def _is_zombie(pid: int) -> bool:
    """In a container nobody may reap what init inherits."""
    return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
