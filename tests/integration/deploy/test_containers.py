"""What needs a container engine: a broker with an address of its own that is killed and comes back.

The image is built from the nats-server of the wheel, so that no registry is asked.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

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


def engine() -> str:
    """The client of an engine that answers; skips with the reason when none does."""
    reasons = []
    for name in ("docker", "podman"):
        if shutil.which(name) is None:
            reasons.append(f"{name} is not installed")
            continue
        asked = subprocess.run((name, "info"), capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            return name
        reasons.append(f"{name}: {(asked.stderr.strip().splitlines() or ['no answer'])[-1]}")
    pytest.skip("no container engine answers: " + "; ".join(reasons))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image with nothing but the server."""
    client = engine()
    directory: Path = tmp_path_factory.mktemp("image")
    shutil.copy(tool("nats-server"), directory / "nats-server")
    (directory / "Dockerfile").write_text(DOCKERFILE)
    subprocess.run((client, "build", "-q", "-t", IMAGE, str(directory)), check=True, capture_output=True)
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
