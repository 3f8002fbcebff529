"""Mutual exclusion by a bucket with TTL, and a probe that notices a death sooner than the TTL.

A holder writes ``<name> -> <process>`` with a TTL, refreshes it, and answers on ``alive.<process>`` (one
responder per process). Who waits asks there every ``LIVENESS_PROBE_S``; when twice nobody even listens,
the holder is gone and the key is taken by compare-and-set (measured: 0.4 to 0.5 s, bus-facts §3). A hung
host still listens, so there the TTL decides.

Trust is judged by the local clock: a lease counts until its TTL after the *beginning* of the last write
that succeeded. The server counts from a later moment, so that it never gives the lease to another first.
These rules know no NATS: the bucket and the core are the bus's own interface.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from bus import metrics
from bus.background import background
from bus.interface import (
    Bucket,
    Conflict,
    Core,
    Entry,
    Lease,
    Message,
    NoResponders,
    Refused,
    Unavailable,
)
from schemas import subjects
from schemas.limits import (
    LIVENESS_GRACE_S,
    LIVENESS_PROBE_S,
    PARTITION_LEASE_S,
    PROBES_SILENT_MAX,
    PROCESS_BEAT_S,
)

log = logging.getLogger(__name__)


class HeldLease:
    """``interface.Lease``: ours until its time is over, or somebody else's name stands there."""

    def __init__(self, bucket: Bucket, name: str, process: str) -> None:
        self.name = name
        self._bucket = bucket
        self._process = process.encode()
        self._revision = 0
        self._until = 0.0
        self._lost = asyncio.Event()
        self._writing = asyncio.Lock()

    @property
    def is_held(self) -> bool:
        """Whether it can be trusted now."""
        return not self._lost.is_set() and asyncio.get_running_loop().time() < self._until

    async def lost(self) -> None:
        """Returns when it is lost."""
        await self._lost.wait()

    async def confirm(self) -> bool:
        """Asks by writing: a read could be answered by a replica that lags behind."""
        if self._lost.is_set():
            return False
        with suppress(Unavailable):
            await self._refresh()
        return self.is_held

    async def acquire(self, seen: Entry | None) -> None:
        """Writes our name over what was seen. Raises Conflict."""
        began = asyncio.get_running_loop().time()
        if seen is None:
            self._revision = await self._bucket.create(self.name, self._process, ttl_s=PARTITION_LEASE_S)
        else:
            self._revision = await self._bucket.update(
                self.name, self._process, seen.revision, ttl_s=PARTITION_LEASE_S
            )
        self._until = began + PARTITION_LEASE_S

    async def keep(self) -> None:
        """Refreshes until the lease is lost."""
        loop = asyncio.get_running_loop()
        while not self._lost.is_set():
            try:
                async with asyncio.timeout_at(self._until):
                    with suppress(Unavailable):
                        await self._refresh()
                    await asyncio.sleep(PROCESS_BEAT_S)
            except TimeoutError:  # Of the time before this refresh; it may have been prolonged.
                if loop.time() >= self._until:
                    self._lose("its time ran out")

    async def release(self) -> None:
        """Deletes it, if it is still ours. A refresh that was cut off may have moved the revision."""
        if self._lost.is_set():
            return
        self._lost.set()
        with suppress(Unavailable, Refused):
            while not await self._deleted():
                entry = await self._bucket.get(self.name)
                if entry is None or entry.value != self._process:
                    return
                self._revision = entry.revision

    async def _deleted(self) -> bool:
        try:
            await self._bucket.delete(self.name, self._revision)
        except Conflict:
            return False
        return True

    async def _refresh(self) -> None:
        """Writes our name again. An unanswered write may have happened: then the revision is a later one
        of ours, which only reading tells."""
        async with self._writing:
            began = asyncio.get_running_loop().time()
            try:
                self._revision = await self._bucket.update(
                    self.name, self._process, self._revision, ttl_s=PARTITION_LEASE_S
                )
            except Conflict:
                entry = await self._bucket.get(self.name)
                if entry is None or entry.value != self._process:
                    self._lose("another process has it")
                    return
                self._revision = await self._bucket.update(
                    self.name, self._process, entry.revision, ttl_s=PARTITION_LEASE_S
                )
            self._until = began + PARTITION_LEASE_S

    def _lose(self, why: str) -> None:
        if not self._lost.is_set():
            log.warning("lease %s is lost: %s", self.name, why)
            metrics.LEASES_LOST.inc()
            self._lost.set()


class BucketLeases:
    """``interface.Leases`` over a bucket and core requests. ``connected_s`` is for how long the connection
    has been up: after a server's restart the others need a moment to be heard again."""

    def __init__(self, core: Core, bucket: Bucket, process: str, connected_s: Callable[[], float]) -> None:
        self._core = core
        self._bucket = bucket
        self._process = process
        self._connected_s = connected_s

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[Lease]:
        """Waits until the lease is ours and keeps it while the block is open."""
        lease = HeldLease(self._bucket, name, self._process)
        await self._acquire(lease)
        try:
            async with background(lease.keep()):
                yield lease
        finally:
            await lease.release()

    async def holder(self, name: str) -> str | None:
        """The process that holds it now."""
        entry = await self._bucket.get(name)
        return entry.value.decode() if entry else None

    async def _acquire(self, lease: HeldLease) -> None:
        while True:
            try:
                seen = await self._bucket.get(lease.name)
                how = "free"
                if seen is not None and seen.value != self._process.encode():
                    if not await self._is_dead(seen):
                        await asyncio.sleep(LIVENESS_PROBE_S)
                        continue
                    how = "dead"
                await lease.acquire(seen)
            except Conflict:
                continue  # Another was faster; look again.
            except Unavailable:
                await asyncio.sleep(LIVENESS_PROBE_S)
                continue
            metrics.LEASES_TAKEN.labels(how).inc()
            log.info("lease %s is ours (%s)", lease.name, how)
            return

    async def _is_dead(self, seen: Entry) -> bool:
        """Probes the holder once per ``LIVENESS_PROBE_S``; dead after two probes that nobody heard."""
        for silent in range(PROBES_SILENT_MAX):
            if silent:
                await asyncio.sleep(LIVENESS_PROBE_S)
            try:
                await self._core.request(subjects.alive(seen.value.decode()), b"", LIVENESS_PROBE_S)
            except NoResponders:
                if self._connected_s() < LIVENESS_GRACE_S:
                    return False
                continue
            except Unavailable:
                return False  # It listens but does not answer, or we have no connection: the TTL decides.
            return False
        return True


@asynccontextmanager
async def alive(core: Core, process: str) -> AsyncIterator[None]:
    """Answers for this process on ``alive.<process>`` while the block is open."""

    async def answer(_: Message) -> bytes:
        return b""

    async with core.serve(subjects.alive(process), answer, concurrency=4):
        yield
