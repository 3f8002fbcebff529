"""The object store: what goes in comes out, in parts and in ranges, and failures have names."""

import os
from pathlib import Path

import pytest

from artifacts.errors import NotStoredError, StoreUnavailableError
from artifacts.store import Store
from schemas.limits import STORE_PART_BYTES
from schemas.settings import Settings


async def body(store: Store, key: str, start: int = 0, end: int | None = None) -> bytes:
    """A range, gathered."""
    return b"".join([chunk async for chunk in store.get_range(key, start, end)])


async def test_a_large_file_goes_in_parts_and_comes_back(store: Store, tmp_path: Path) -> None:
    path, back = tmp_path / "large", tmp_path / "back"
    path.write_bytes(os.urandom(2 * STORE_PART_BYTES + 12_345))
    await store.put_file("t/r/rec/a.webm", path, "video/webm")
    found = await store.stat("t/r/rec/a.webm")
    assert (found.bytes, found.media_type) == (path.stat().st_size, "video/webm")
    await store.fetch_file("t/r/rec/a.webm", back)
    assert back.read_bytes() == path.read_bytes()
    assert await store.keys("t/r/rec/") == ("t/r/rec/a.webm",)


@pytest.mark.parametrize(("start", "end"), [(0, 1), (0, None), (70_000, 140_001), (199_999, 200_000), (5, 5)])
async def test_a_range_is_exactly_what_was_asked(
    store: Store, tmp_path: Path, start: int, end: int | None
) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(200_000))
    await store.put_file("t/r/rec/b.mp4", path, "video/mp4")
    assert await body(store, "t/r/rec/b.mp4", start, end) == path.read_bytes()[start:end]


async def test_who_stops_reading_frees_the_connection(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(500_000))
    await store.put_file("t/r/rec/c.mp4", path, "video/mp4")
    for _ in range(40):  # More often than the pool has connections.
        chunks = store.get_range("t/r/rec/c.mp4")
        await anext(chunks)
        await chunks.aclose()
    assert len(await body(store, "t/r/rec/c.mp4")) == 500_000


async def test_what_is_not_there_is_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotStoredError):
        await store.stat("t/r/rec/none")
    with pytest.raises(NotStoredError):
        await body(store, "t/r/rec/none")
    with pytest.raises(NotStoredError):
        await store.fetch_file("t/r/rec/none", tmp_path / "none")
    await store.remove("t/r/rec/none")


async def test_removed_is_removed(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    await store.put_file("t/r/rec/d.jpg", path, "image/jpeg")
    await store.remove("t/r/rec/d.jpg")
    with pytest.raises(NotStoredError):
        await store.stat("t/r/rec/d.jpg")


async def test_a_store_that_does_not_answer_is_unavailable() -> None:
    nowhere = "http://127.0.0.1:9"
    store = Store(Settings(s3_endpoint=nowhere, s3_access_key="a", s3_secret_key="b", s3_bucket="gone"))
    with pytest.raises(StoreUnavailableError):
        await store.stat("t/r/rec/e")


async def test_ensuring_the_bucket_twice_is_once(store: Store) -> None:
    await store.ensure_bucket()
    await store.ensure_bucket()
