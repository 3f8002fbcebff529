"""Shares the partitions among the processes that are there.

Every process waits for every partition that it does not have, so that a dead owner is replaced at
once, by whoever is there. Sharing is the slow part: who has had two partitions more than a partner for
some seconds gives some away, names the heir, and everybody else lets the heir have them.
"""

import asyncio
import logging
from collections import Counter

import msgspec

from bus.interface import Bucket, BusError, Lease
from rooms.service import metrics
from rooms.service.context import Context
from rooms.service.partition import serve_partition
from schemas.limits import (
    COMMAND_RETRY_S,
    PARTITION_LEASE_S,
    PARTITION_REST_S,
    PARTNERS_SETTLE_S,
    PROCESS_BEAT_S,
)
from schemas.subjects import LEASE, PARTITIONS, partition_heir, partition_lease, partition_partner, partner_of

log = logging.getLogger(__name__)


class Ownership:
    """The partitions that this process has, each with the switch that ends it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._name = context.bus.process
        self._held: dict[int, asyncio.Event] = {}
        self._has_partners = False

    @property
    def trouble(self) -> str | None:
        """Why this process is not ready; None when it is."""
        if not self._context.bus.is_connected:
            return "not connected to NATS"
        return None if self._held or self._has_partners else "no partition yet"

    @property
    def held(self) -> int:
        """How many partitions this process has."""
        return len(self._held)

    async def run(self) -> None:
        """Holds what it can get, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._share())
            for partition in range(PARTITIONS):
                tasks.create_task(self._own(partition))

    # --- owning ----------------------------------------------------------------------------------
    async def _own(self, partition: int) -> None:
        leases = self._context.bus.leases
        while True:
            try:
                async with leases.hold(partition_lease(partition)) as lease:
                    if await self._is_for_us(partition):
                        await self._serve(partition, lease)
                    else:
                        # Its first refresh is under way and must be over, or the release misses it.
                        await lease.confirm()
            except* BusError as errors:
                log.warning("partition %d: %s", partition, errors.exceptions)
                await asyncio.sleep(COMMAND_RETRY_S)
            if not await self._is_for_us(partition):
                await asyncio.sleep(PARTITION_REST_S)

    async def _is_for_us(self, partition: int) -> bool:
        """Whether this partition was not just given to another."""
        try:
            heir = await self._bucket.get(partition_heir(partition))
        except BusError:
            return True  # Who has the lease and cannot ask will not be able to serve either.
        return heir is None or heir.value == self._name.encode()

    async def _serve(self, partition: int, lease: Lease) -> None:
        over = self._held[partition] = asyncio.Event()
        metrics.PARTITIONS.set(len(self._held))
        try:
            await serve_partition(self._context, partition, lease, over)
        finally:
            del self._held[partition]
            metrics.PARTITIONS.set(len(self._held))

    # --- sharing ---------------------------------------------------------------------------------
    @property
    def _bucket(self) -> Bucket:
        return self._context.bus.bucket(LEASE)

    async def _share(self) -> None:
        """Says how much we have, and gives away what is more than our share."""
        uneven_s = 0.0
        try:
            while True:
                try:
                    gifts = self._gifts(await self._partners())
                    uneven_s = uneven_s + PROCESS_BEAT_S if gifts else 0.0
                    if uneven_s > PARTNERS_SETTLE_S:
                        uneven_s = 0.0
                        for partition, heir in gifts.items():
                            await self._give(partition, heir)
                except BusError as error:
                    log.warning("partners are not known: %s", error)
                await asyncio.sleep(PROCESS_BEAT_S)
        finally:
            try:
                await self._bucket.delete(partition_partner(self._name))
            except BusError as error:
                log.info("our name stays for %s s: %s", PARTITION_LEASE_S, error)

    async def _partners(self) -> dict[str, int]:
        """The other processes, and how much each has."""
        ours = msgspec.json.encode(len(self._held))
        await self._bucket.put(partition_partner(self._name), ours, ttl_s=PARTITION_LEASE_S)
        partners = {
            process: msgspec.json.decode(entry.value, type=int)
            for key, entry in (await self._bucket.entries()).items()
            if (process := partner_of(key)) is not None and process != self._name
        }
        self._has_partners = bool(partners)
        return partners

    def _gifts(self, partners: dict[str, int]) -> dict[int, str]:
        """Which partitions should go to whom, until nobody has two less than we."""
        counts = Counter(partners)
        giving: dict[int, str] = {}
        ours = sorted(self._held)
        while counts and ours:
            poorest = min(counts, key=lambda process: (counts[process], process))
            if len(ours) - counts[poorest] < 2:
                break
            giving[ours.pop()] = poorest
            counts[poorest] += 1
        return giving

    async def _give(self, partition: int, heir: str) -> None:
        await self._bucket.put(partition_heir(partition), heir.encode(), ttl_s=PARTITION_REST_S)
        switch = self._held.get(partition)
        if switch is not None:
            log.info("partition %d goes to %s", partition, heir)
            switch.set()
