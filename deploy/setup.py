"""Prepares a clone: Python environment, web client, and for tests the machine's tools.

Run by the machine's own ``python3`` before anything is installed (``make setup``), so: standard library
only, and syntax that an old Python can read far enough to be told that it is too old. Every step leaves a
stamp made of what it read; a second run only compares stamps. It speaks to the network through the
clients pip, uv, npm and apt alone, and they keep their own configuration.

    python3 deploy/setup.py [--tests]
"""

from __future__ import annotations

import argparse
import ast
import ctypes
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
VENV = HERE / ".venv"
PYTHON = VENV / "bin" / "python"
WEB = HERE / "edge" / "web"
NATIVE = HERE / "sfu" / "native"

PYTHON_MIN = (3, 11)
NODE_MIN = 20
DISK_FREE_BYTES_MIN = (
    2_500_000_000  # The environment takes 1 GB, node's packages 0.3 GB, a first class the rest.
)

# Programs that tests need and pip has not: Debian's package for each.
TEST_TOOLS = {"chromium": "chromium", "ffprobe": "ffmpeg"}
TEST_LIBRARIES = {"libatomic.so.1": "libatomic1"}  # The node inside the playwright package links it.


class SetupError(Exception):
    """Something is missing; the text says what and how to mend it."""


def main() -> int:
    """The command line. 0: the clone is ready."""
    parser = argparse.ArgumentParser(prog="setup", description="Prepares a clone to run Classwire.")
    parser.add_argument("--tests", action="store_true", help="also what `make test` needs")
    options = parser.parse_args()
    try:
        check_machine()
        packages(tests=options.tests)
        native()
        web()
        if options.tests:
            test_tools()
    except SetupError as error:
        print("\n" + str(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def say(text: str) -> None:
    """One line of progress."""
    print("  " + text, flush=True)


def dotted(version: tuple[int, ...]) -> str:
    """A version as people write it."""
    return ".".join(map(str, version))


def check_machine() -> None:
    """What cannot be mended from here, in one sentence each."""
    if sys.version_info < PYTHON_MIN:
        raise SetupError(
            f"Python {dotted(PYTHON_MIN)} or newer is needed, and {sys.executable} is "
            f"{dotted(sys.version_info[:2])}. Install it, or name another: make PYTHON=python3.11 run"
        )
    if not os.access(HERE, os.W_OK):
        raise SetupError(f"The directory {HERE} is not yours to write. Clone it as the user who runs it.")
    if VENV.exists() and VENV.stat().st_uid != os.geteuid():
        raise SetupError(
            "The directory .venv belongs to another user. Run as that user, or remove it: rm -rf .venv"
        )
    free = shutil.disk_usage(str(HERE)).free
    if free < DISK_FREE_BYTES_MIN and not PYTHON.exists():
        raise SetupError(
            f"Only {free / 1e9:.1f} GB are free on the disk of {HERE}; the set-up needs "
            f"{DISK_FREE_BYTES_MIN / 1e9:.1f} GB. Make room first."
        )


# --- Python --------------------------------------------------------------------------------------
def packages(tests: bool) -> None:
    """The environment in .venv, exactly as the lock files say. A test environment also serves to run."""
    own_node = not system_node()
    test_stamp, run_stamp = (package_stamp(lock_files(t, own_node)) for t in (True, False))
    stamp_file = VENV / "classwire.stamp"
    present = stamp_file.read_text() if stamp_file.exists() and PYTHON.exists() else ""
    if present == test_stamp or (present == run_stamp and not tests):
        return
    started = time.monotonic()
    tests = tests or present.startswith("tests ")  # An update does not take the test tools away.
    locks = lock_files(tests, own_node)
    say("Python packages" + (", with those for tests" if tests else ""))
    make_environment()
    stamp_file.unlink(missing_ok=True)
    install(locks)
    stamp_file.write_text(package_stamp(locks))
    say(f"Python packages are ready ({time.monotonic() - started:.0f} s)")


def lock_files(tests: bool, own_node: bool) -> list[str]:
    """Which lock files make the environment."""
    return [
        "requirements-setup.lock",
        "requirements-dev.lock" if tests else "requirements.lock",
        *(["requirements-node.lock"] if own_node else []),
    ]


def package_stamp(locks: list[str]) -> str:
    """Names an environment by what it was made from."""
    kind = "tests" if "requirements-dev.lock" in locks else "run"
    inputs = digest([HERE / name for name in (*locks, "pyproject.toml")])
    return f"{kind} {dotted(sys.version_info[:2])} {inputs}"


def make_environment() -> None:
    """A virtual environment with pip, also where Debian's python3-venv is not installed."""
    if PYTHON.exists() and has_pip(str(PYTHON)):
        version = subprocess.run(
            [str(PYTHON), "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, check=False
        )
        if version.stdout.decode().strip() == str(sys.version_info[:2]):
            return
    shutil.rmtree(str(VENV), ignore_errors=True)
    if importable("ensurepip"):
        run([sys.executable, "-m", "venv", str(VENV)], "making .venv")
        return
    if may_install():
        apt_install(["python3-venv"])
        run([sys.executable, "-m", "venv", str(VENV)], "making .venv")
        return
    if has_pip(sys.executable):
        run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], "making .venv")
        run([sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "-q", "pip"], "installing pip")
        return
    raise SetupError(
        "Python's venv module is not complete on this machine. Install it: sudo apt-get install python3-venv"
    )


def install(locks: list[str]) -> None:
    """uv from its lock by pip, then everything by uv (seconds); by pip (a minute) if uv cannot."""
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "-q", "install", "--require-hashes"]
    run([*pip, "-r", "requirements-setup.lock"], "installing uv by pip")
    uv = [str(VENV / "bin" / "uv"), "-q", "pip"]
    environ = uv_environment()
    files = [argument for lock in locks for argument in ("-r", lock)]
    sync = [*uv, "sync", "--require-hashes", *locks]
    if subprocess.run(sync, cwd=str(HERE), env=environ, check=False).returncode != 0:
        say("uv could not; trying pip, which takes a minute")
        run([*pip, *files], "installing packages by pip")
    editable = ["install", "-q", "--no-deps", "--no-build-isolation", "-e", "."]
    run([str(PYTHON), "-m", "pip", "--disable-pip-version-check", *editable], "installing Classwire itself")


def uv_environment() -> dict[str, str]:
    """uv does not read pip's configuration: hands over what concerns the way to the index."""
    environ = dict(os.environ, VIRTUAL_ENV=str(VENV), UV_SYSTEM_CERTS="1", UV_PYTHON_DOWNLOADS="never")
    listed = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    found: dict[str, str] = {}
    ranks: dict[str, int] = {}
    for line in listed.stdout.decode().splitlines():
        match = re.match(r"^(global|install|:env:)\.([a-z-]+)=(.*)$", line)
        if match is None:
            continue
        section, key, value = match.groups()
        rank = ("global", "install", ":env:").index(section)
        if rank >= ranks.get(key, 0):
            ranks[key], found[key] = rank, str(ast.literal_eval(value))
    names = (
        ("index-url", "UV_DEFAULT_INDEX"),
        ("extra-index-url", "UV_INDEX"),
        ("trusted-host", "UV_INSECURE_HOST"),
        ("cert", "SSL_CERT_FILE"),
    )
    for key, name in names:
        if found.get(key):
            environ.setdefault(name, " ".join(found[key].split()))
    links = [link for link in found.get("find-links", "").split() if "://" in link or Path(link).is_dir()]
    if links:
        environ.setdefault("UV_FIND_LINKS", ",".join(links))
    return environ


def importable(module: str) -> bool:
    """Whether the machine's Python has a module (asked from outside: a failed import is remembered)."""
    return (
        subprocess.run(
            [sys.executable, "-c", "import " + module], stderr=subprocess.DEVNULL, check=False
        ).returncode
        == 0
    )


def has_pip(python: str) -> bool:
    """Whether an interpreter has pip."""
    asked = subprocess.run(
        [python, "-m", "pip", "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    return asked.returncode == 0


# --- the native packet path ----------------------------------------------------------------------
def native() -> None:
    """Builds the packet path in Rust into the environment when its sources have changed.

    Without a toolchain, or where the build fails, the one in Python does the same, at a higher cost.
    """
    if shutil.which("cargo") is None:
        say("media uses the packet path in Python: no Rust toolchain (cargo) is here to build the native one")
        return
    sources = [
        path
        for path in sorted(NATIVE.rglob("*"))
        if path.is_file() and "target" not in path.relative_to(NATIVE).parts
    ]
    asked = [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('platlib'))"]
    packages_directory = Path(subprocess.check_output(asked).decode().strip())
    stamp = digest(sources)
    stamp_file = packages_directory / "classwire_native.stamp"
    if stamp_file.exists() and stamp_file.read_text() == stamp:
        return
    started = time.monotonic()
    say("native packet path")
    build = ["cargo", "build", "--release", "--locked", "--quiet", "--features", "extension-module"]
    try:
        run(build, "building the native packet path", cwd=NATIVE)
    except SetupError as error:
        print(error, file=sys.stderr)
        say("media uses the packet path in Python: the native one could not be built, as shown above")
        return
    suffix = "dylib" if sys.platform == "darwin" else "so"
    fresh = packages_directory / "classwire_native.fresh"
    shutil.copyfile(str(NATIVE / "target" / "release" / ("libclasswire_native." + suffix)), str(fresh))
    # Replaced, not overwritten: a node that runs keeps what it has loaded.
    fresh.replace(packages_directory / "classwire_native.abi3.so")
    stamp_file.write_text(stamp)
    say(f"native packet path is ready ({time.monotonic() - started:.0f} s)")


# --- the web client ------------------------------------------------------------------------------
def system_node() -> bool:
    """Whether the machine has a node and npm that are new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or str(VENV) in node:
        return False
    version = subprocess.run(
        [node, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    match = re.match(r"v(\d+)\.", version.stdout.decode())
    return match is not None and int(match[1]) >= NODE_MIN


def web() -> None:
    """Builds the browser client into edge/web/dist when its sources have changed."""
    sources = [
        path
        for path in sorted(WEB.rglob("*"))
        if path.is_file() and not {"node_modules", "dist", "tests"} & set(path.relative_to(WEB).parts)
    ]
    stamp = digest(sources)
    stamp_file = WEB / "dist" / ".stamp"  # Vite empties dist first: a half-done build has no stamp.
    if stamp_file.exists() and stamp_file.read_text() == stamp:
        return
    started = time.monotonic()
    say("web client")
    web_packages()
    run(["npm", "run", "--silent", "build"], "building the web client", cwd=WEB)
    stamp_file.write_text(stamp)
    say(f"web client is ready ({time.monotonic() - started:.0f} s)")


def web_packages() -> None:
    """``npm ci`` when the lock file has changed."""
    stamp = digest([WEB / "package.json", WEB / "package-lock.json"])
    stamp_file = WEB / "node_modules" / ".classwire.stamp"
    if stamp_file.exists() and stamp_file.read_text() == stamp:
        return
    run(
        ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        "installing the web client's packages",
        cwd=WEB,
    )
    stamp_file.write_text(stamp)


# --- tools for tests -----------------------------------------------------------------------------
def test_tools() -> None:
    """Chromium and ffprobe by apt where we may; else says what to type. Tests that need them skip."""
    missing = {tool: package for tool, package in TEST_TOOLS.items() if shutil.which(tool) is None}
    missing.update((name, package) for name, package in TEST_LIBRARIES.items() if not loads(name))
    if not missing:
        return
    wanted = sorted(set(missing.values()))
    if may_install():
        apt_install(wanted)
        return
    say(
        f"Not installed: {', '.join(sorted(missing))}. Tests that need them will be skipped. "
        f"To have them: sudo apt-get install {' '.join(wanted)}"
    )


def loads(library: str) -> bool:
    """Whether the dynamic linker finds a library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def may_install() -> bool:
    """Whether we may use apt: as root on a Debian."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(names: list[str]) -> None:
    """Installs Debian packages."""
    say(f"apt-get install {' '.join(names)}")
    environ = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *names]
    for command in (["apt-get", "update", "-qq"], install):
        done = subprocess.run(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        if done.returncode != 0:
            output = done.stdout.decode(errors="replace")[-2000:]
            raise SetupError(f"{output}\n\n`{' '.join(command)}` failed.")


# --- what they share -----------------------------------------------------------------------------
def run(command: list[str], what: str, cwd: Path = HERE) -> None:
    """Runs a step whose failure ends the set-up; its output is shown then only."""
    environ = dict(os.environ)
    environ["PATH"] = str(VENV / "bin") + os.pathsep + environ.get("PATH", "")
    environ["npm_config_update_notifier"] = "false"
    done = subprocess.run(
        command, cwd=str(cwd), env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode != 0:
        output = done.stdout.decode(errors="replace").strip()
        output = output if len(output) < 6000 else f"{output[:3000]}\n[…]\n{output[-3000:]}"
        raise SetupError(f"{output}\n\nFailed while {what}: `{' '.join(command)}`")


def digest(files: list[Path]) -> str:
    """A hash of files' names and contents."""
    total = hashlib.sha256()
    for file in files:
        total.update(str(file.relative_to(HERE)).encode() + b"\0" + file.read_bytes() + b"\0")
    return total.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
