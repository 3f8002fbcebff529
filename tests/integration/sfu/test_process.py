"""The media node as a process on a real NATS: it registers, says how it is, and leaves in order."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from bus import setup
from bus.nats import connect
from deploy.services import free_ports
from schemas import subjects
from schemas.registry import NodeRegistration
from schemas.settings import Settings, SettingsError
from sfu.__main__ import announced
from tests import stack


@contextmanager
def media_node(nats_url: str, *, health_port: int, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "sfu"],
        env={
            "PATH": os.environ["PATH"],
            "CLASSWIRE_NATS_URL": nats_url,
            "CLASSWIRE_HEALTH_PORT": str(health_port),
            "CLASSWIRE_MEDIA_PORT": "0",
            **environ,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def get(port: int, path: str) -> tuple[int, str]:
    """Status and body; 0 while nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


async def registrations(nats_url: str) -> list[NodeRegistration]:
    async with connect(Settings(nats_url=nats_url), "test") as bus:
        entries = await bus.bucket(subjects.SFU_NODE).entries()
    return [msgspec.json.decode(e.value, type=NodeRegistration) for e in entries.values()]


def ready(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while get(port, "/readyz")[0] != 200:
        assert process.poll() is None, process.communicate()[0].decode()
        assert time.monotonic() < deadline, "never ready"
        time.sleep(0.05)


async def test_a_node_registers_says_how_it_is_and_leaves_on_sigterm(nats: stack.RunningNats) -> None:
    await setup.create(Settings(nats_url=nats.url))
    [port] = free_ports(1)
    with media_node(nats.url, health_port=port, CLASSWIRE_PROCESS="sfu-1") as process:
        ready(port, process)
        [found] = await registrations(nats.url)
        assert found.node.startswith("sfu-1-")
        assert (found.draining, found.addresses) == (False, ("127.0.0.1",))
        assert found.port > 0
        status, metrics = get(port, "/metrics")
        assert status == 200
        assert "classwire_sfu_transports 0.0" in metrics
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=15)[0].decode()
        assert process.returncode == 0, output
    assert await registrations(nats.url) == []


async def test_a_node_that_is_killed_is_gone_within_its_time_to_live(nats: stack.RunningNats) -> None:
    await setup.create(Settings(nats_url=nats.url))
    [port] = free_ports(1)
    with media_node(nats.url, health_port=port) as process:
        ready(port, process)
        assert len(await registrations(nats.url)) == 1
        process.kill()
        process.wait()
    killed_at = time.monotonic()
    while await registrations(nats.url):
        assert time.monotonic() - killed_at < 5, "still registered"
        await asyncio.sleep(0.1)


def test_addresses_that_nobody_can_reach_are_refused() -> None:
    for settings in (
        Settings(media_listen="0.0.0.0"),
        Settings(media_listen="::"),
        Settings(media_address=" , "),
    ):
        with pytest.raises(SettingsError, match="CLASSWIRE_MEDIA_ADDRESS"):
            announced(settings)


def test_several_addresses_are_announced_in_order() -> None:
    settings = Settings(media_listen="::", media_address="192.0.2.7, 2001:db8::7")
    assert announced(settings) == ("192.0.2.7", "2001:db8::7")
