"""The objects beside the log: one suite for a real S3, for the memory, and for none."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bus.archive import MemoryArchive, archive, log_name, parse_log
from bus.interface import Archive, Archived, Refused, Unavailable
from deploy.services import free_ports
from schemas.ids import RoomId, RoomKey, TenantId
from schemas.settings import Settings
from tests.stack import Bucket

KEY = RoomKey(TenantId("demo"), RoomId("algebra"))


def on(bucket: Bucket) -> Settings:
    """The settings that name this bucket."""
    return Settings(
        s3_endpoint=bucket.endpoint,
        s3_access_key=bucket.access_key,
        s3_secret_key=bucket.secret_key,
        s3_bucket=bucket.name,
    )


@pytest.fixture(params=["s3", "memory"])
def objects(request: pytest.FixtureRequest) -> Archive:
    """An empty archive."""
    if request.param == "memory":
        return MemoryArchive()
    return archive(on(request.getfixturevalue("bucket")))


async def test_what_is_put_is_there_until_it_is_replaced_or_removed(objects: Archive) -> None:
    assert objects.is_there
    assert await objects.get("a/one") is None
    await objects.put("a/one", b"first")
    await objects.put("a/one", b"second")
    assert await objects.get("a/one") == b"second"
    await objects.remove("a/one")
    await objects.remove("a/one")
    assert await objects.get("a/one") is None


async def test_files_come_back_as_they_went(objects: Archive, tmp_path: Path) -> None:
    sent, came = tmp_path / "sent", tmp_path / "came"
    sent.write_bytes(bytes(range(256)) * 4_096)
    assert await objects.fetch_file("a/file", came) is False
    assert not came.exists()
    await objects.put_file("a/file", sent)
    assert await objects.fetch_file("a/file", came) is True
    assert came.read_bytes() == sent.read_bytes()


async def test_names_are_those_that_begin_so(objects: Archive) -> None:
    for name in ("a/two", "a/one/x", "b/three"):
        await objects.put(name, b"x")
    assert await objects.names("a/") == ("a/one/x", "a/two")
    assert await objects.names("c/") == ()


def test_a_log_is_found_by_its_name() -> None:
    archived = Archived(KEY, 1, 42)
    assert parse_log(log_name(archived)) == archived
    assert parse_log("archive/demo/algebra/notes.txt") is None


async def test_without_a_store_nothing_is_there_and_nothing_can_be_put(tmp_path: Path) -> None:
    none = archive(Settings())
    assert not none.is_there
    assert await none.get("a") is None
    assert await none.names("") == ()
    assert await none.fetch_file("a", tmp_path / "a") is False
    await none.remove("a")
    with pytest.raises(Refused):
        await none.put("a", b"x")
    with pytest.raises(Refused):
        await none.put_file("a", tmp_path / "a")


async def test_who_may_not_is_refused_and_a_silent_store_is_unavailable(bucket: Bucket) -> None:
    """The one is a mistake of ours that waiting does not mend; the other passes."""
    stranger = archive(replace(on(bucket), s3_secret_key="wrong"))
    with pytest.raises(Refused):
        await stranger.put("a", b"x")
    (port,) = free_ports(1)
    silent = archive(replace(on(bucket), s3_endpoint=f"http://127.0.0.1:{port}"))
    with pytest.raises(Unavailable):
        await silent.get("a")
