"""What is too large or too old for NATS: objects in one bucket of any S3, through its client in threads.

::

    snapshot/<tenant>/<room>/<sha256>                       a room's state that no KV value can hold
    archive/<tenant>/<room>/<first>-<last>.jsonl.gz         a room's log, from its first commit
                                                            (stream positions; ``bus.logfile``)

Where no object store is configured nothing is put away: ``NoArchive`` is empty and refuses.
"""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error, ServerError

from bus.interface import Archive, Archived, BusError, Refused, Unavailable
from schemas.ids import RoomId, RoomKey, TenantId
from schemas.limits import STORE_PART_BYTES, STORE_TIMEOUT_READ_S, STORE_TIMEOUT_S
from schemas.settings import Settings

T = TypeVar("T")

_ABSENT = frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchObject", "404"})
_BUSY = frozenset({"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout"})
_TOKEN = r"[A-Za-z0-9_-]{1,40}"
_LOG = re.compile(rf"^archive/({_TOKEN})/({_TOKEN})/(\d{{1,20}})-(\d{{1,20}})\.jsonl\.gz$")

LOGS = "archive/"
"""What the names of all archived logs begin with."""


def logs_of(key: RoomKey) -> str:
    """What the names of a room's archived logs begin with."""
    return f"{LOGS}{key.tenant}/{key.room}/"


def log_name(archived: Archived) -> str:
    """Where an archived log lies."""
    return f"{logs_of(archived.key)}{archived.first}-{archived.last}.jsonl.gz"


def parse_log(name: str) -> Archived | None:
    """The archived log of this name; None when it is not one."""
    found = _LOG.match(name)
    if found is None:
        return None
    tenant, room, first, last = found.groups()
    return Archived(RoomKey(TenantId(tenant), RoomId(room)), int(first), int(last))


class NoArchive:
    """``interface.Archive`` where no object store is configured."""

    is_there = False

    async def put(self, name: str, body: bytes) -> None:  # noqa: ARG002
        """Refused."""
        raise Refused("No object store is configured.")

    async def get(self, name: str) -> bytes | None:  # noqa: ARG002
        """Nothing is here."""
        return None

    async def put_file(self, name: str, path: Path) -> None:  # noqa: ARG002
        """Refused."""
        raise Refused("No object store is configured.")

    async def fetch_file(self, name: str, path: Path) -> bool:  # noqa: ARG002
        """Nothing is here."""
        return False

    async def names(self, prefix: str) -> tuple[str, ...]:  # noqa: ARG002
        """Nothing is here."""
        return ()

    async def remove(self, name: str) -> None:
        """Nothing is here."""


class S3Archive:
    """``interface.Archive`` on an S3 bucket."""

    is_there = True

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
                maxsize=4,
            ),
        )

    async def put(self, name: str, body: bytes) -> None:
        """Stores an object; replaces what was there."""
        await _call(partial(self._client.put_object, self._bucket, name, BytesIO(body), len(body)))

    async def get(self, name: str) -> bytes | None:
        """An object's bytes; None when it is not there."""

        def read() -> bytes:
            response = self._client.get_object(self._bucket, name)
            try:
                return response.read()
            finally:
                response.close()
                response.release_conn()

        return await _present(read)

    async def put_file(self, name: str, path: Path) -> None:
        """Stores a file; replaces what was there."""
        await _call(
            partial(self._client.fput_object, self._bucket, name, str(path), part_size=STORE_PART_BYTES)
        )

    async def fetch_file(self, name: str, path: Path) -> bool:
        """Copies an object to a local file; False when it is not there."""
        fetched = await _present(partial(self._client.fget_object, self._bucket, name, str(path)))
        return fetched is not None

    async def names(self, prefix: str) -> tuple[str, ...]:
        """The names that begin with this."""

        def listed() -> tuple[str, ...]:
            found = self._client.list_objects(self._bucket, prefix=prefix, recursive=True)
            return tuple(item.object_name for item in found if item.object_name)

        return await _call(listed)

    async def remove(self, name: str) -> None:
        """Removes an object; one that is not there is as good as removed."""
        await _call(partial(self._client.remove_object, self._bucket, name))


class MemoryArchive:
    """``interface.Archive`` in memory, for tests; every process of a hub has the same."""

    is_there = True

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    async def put(self, name: str, body: bytes) -> None:
        """Stores an object."""
        self.objects[name] = body

    async def get(self, name: str) -> bytes | None:
        """An object's bytes."""
        return self.objects.get(name)

    async def put_file(self, name: str, path: Path) -> None:
        """Stores a file."""
        self.objects[name] = await asyncio.to_thread(path.read_bytes)

    async def fetch_file(self, name: str, path: Path) -> bool:
        """Copies an object to a local file."""
        body = self.objects.get(name)
        if body is not None:
            await asyncio.to_thread(path.write_bytes, body)
        return body is not None

    async def names(self, prefix: str) -> tuple[str, ...]:
        """The names that begin with this."""
        return tuple(sorted(name for name in self.objects if name.startswith(prefix)))

    async def remove(self, name: str) -> None:
        """Removes an object."""
        self.objects.pop(name, None)


def archive(settings: Settings) -> Archive:
    """The archive that the settings name."""
    return S3Archive(settings) if settings.s3_endpoint else NoArchive()


class _AbsentError(BusError):
    """There is no such object."""


async def _present(work: Callable[[], T]) -> T | None:
    try:
        return await _call(work)
    except _AbsentError:
        return None


async def _call(work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except S3Error as error:
        if error.code in _ABSENT:
            raise _AbsentError(f"{error.code}: {error.object_name}") from error
        kind = Unavailable if error.code in _BUSY else Refused
        raise kind(f"{error.code}: {error.message}") from error
    except (urllib3.exceptions.HTTPError, ServerError, OSError) as error:
        raise Unavailable(f"The object store does not answer: {error}") from error
    except MinioException as error:
        raise Refused(str(error)) from error
