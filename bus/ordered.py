"""An ordered subscription to a stream, without gap, surviving the server: for what core messages miss.

Expiry markers of KV are stored and never published (bus-facts §0.8), so that a watch needs the stream's
own delivery. The server's side is ephemeral: when a delivery is missing, the beat stops or the connection
was lost, it is made anew behind the last one seen. It pulls, so that a slow reader is not flooded.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from msgspec import Struct

from bus.api import NANOSECONDS, call
from bus.connection import Connection
from bus.direct import Read
from bus.interface import Unavailable
from bus.pull import Inflow, position
from schemas.limits import EPHEMERAL_IDLE_S, PULL_BATCH_MESSAGES, RETRY_WAIT_S


class Begin(Struct, frozen=True):
    """The subscription begins (again): from here on everything comes, ``pending`` messages of it exist
    already. With "last per subject" these are the present state."""

    pending: int


class Next(Struct, frozen=True):
    """The next message; ``pending`` follow at once."""

    read: Read
    pending: int


@asynccontextmanager
async def ordered(
    connection: Connection, stream: str, subject_filter: str, *, last_per_subject: bool
) -> AsyncIterator[AsyncIterator[Begin | Next]]:
    """The messages of a filter: from the first one, continuing after each loss where it stood; or, with
    ``last_per_subject``, the present state, given again after each loss."""
    messages = _ordered(connection, stream, subject_filter, last_per_subject=last_per_subject)
    async with aclosing(messages) as items:
        yield items


async def _ordered(
    connection: Connection, stream: str, subject_filter: str, *, last_per_subject: bool
) -> AsyncGenerator[Begin | Next, None]:
    after = 0
    while True:
        await connection.connected()
        start = {"deliver_policy": "last_per_subject"} if last_per_subject else _start(after)
        try:
            async with Inflow(connection).open() as inflow:
                name, pending = await _create(connection, stream, subject_filter, start)
                yield Begin(pending)
                expected = 1
                async with aclosing(inflow.pulls(stream, name, PULL_BATCH_MESSAGES)) as messages:
                    async for message in messages:
                        here = position(message)
                        if here.delivery != expected:
                            raise Unavailable("A delivery is missing.")
                        expected += 1
                        after = here.stream_seq
                        headers = message.headers or {}
                        yield Next(Read(message.subject, after, message.data, headers), here.pending)
        except Unavailable:
            await asyncio.sleep(RETRY_WAIT_S)


def _start(after: int) -> dict[str, Any]:
    if after == 0:
        return {"deliver_policy": "all"}
    return {"deliver_policy": "by_start_sequence", "opt_start_seq": after + 1}


async def _create(
    connection: Connection, stream: str, subject_filter: str, start: dict[str, Any]
) -> tuple[str, int]:
    """Makes the server's side. Returns its name and how many messages exist already."""
    name = f"ordered-{secrets.token_hex(8)}"
    config = {
        "name": name,
        "filter_subject": subject_filter,
        "ack_policy": "none",
        "max_deliver": 1,
        "mem_storage": True,
        "num_replicas": 1,
        "inactive_threshold": int(EPHEMERAL_IDLE_S * NANOSECONDS),
        **start,
    }
    answer = await call(
        connection,
        f"CONSUMER.CREATE.{stream}.{name}.{subject_filter}",
        {"stream_name": stream, "config": config},
    )
    return name, int(answer["num_pending"])
