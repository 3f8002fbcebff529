"""What needs a container engine: a broker with an address of its own that is killed and comes back.

The image is built from the nats-server of the wheel, so that no registry is asked.
"""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import docker  # type: ignore[import-untyped]  # docker ships no types
import pytest
from nats.aio.client import Client

from deploy.services import tool

pytestmark = [
    pytest.mark.containers,
    # docker's client leaves its sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]

IMAGE = "localhost/classwire-test-nats:latest"
DOCKERFILE = 'FROM scratch\nCOPY nats-server /nats-server\nENTRYPOINT ["/nats-server"]\n'


def silence(address: str) -> str | None:
    """Why no engine answers at an address; None when one does.

    Asked by hand, because docker's client leaks its socket when nobody answers.
    """
    kind, _, place = address.partition("://")
    try:
        with socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET) as connection:
            connection.settimeout(5)
            host, _, port = place.partition(":")
            connection.connect(place if kind == "unix" else (host, int(port or 2375)))
            connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")
            answer = connection.recv(200)
    except OSError as error:
        return f"{address}: {error}"
    return None if b" 200 " in answer else f"{address}: {answer!r}"


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    """The engine that answers where DOCKER_HOST points, or at docker's usual socket."""
    reason = silence(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))
    if reason is not None:
        pytest.skip(f"no container engine answers at {reason}")
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image with nothing but the server."""
    directory: Path = tmp_path_factory.mktemp("image")
    shutil.copy(tool("nats-server"), directory / "nats-server")
    (directory / "Dockerfile").write_text(DOCKERFILE)
    engine.images.build(path=str(directory), tag=IMAGE, rm=True)
    return IMAGE


@pytest.fixture
def container(image: str) -> Iterator[object]:
    """A broker with JetStream that syncs always, as in the embedded stack."""
    from testcontainers.community.nats import NatsContainer  # noqa: PLC0415 - looks for an engine when imported

    with NatsContainer(image, jetstream=True) as started:
        yield started


async def test_killed_broker_comes_back_with_what_it_acknowledged(container: object) -> None:
    from testcontainers.community.nats import NatsContainer  # noqa: PLC0415

    assert isinstance(container, NatsContainer)
    client = Client()
    await client.connect(container.nats_uri(), reconnect_time_wait=0.1)  # type: ignore[arg-type]
    jetstream = client.jetstream()
    await jetstream.add_stream(name="LOG", subjects=["log.>"])
    for _ in range(20):
        await jetstream.publish("log.a", b"x")
    wrapped = container.get_wrapped_container()
    wrapped.kill()
    wrapped.start()
    await client.close()
    client = Client()
    await client.connect(container.nats_uri())  # The mapped port may have changed.
    assert (await client.jetstream().stream_info("LOG")).state.messages == 20
    await client.close()
