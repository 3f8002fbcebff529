"""A process that owns partitions, for tests that kill it: takes, appends with the expected position,
answers. It remembers command ids by reading the log, as the real decider does in its state."""

import asyncio
import sys
import time
from contextlib import suppress

from bus.interface import Bus, BusError, Conflict, Delivery
from bus.nats import connect
from schemas import subjects
from schemas.envelope import Accepted, Envelope, read_envelope
from schemas.settings import Settings
from tests.integration.bus.given import TOPIC, commit


async def own(bus: Bus, partition: int) -> None:
    while True:
        with suppress(BusError):
            async with (
                bus.leases.hold(subjects.partition_lease(partition)) as lease,
                bus.commands.take(partition) as deliveries,
            ):
                async for delivery in deliveries:
                    if not lease.is_held:
                        break
                    await decide(bus, delivery)
        await asyncio.sleep(0.05)


async def decide(bus: Bus, delivery: Delivery) -> None:
    asked = read_envelope(delivery.key, delivery.name, delivery.headers, delivery.data)
    assert isinstance(asked, Envelope)
    seen = [stored async for stored in bus.log.read(delivery.key)]
    if asked.id not in {stored.commit.cause for stored in seen} and asked.deadline > time.time() * 1000:
        last = seen[-1] if seen else None
        fact = commit(last.commit.last_seq + 1 if last else 1, cause=asked.id)
        at = last.stream_seq if last else 0
        try:
            await bus.log.append(delivery.key, fact, topic=TOPIC, expected_stream_seq=at)
        except Conflict:
            await delivery.nak()
            raise
    await bus.commands.answer(asked.reply_to, Accepted(1))
    await delivery.ack()


async def main(url: str, process: str) -> None:
    async with connect(Settings(nats_url=url, process=process), "rooms") as bus, asyncio.TaskGroup() as group:
        for partition in range(subjects.PARTITIONS):
            group.create_task(own(bus, partition))
        print("ready", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
