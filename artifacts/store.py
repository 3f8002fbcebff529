"""The object store: named keys in one bucket of any S3, through its client in threads.

Keys are ``<tenant>/<room>/<recording>/<artifact>.<extension>``, and for what people upload
``<tenant>/<room>/files/<file>.<extension>`` (``edge.uploads``). Objects are written once, whole or not at
all, in parts; what a dead worker left of an upload the store removes by itself after
``STORE_STALE_UPLOAD_DAYS``, for the bucket says so.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.commonconfig import ENABLED, Filter
from minio.error import MinioException, S3Error, ServerError
from minio.lifecycleconfig import AbortIncompleteMultipartUpload, LifecycleConfig, Rule
from msgspec import Struct

from artifacts.errors import NotStoredError, StoreError, StoreUnavailableError
from schemas.ids import ArtifactId, RecordingId, RoomKey
from schemas.limits import (
    STORE_CHUNK_BYTES,
    STORE_PART_BYTES,
    STORE_STALE_UPLOAD_DAYS,
    STORE_TIMEOUT_READ_S,
    STORE_TIMEOUT_S,
)
from schemas.settings import Settings

T = TypeVar("T")

_ABSENT = frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchObject", "404"})
_BUSY = frozenset({"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout"})


class Stat(Struct, frozen=True):
    """What the store says of an object."""

    bytes: int
    media_type: str
    etag: str


def object_key(key: RoomKey, recording: RecordingId, artifact: ArtifactId, extension: str) -> str:
    """Where an artifact lies."""
    return f"{key.tenant}/{key.room}/{recording}/{artifact}.{extension}"


def object_prefix(key: RoomKey, recording: RecordingId) -> str:
    """What the keys of all artifacts of a recording begin with."""
    return f"{key.tenant}/{key.room}/{recording}/"


class Store:
    """One bucket. Every method raises StoreError or one of its kinds."""

    def __init__(self, settings: Settings) -> None:
        url = urlsplit(settings.s3_endpoint)
        self._bucket = settings.s3_bucket
        self._client = Minio(
            url.netloc,
            access_key=settings.s3_access_key,
            secret_key=settings.s3_secret_key,
            secure=url.scheme == "https",
            http_client=urllib3.PoolManager(
                timeout=urllib3.Timeout(connect=STORE_TIMEOUT_S, read=STORE_TIMEOUT_READ_S),
                retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504)),
                maxsize=16,
            ),
        )

    async def ensure_bucket(self) -> None:
        """Makes the bucket if it is missing, and has it drop uploads that nobody finished."""
        if not await self._call(partial(self._client.bucket_exists, self._bucket)):
            await self._call(partial(self._client.make_bucket, self._bucket))
        stale = Rule(
            ENABLED,
            rule_filter=Filter(prefix=""),
            rule_id="stale-uploads",
            abort_incomplete_multipart_upload=AbortIncompleteMultipartUpload(STORE_STALE_UPLOAD_DAYS),
        )
        await self._call(partial(self._client.set_bucket_lifecycle, self._bucket, LifecycleConfig([stale])))

    async def put_file(self, key: str, path: Path, media_type: str) -> None:
        """Stores a file, in parts when it is large; replaces what was there."""
        await self._call(
            partial(
                self._client.fput_object,
                self._bucket,
                key,
                str(path),
                content_type=media_type,
                part_size=STORE_PART_BYTES,
            )
        )

    async def fetch_file(self, key: str, path: Path) -> None:
        """Copies an object to a local file."""
        await self._call(partial(self._client.fget_object, self._bucket, key, str(path)))

    async def stat(self, key: str) -> Stat:
        """Size and type of an object."""
        found = await self._call(partial(self._client.stat_object, self._bucket, key))
        return Stat(found.size or 0, found.content_type or "application/octet-stream", found.etag or "")

    async def get_range(
        self, key: str, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The bytes ``[start, end)`` of an object (to its end when None), in chunks as they are wanted."""
        if end is not None and end <= start:
            return
        length = end - start if end is not None else 0
        response = await self._call(
            partial(self._client.get_object, self._bucket, key, offset=start, length=length)
        )
        try:
            while chunk := await self._call(partial(response.read, STORE_CHUNK_BYTES)):
                yield chunk
        finally:
            # Closing by force: who stopped reading in the middle does not want the rest.
            response.close()
            response.release_conn()

    async def keys(self, prefix: str) -> tuple[str, ...]:
        """The keys that begin with this."""

        def listed() -> tuple[str, ...]:
            found = self._client.list_objects(self._bucket, prefix=prefix, recursive=True)
            return tuple(item.object_name for item in found if item.object_name)

        return await self._call(listed)

    async def ages(self, prefix: str) -> tuple[tuple[str, int], ...]:
        """The keys that begin with this, and when each was written (Unix milliseconds)."""

        def listed() -> tuple[tuple[str, int], ...]:
            found = self._client.list_objects(self._bucket, prefix=prefix, recursive=True)
            return tuple(
                (item.object_name, int(item.last_modified.timestamp() * 1000))
                for item in found
                if item.object_name and item.last_modified
            )

        return await self._call(listed)

    async def remove(self, key: str) -> None:
        """Removes an object; one that is not there is as good as removed."""
        await self._call(partial(self._client.remove_object, self._bucket, key))

    async def _call(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except S3Error as error:
            if error.code in _ABSENT:
                raise NotStoredError(f"{error.code}: {error.object_name}") from error
            kind = StoreUnavailableError if error.code in _BUSY else StoreError
            raise kind(f"{error.code}: {error.message}") from error
        except (urllib3.exceptions.HTTPError, ServerError, OSError) as error:
            raise StoreUnavailableError(str(error)) from error
        except MinioException as error:
            raise StoreError(str(error)) from error
