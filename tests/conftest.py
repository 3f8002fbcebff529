"""Fixtures that every test may use: real NATS, Postgres and S3, each test with its own corner of them.

``nats`` (fresh server), ``database`` (fresh database, its DSN), ``bucket`` (fresh S3 bucket), and
``settings`` (all three as ``schemas.settings.Settings``). They are synchronous, so they serve both kinds
of tests.
"""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.services import S3, Postgres
from schemas.settings import Settings
from tests import stack
from tests.skips import SkipJudge


def pytest_configure(config: pytest.Config) -> None:
    """Skips are judged in every run."""
    config.pluginmanager.register(SkipJudge(Path(__file__).parent / "README.md"))


@pytest.fixture
def nats() -> Iterator[stack.RunningNats]:
    """A nats-server with JetStream and no users; nothing is in it."""
    with stack.server_directory() as directory, stack.nats(directory) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One Postgres for the whole run."""
    with stack.server_directory() as directory, stack.postgres(directory) as server:
        assert isinstance(server.service, Postgres)
        yield server.service


@pytest.fixture
def database(postgres_server: Postgres) -> str:
    """The DSN of a database that is this test's own, and empty."""
    name = f"test_{secrets.token_hex(6)}"
    postgres_server.create_database(name)
    return postgres_server.dsn(name)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    """One S3 server for the whole run."""
    with stack.server_directory() as directory, stack.s3(directory) as server:
        assert isinstance(server.service, S3)
        yield server.service


@pytest.fixture
def bucket(s3_server: S3) -> Iterator[stack.Bucket]:
    """A bucket that is this test's own, and empty. It goes with the test: the server has volumes for a
    bounded number of buckets, and says 500 when they are used up."""
    made = stack.Bucket(s3_server, f"test-{secrets.token_hex(6)}")
    client = made.client()
    client.make_bucket(made.name)
    yield made
    for found in client.list_objects(made.name, recursive=True):
        client.remove_object(made.name, str(found.object_name))
    client.remove_bucket(made.name)


@pytest.fixture
def settings(nats: stack.RunningNats, database: str, bucket: stack.Bucket) -> Settings:
    """A role's settings for the three servers."""
    return Settings(
        nats_url=nats.url,
        postgres=database,
        s3_endpoint=bucket.endpoint,
        s3_access_key=bucket.access_key,
        s3_secret_key=bucket.secret_key,
        s3_bucket=bucket.name,
    )
