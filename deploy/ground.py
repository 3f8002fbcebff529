"""The directory that a stack stands on: one owner, one supervisor at a time, kept secrets and ports.

``var/secrets.json`` and ``var/ports.json`` outlive a stop, so that the next start finds the same servers
with the same data. What a person can mend is raised as ``GroundError`` with one sentence that says how.
"""

import fcntl
import os
import pwd
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from deploy.services import are_free, free_ports, is_free, write_private

DISK_FREE_BYTES_MIN = 1_000_000_000  # Postgres and the log fail hard when full; an hour's class takes less.


class GroundError(Exception):
    """Classwire cannot start here; the text says why and how to mend it."""


class Secrets(Struct):
    """Made once per directory. Names of NATS users are their roles."""

    nats: dict[str, str] = {}
    postgres: str = ""
    s3_access_key: str = ""
    s3_secret_key: str = ""


class Ground:
    """A directory that we hold: nobody else starts a stack on it meanwhile."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.logs = root / "log"
        self.logs.mkdir(exist_ok=True)

    def secrets(self, nats_users: tuple[str, ...]) -> Secrets:
        """The secrets, with those that are missing made now."""
        path = self.root / "secrets.json"
        kept = msgspec.json.decode(path.read_bytes(), type=Secrets) if path.exists() else Secrets()
        made = Secrets(
            nats={user: kept.nats.get(user) or secrets.token_urlsafe(24) for user in nats_users},
            postgres=kept.postgres or secrets.token_hex(24),
            s3_access_key=kept.s3_access_key or secrets.token_hex(10),
            s3_secret_key=kept.s3_secret_key or secrets.token_hex(24),
        )
        if made != kept:
            write_private(path, _json(made))
        return made

    def ports(self, names: tuple[str, ...]) -> dict[str, int]:
        """A loopback port for each name: last time's where it is still free, else a new one."""
        path = self.root / "ports.json"
        kept = msgspec.json.decode(path.read_bytes(), type=dict[str, int]) if path.exists() else {}
        ports: dict[str, int] = {}
        for name in names:
            port = kept.get(name, 0)
            while port == 0 or port in ports.values() or not are_free((port,)):
                (port,) = free_ports(1)
            ports[name] = port
        if ports != kept:
            write_private(path, _json(ports))
        return ports

    def write(self, name: str, value: object) -> None:
        """Writes a JSON file that only we may read."""
        write_private(self.root / name, _json(value))

    def remove(self, name: str) -> None:
        """Removes a file that is true only while we run."""
        (self.root / name).unlink(missing_ok=True)


@contextmanager
def hold(root: Path) -> Iterator[Ground]:
    """Takes a directory. Raises GroundError when it cannot serve, or another stack stands on it."""
    wrong = foreign_owner(root)
    if wrong is not None:
        raise GroundError(wrong)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError as error:
        raise GroundError(
            f"The directory {root} cannot be written by {_user(os.geteuid())}. "
            f"Choose another: CLASSWIRE_VAR=<directory>."
        ) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(lock, 20, 0).decode().strip() or "unknown"
            raise GroundError(
                f"Classwire already runs on {root} (process {holder}). Use it, stop it with Ctrl-C or "
                f"`kill {holder}`, or start a second one on its own data: "
                f"CLASSWIRE_VAR=<directory> CLASSWIRE_PORT=<port>."
            ) from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        _check_disk(root)
        yield Ground(root)
    finally:
        os.close(lock)


def foreign_owner(root: Path) -> str | None:
    """A sentence when the data are another user's: written under ours they would not be theirs any more."""
    us = _user(os.geteuid())
    for path in (root, root / "lock", root / "secrets.json"):
        try:
            owner = path.lstat().st_uid
        except (FileNotFoundError, PermissionError):
            continue
        if owner != os.geteuid():
            return (
                f"{path} belongs to {_user(owner)}, but you are {us}. Start Classwire as {_user(owner)}, "
                f"give the data to yourself (sudo chown -R {us} {root}), or choose another directory: "
                f"CLASSWIRE_VAR=<directory>."
            )
    return None


def _check_disk(root: Path) -> None:
    free = shutil.disk_usage(root).free
    if free < DISK_FREE_BYTES_MIN:
        raise GroundError(
            f"The disk of {root} is nearly full: {free / 1e6:.0f} MB are free, "
            f"{DISK_FREE_BYTES_MIN / 1e6:.0f} MB are needed. Make room, or choose another directory: "
            f"CLASSWIRE_VAR=<directory>."
        )


def check_port(port: int, host: str, *, variable: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> None:
    """Raises GroundError when a port that people know is taken."""
    if not is_free(port, host=host, kind=kind):
        raise GroundError(
            f"Port {port} on {host} is taken by another program. Stop that one, or choose another port: "
            f"{variable}={port + 1} make run"
        )


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"
