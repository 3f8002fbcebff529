"""Shares the partitions among the processes that are there.

Every process waits for every partition that it does not have, so that a dead owner is replaced at
once, by whoever is there. Sharing is the slow part: who holds more than its share for some seconds
gives the surplus away and lets others be faster.
"""

import asyncio
import logging

from bus.interface import BusError
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
from schemas.subjects import LEASE, PARTITIONS, is_partition_partner, partition_lease, partition_partner

log = logging.getLogger(__name__)


class Ownership:
    """The partitions that this process has, each with the switch that ends it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._held: dict[int, asyncio.Event] = {}
        self._given_away: set[int] = set()
        self._shared = False

    @property
    def trouble(self) -> str | None:
        """Why this process is not ready; None when it is."""
        if not self._context.bus.is_connected:
            return "not connected to NATS"
        return None if self._held or self._shared else "no partition yet"

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

    async def _own(self, partition: int) -> None:
        leases = self._context.bus.leases
        while True:
            try:
                async with leases.hold(partition_lease(partition)) as lease:
                    over = asyncio.Event()
                    self._held[partition] = over
                    metrics.PARTITIONS.set(len(self._held))
                    try:
                        await serve_partition(self._context, partition, lease, over)
                    finally:
                        del self._held[partition]
                        metrics.PARTITIONS.set(len(self._held))
            except* BusError as errors:
                log.warning("partition %d: %s", partition, errors.exceptions)
                await asyncio.sleep(COMMAND_RETRY_S)
            if partition in self._given_away:
                self._given_away.discard(partition)
                await asyncio.sleep(PARTITION_REST_S)

    async def _share(self) -> None:
        """Says that we are there, and gives away what is more than our share."""
        bucket = self._context.bus.bucket(LEASE)
        mine = partition_partner(self._context.bus.process)
        above_share_s = 0.0
        try:
            while True:
                try:
                    await bucket.put(mine, b"", ttl_s=PARTITION_LEASE_S)
                    partners = sum(1 for key in await bucket.entries() if is_partition_partner(key))
                except BusError as error:
                    log.warning("partners are not known: %s", error)
                    partners = 1
                self._shared = partners > 1
                surplus = len(self._held) - -(-PARTITIONS // max(partners, 1))
                above_share_s = above_share_s + PROCESS_BEAT_S if surplus > 0 else 0.0
                if above_share_s > PARTNERS_SETTLE_S:
                    self._give_away(surplus)
                    above_share_s = 0.0
                await asyncio.sleep(PROCESS_BEAT_S)
        finally:
            try:
                await bucket.delete(mine)
            except BusError as error:
                log.info("our name stays for %s s: %s", PARTITION_LEASE_S, error)

    def _give_away(self, surplus: int) -> None:
        going = sorted(self._held)[-surplus:]
        log.info("partitions %s go to a partner", going)
        for partition in going:
            self._given_away.add(partition)
            self._held[partition].set()
