"""A whole Classwire as a person starts it, with data of its own, for tests that need everything."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).parent.parent.parent
START_S = 120.0
STOP_S = 40.0
POLL_S = 0.05

T = TypeVar("T")


def wait_for(what: str, probe: Callable[[], T | None], timeout_s: float = 20.0) -> T:
    """Polls until the probe gives something true; the failure says what was waited for."""
    until = time.monotonic() + timeout_s
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > until:
            raise AssertionError(f"waited {timeout_s:.0f} s in vain for: {what}")
        time.sleep(POLL_S)


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Running:
    """A started system: where it is, its data, and its processes."""

    url: str
    room: str
    teacher_link: str
    student_link: str
    var: Path
    process: subprocess.Popen[bytes]

    @property
    def stack(self) -> dict[str, Any]:
        """What the supervisor says of its children: pids, ports, users."""
        loaded: dict[str, Any] = json.loads((self.var / "stack.json").read_text())
        return loaded

    def pid(self, name: str) -> int:
        """The process that plays this role or service now."""
        return int(self.stack["children"][name]["pid"])

    def kill(self, name: str) -> int:
        """SIGKILL; returns the pid that is gone."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def kill_and_wait(self, name: str) -> None:
        """SIGKILL, and the supervisor has started another that is ready."""
        gone = self.kill(name)

        def back() -> bool:
            child = self.stack["children"].get(name, {})
            return child.get("pid") not in (None, gone) and bool(child.get("ready"))

        wait_for(f"{name} is back", back, 30.0)

    def log_tail(self, name: str, lines: int = 30) -> str:
        """The last lines that a child wrote."""
        path = self.var / "log" / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""


@contextlib.contextmanager
def running(var: Path, **environ: str) -> Iterator[Running]:
    """Starts ``classwire up`` on a free port and stops it by SIGTERM."""
    var.mkdir(parents=True, exist_ok=True)
    settings = {"CLASSWIRE_PORT": str(free_port()), "CLASSWIRE_VAR": str(var), **environ}
    output = (var / "up.out").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.cli", "up"],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=output,
        stderr=subprocess.STDOUT,
    )
    try:
        demo = wait_for("Classwire is ready", lambda: _ready(process, var), START_S)
        yield Running(demo["url"], demo["room"], demo["teacher_link"], demo["student_link"], var, process)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            output.close()


def _ready(process: subprocess.Popen[bytes], var: Path) -> dict[str, str] | None:
    text = (var / "up.out").read_text(errors="replace")
    if process.poll() is not None:
        raise AssertionError(f"classwire up ended with {process.returncode}:\n{text[-4000:]}")
    if "Classwire is ready:" not in text:
        return None
    demo: dict[str, str] = json.loads((var / "demo.json").read_text())
    return demo
