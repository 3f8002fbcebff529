"""``make fresh``: does a clone run and pass its tests on a clean Debian 12?

Makes a minimal Debian with mmdebstrap (only ``python3``, ``make`` and certificates are added), clones the
repository's last commit into it, and there, with nothing else typed, ``make run`` twice (cold, warm) and
``make test``. The root is private to this run and removed afterwards; the network is the host's.

How pip, npm and apt find their registries is the host's business: their configuration files and variables
are copied into the root, so that it works behind whatever mirror the host uses.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
SUITE = "bookworm"
PACKAGES = "python3,make,ca-certificates"
READY_S = 600.0
PORT = 18_000

# What a registry client may read, on the host and at the same place in the root.
CLIENT_FILES = (
    "/etc/pip.conf",
    "/etc/npmrc",
    "/root/.npmrc",
    "/root/.config/pip/pip.conf",
    "/root/.pip/pip.conf",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/resolv.conf",
    "/etc/hosts",
)
CLIENT_VARIABLES = re.compile(
    r"^(PIP|NPM_CONFIG|npm_config|UV|SSL_CERT|REQUESTS_CA|CURL_CA|NODE_EXTRA_CA|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY)"
)


class FreshError(Exception):
    """The proof failed; the text says where."""


def main() -> int:
    """The command line. 0: it runs and passes."""
    parser = argparse.ArgumentParser(prog="fresh", description="Runs and tests a clone in a clean Debian 12.")
    parser.add_argument("--keep", action="store_true", help="keeps the root and prints where it is")
    parser.add_argument("--no-tests", action="store_true", help="only runs Classwire")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="classwire-fresh-"))
    try:
        return _prove(root / "root", tests=not options.no_tests)
    except FreshError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    finally:
        _unmount(root / "root")
        if options.keep:
            print(f"Kept: {root}")
        else:
            shutil.rmtree(root, ignore_errors=True)


def _prove(root: Path, *, tests: bool) -> int:
    _make_root(root)
    _clone(root)
    _mount(root)
    cold = _start_and_stop(root, "cold")
    warm = _start_and_stop(root, "warm")
    print(f"\nmake run, cold: {cold:.1f} s   warm: {warm:.1f} s", flush=True)
    if tests:
        began = time.monotonic()
        done = subprocess.run(_inside(root, "make test"), env=_environment(), check=False)
        seconds = time.monotonic() - began
        if done.returncode != 0:
            raise FreshError(f"`make test` failed in the clean root after {seconds:.0f} s.")
        print(f"make test: {seconds:.0f} s")
    return 0


def _make_root(root: Path) -> None:
    if os.geteuid() != 0:
        raise FreshError(
            "`make fresh` needs root: it makes a Debian root and enters it. Try: sudo make fresh"
        )
    if shutil.which("mmdebstrap") is None:
        for arguments in ("update -qq", "install -y -qq mmdebstrap"):
            subprocess.run(("apt-get", *arguments.split()), check=True, stdout=subprocess.DEVNULL)
    began = time.monotonic()
    sources = _apt_sources()
    command = (
        *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root)),
        *sources,
    )
    if subprocess.run(command, check=False).returncode != 0:
        raise FreshError("mmdebstrap failed.")
    print(f"A clean Debian ({SUITE}: {PACKAGES}) took {time.monotonic() - began:.0f} s.", flush=True)
    _take_client_configuration(root)


def _apt_sources() -> list[str]:
    """The host's own apt sources, whichever format they are in."""
    folder = Path("/etc/apt")
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    return [
        str(f)
        for f in files
        if f.is_file() and f.suffix in {".list", ".sources"} and "debian" in f.read_text()
    ]


def _take_client_configuration(root: Path) -> None:
    """Makes pip, npm and apt inside reach what they reach outside."""
    for name in CLIENT_FILES:
        source, target = Path(name), root / name.lstrip("/")
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copy(source, target)
    for part in ("apt.conf.d", "auth.conf.d", "trusted.gpg.d", "keyrings"):
        source = Path("/etc/apt") / part
        if source.is_dir():
            shutil.copytree(source, root / "etc/apt" / part, dirs_exist_ok=True)


def _clone(root: Path) -> None:
    done = subprocess.run(
        ("git", "clone", "--quiet", "--no-local", str(HERE), str(root / "root" / "classwire")), check=False
    )
    if done.returncode != 0:
        raise FreshError("git clone failed.")


def _mount(root: Path) -> None:
    for kind, at in (("proc", "proc"), ("sysfs", "sys"), ("tmpfs", "dev/shm")):
        (root / at).mkdir(parents=True, exist_ok=True)
        subprocess.run(("mount", "-t", kind, kind, str(root / at)), check=True)


def _unmount(root: Path) -> None:
    for at in ("dev/shm", "sys", "proc"):
        if os.path.ismount(root / at):
            subprocess.run(("umount", "-l", str(root / at)), check=False)


def _inside(root: Path, command: str) -> tuple[str, ...]:
    return ("chroot", str(root), "/bin/sh", "-c", f"cd /root/classwire && exec {command}")


def _environment() -> dict[str, str]:
    """Nothing of ours but the way to the registries."""
    kept = {name: value for name, value in os.environ.items() if CLIENT_VARIABLES.match(name)}
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {**kept, "PATH": path, "HOME": "/root", "LANG": "C.UTF-8", "CLASSWIRE_PORT": str(PORT)}


def _start_and_stop(root: Path, name: str) -> float:
    """``make run`` until the ready line, a request, SIGTERM; the seconds to the ready line."""
    began = time.monotonic()
    process = subprocess.Popen(
        _inside(root, "make run"), env=_environment(), stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    url = ""
    for raw in process.stdout:
        line = raw.decode(errors="replace")
        print(f"{name} | {line}", end="", flush=True)
        if line.startswith("Classwire is ready: "):
            url = line.partition(": ")[2].strip()
            break
    seconds = time.monotonic() - began
    if not url:
        raise FreshError(f"`make run` ended with {process.wait()} before it was ready.")
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own address
        page = answer.read().decode()
    if "<html" not in page:
        raise FreshError(f"{url} answered, but not with a page.")
    os.killpg(process.pid, signal.SIGTERM)
    for raw in process.stdout:
        print(f"{name} | {raw.decode(errors='replace')}", end="", flush=True)
    process.wait()
    left = _left(root)
    if left:
        raise FreshError("Still running after SIGTERM: " + ", ".join(left))
    return seconds


def _left(root: Path) -> list[str]:
    """Processes that run from inside the root."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(entry / "root") == str(root):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


if __name__ == "__main__":
    sys.exit(main())
