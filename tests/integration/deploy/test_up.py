"""``classwire up``, whole: what a person sees, what is left behind, what a crash does."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.options import ROOT
from deploy.roles import ROLES
from deploy.services import free_ports, http_ok, is_free

READY_S, STOP_S, BACK_S = 120.0, 60.0, 60.0

pytestmark = pytest.mark.timeout(300)


class Up:
    """A running ``classwire up``."""

    def __init__(self, var: Path, port: int, process: subprocess.Popen[str]) -> None:
        self.var = var
        self.port = port
        self.process = process

    def read(self, name: str) -> Any:
        return json.loads((self.var / name).read_text())

    def child(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.read("stack.json")["children"][name]
        return found

    def lines(self) -> list[str]:
        return (self.var.parent / "out").read_text().splitlines()

    def until(self, condition: Callable[[], bool], within_s: float) -> None:
        end = time.monotonic() + within_s
        while not condition():
            assert self.process.poll() is None, "\n".join(self.lines())
            assert time.monotonic() < end, "\n".join(self.lines())
            time.sleep(0.05)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S)


@contextmanager
def up(directory: Path, port: int) -> Iterator[Up]:
    var = directory / "var"
    with (directory / "out").open("w") as output:
        process = subprocess.Popen(
            (sys.executable, "-m", "deploy.cli", "up"),
            cwd=ROOT,
            env={**os.environ, "CLASSWIRE_PORT": str(port), "CLASSWIRE_VAR": str(var)},
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started = Up(var, port, process)
        try:
            started.until(
                lambda: any(line.startswith("Classwire is ready") for line in started.lines()), READY_S
            )
            yield started
        finally:
            if process.poll() is None:
                started.stop()


def running_in(var: Path) -> list[str]:
    """Processes that mention the directory, by their command line or environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if str(var).encode() in text and entry.name != str(os.getpid()):
            found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def test_up_prints_links_and_ready_last_and_leaves_nobody_behind(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with up(tmp_path, port) as first:
        lines = first.lines()
        demo = first.read("demo.json")
        assert lines[-1] == f"Classwire is ready: http://localhost:{port}"
        assert any(demo["teacher_link"] in line for line in lines[-6:])
        assert any(demo["student_link"] in line for line in lines[-6:])
        assert set(demo) == {"url", "teacher_link", "student_link", "room"}
        assert re.fullmatch(rf"http://localhost:{port}/signin#token=[\w-]+", demo["teacher_link"])
        assert set(first.read("stack.json")["children"]) == {*ROLES, "nats", "postgres", "s3"}
        assert http_ok(port, "/readyz")
        assert first.stop() == 0
        assert first.lines()[-1].endswith("stopped")
    assert running_in(tmp_path / "var") == []
    assert is_free(port)

    with up(tmp_path, port) as second:
        assert second.read("demo.json")["room"] == demo["room"]
        assert second.read("demo.json")["teacher_link"] != demo["teacher_link"]
        second.process.send_signal(signal.SIGTERM)  # Twice, as when make passes on what we got as well.
        assert second.stop() == 0
        assert not any("was killed" in line for line in second.lines())


def test_every_child_comes_back_after_a_crash(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with up(tmp_path, port) as running:
        for name in ("nats", "postgres", "s3", *ROLES):
            before = running.child(name)["pid"]
            os.kill(before, signal.SIGKILL)

            def is_back(name: str = name, before: int = before) -> bool:
                child = running.read("stack.json")["children"].get(name, {})
                return bool(child.get("ready")) and child["pid"] != before

            running.until(is_back, BACK_S)
        running.until(
            lambda: all(child["ready"] for child in running.read("stack.json")["children"].values()), BACK_S
        )
        assert running.stop() == 0
    assert running_in(tmp_path / "var") == []


def test_taken_port_is_one_sentence_and_status_one(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run(
            (sys.executable, "-m", "deploy.cli", "up"),
            cwd=ROOT,
            env={**os.environ, "CLASSWIRE_PORT": str(port), "CLASSWIRE_VAR": str(tmp_path / "var")},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in done.stderr
    assert "Traceback" not in done.stderr


def test_killed_supervisor_takes_its_children_along(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with up(tmp_path, port) as running:
        running.process.kill()
        running.process.wait()
        end = time.monotonic() + STOP_S
        while running_in(tmp_path / "var"):
            assert time.monotonic() < end, running_in(tmp_path / "var")
            time.sleep(0.1)
