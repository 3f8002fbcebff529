"""Real servers for tests, started by the very lines that ``classwire up`` uses.

A test that only needs servers takes the fixtures of ``tests/conftest.py``; one that kills and restarts
them takes a ``Running`` and calls ``kill`` and ``start`` on it: same data, same ports.
"""

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from minio import Minio

from deploy import services
from deploy.child import Child
from deploy.services import S3, Nats, Postgres, Service, free_ports


class Running:
    """A server that is up, and can be killed and brought back."""

    def __init__(self, service: Service, directory: Path) -> None:
        self.service = service
        self.log = directory / f"{service.name}.log"
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        """Of its process, while it is up."""
        assert self._child is not None
        return self._child.pid

    def start(self) -> None:
        """Starts it (again) and waits until it answers."""
        assert self._child is None
        self._child = services.start(self.service, self.log)

    def kill(self) -> None:
        """SIGKILL: a crash."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """An ordered stop."""
        self._end(None)

    def suspend(self) -> None:
        """SIGSTOP: it neither answers nor closes connections until ``resume``."""
        assert self._child is not None
        self._child.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Goes on after ``suspend``."""
        assert self._child is not None
        self._child.signal(signal.SIGCONT)

    def _end(self, number: int | None) -> None:
        if self._child is not None:
            self._child.stop_now(number=number)
            self._child = None


class RunningNats(Running):
    """A nats-server with JetStream."""

    def __init__(self, service: Nats, directory: Path) -> None:
        super().__init__(service, directory)
        self.url = service.url
        self.port = service.port


class Bucket:
    """An S3 server's address and credentials, and a bucket that is the test's own."""

    def __init__(self, s3: S3, name: str) -> None:
        self.endpoint = s3.endpoint
        self.access_key = s3.access_key
        self.secret_key = s3.secret_key
        self.name = name

    def client(self) -> Minio:
        """A client of the server."""
        return Minio(
            self.endpoint.removeprefix("http://"),
            access_key=self.access_key,
            secret_key=self.secret_key,
            secure=False,
        )


@contextmanager
def server_directory() -> Iterator[Path]:
    """A directory that ``nobody`` may enter (pytest's own is closed), removed afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="classwire-test-"))
    os.chmod(directory, 0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def nats(directory: Path, *, authorization: str = "") -> Iterator[RunningNats]:
    """A nats-server of one's own; ``authorization`` as in ``Nats``."""
    port, monitor_port = free_ports(2)
    server = RunningNats(
        Nats(data=directory / "nats", port=port, monitor_port=monitor_port, authorization=authorization),
        directory,
    )
    server.start()
    try:
        yield server
    finally:
        server.kill()  # Its data goes with the test.


@contextmanager
def postgres(directory: Path) -> Iterator[Running]:
    """A Postgres server of one's own."""
    (port,) = free_ports(1)
    server = Running(
        Postgres(data=directory / "postgres", port=port, password=secrets.token_hex(8)), directory
    )
    server.start()
    try:
        yield server
    finally:
        server.stop()  # Killed, it would leave shared memory behind.


@contextmanager
def s3(directory: Path) -> Iterator[Running]:
    """An S3 server of one's own."""
    first, second, third, fourth = free_ports(4)
    server = Running(
        S3(
            data=directory / "s3",
            ports=(first, second, third, fourth),
            access_key="test",
            secret_key=secrets.token_hex(8),
        ),
        directory,
    )
    server.start()
    try:
        yield server
    finally:
        server.kill()  # An ordered stop takes seconds.
