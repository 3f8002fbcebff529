"""``make check``, ``make test``, ``make bench``, ``make soak``: the steps of each, and one table at the end.

Every step runs, also after one that failed, so that one run tells everything. pytest's summary line is
repeated at the very end.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from msgspec import Struct

from deploy.options import ROOT

BIN = Path(sys.executable).parent
_SUMMARY = re.compile(rb"^=*\s*(\d+ (?:passed|failed|error|skipped)[^=]* in \d[^=]*?)\s*=*$", re.MULTILINE)


class Step(Struct, frozen=True):
    """A command that must succeed."""

    name: str
    argv: tuple[str, ...]
    directory: Path = ROOT


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)


def _tool(name: str, *arguments: str) -> tuple[str, ...]:
    return (str(BIN / name), *arguments)


WEB = Step("web", ("npm", "run", "--silent", "check"), ROOT / "edge" / "web")
CONTRACT = Step("contract", _python("deploy.contract", "--check"))
WIRE_TYPES = Step("wire types", _python("edge.web.scripts.generate_types", "--check"))
_NATIVE = ROOT / "sfu" / "native"
# Only where cargo is: without it the forwarder in Python is what is tested.
RUST = (
    (
        Step("rust format", ("cargo", "fmt", "--all", "--check"), _NATIVE),
        Step(
            "rust lint",
            ("cargo", "clippy", "--release", "--locked", "--quiet", "--", "-D", "warnings"),
            _NATIVE,
        ),
        Step("rust", ("cargo", "test", "--release", "--locked", "--workspace", "--quiet"), _NATIVE),
    )
    if shutil.which("cargo")
    else ()
)
SOURCE = (
    Step("format", _tool("ruff", "format", "--check", "--quiet", ".")),
    Step("lint", _tool("ruff", "check", "--quiet", ".")),
    Step("imports", _tool("lint-imports")),
    Step("types", _python("mypy")),
    WIRE_TYPES,
    CONTRACT,
)
SUITES: dict[str, tuple[Step, ...]] = {
    "check": (*SOURCE, Step("unit", _python("pytest", "-q", "tests/unit", "tests/test_house.py")), WEB),
    "test": (*SOURCE, WEB, *RUST, Step("pytest", _python("pytest"))),
    "soak": (Step("api", _python("tests.load.api_soak")),),
    "bench": (
        Step("log", _python("deploy.cli", "bench", "log")),
        *(
            Step(file.stem.removeprefix("bench_"), _python(f"tests.bench.{file.stem}"))
            for file in sorted((ROOT / "tests" / "bench").glob("bench_*.py"))
        ),
    ),
}


def main() -> int:
    """Runs a suite by its name; further arguments go to its last step. 0: every step succeeded."""
    name, extra = sys.argv[1], tuple(sys.argv[2:])
    results: list[tuple[Step, bool, float]] = []
    summary = b""
    for step in SUITES[name]:
        print(f"── {step.name} " + "─" * (60 - len(step.name)), flush=True)
        began = time.monotonic()
        status, output = _run(step, extra if step is SUITES[name][-1] else ())
        found = _SUMMARY.findall(output)
        summary = found[-1] if found else summary
        results.append((step, status == 0, time.monotonic() - began))
    print("─" * 64)
    for step, succeeded, seconds in results:
        print(f"{'ok    ' if succeeded else 'FAILED'} {step.name:<10} {seconds:6.1f} s")
    if summary:
        print(summary.decode())
    return 0 if all(succeeded for _, succeeded, _ in results) else 1


def _run(step: Step, extra: tuple[str, ...]) -> tuple[int, bytes]:
    """Runs a step, showing its output as it comes; what it wrote is returned too."""
    environ = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    process = subprocess.Popen(
        (*step.argv, *extra),
        cwd=step.directory,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    written = bytearray()
    while chunk := os.read(process.stdout.fileno(), 65_536):
        written += chunk
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    process.stdout.close()
    return process.wait(), bytes(written)


if __name__ == "__main__":
    sys.exit(main())
