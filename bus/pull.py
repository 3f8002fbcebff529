"""Taking messages from a durable subscription, one pull request after the other.

An *epoch* is the time in which what was delivered can be relied on: it ends with the connection, or when
the server falls silent. Then deliveries may have been lost on the way, and they would come back behind
newer ones. For a queue whose order matters the next epoch therefore begins with a *renewed* durable
subscription, which starts at the oldest unacknowledged message (bus-facts §3).

Renewed means deleted and created. The server's own "reset" keeps the pulls that wait there, and goes on to
deliver to a predecessor that hangs but whose connection stands (measured on 2.15.1): those commands would
come back out of order, when their acknowledgement is overdue.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, NamedTuple, Self

import msgspec
from nats.aio.msg import Msg

from bus.api import NANOSECONDS, NotFoundError, call
from bus.connection import Connection, status
from bus.interface import NoResponders, Unavailable
from schemas.limits import PULL_EXPIRES_S, PULL_HEARTBEAT_S, RETRY_WAIT_S, STORE_TIMEOUT_S

log = logging.getLogger(__name__)


class Gone(Unavailable):
    """The subscription was deleted."""


class Position(NamedTuple):
    """What a delivery's reply subject says: which attempt, where in the stream, the how manyth delivery
    of the subscription, and how many messages follow at once."""

    attempt: int
    stream_seq: int
    delivery: int
    pending: int


def position(message: Msg) -> Position:
    """Reads ``$JS.ACK[.domain.account].stream.name.attempt.stream_seq.delivery.time.pending``."""
    tokens = message.reply.split(".")
    first = 4 if len(tokens) == 9 else 6
    attempt, stream_seq, delivery, _, pending = (int(token) for token in tokens[first : first + 5])
    return Position(attempt, stream_seq, delivery, pending)


class Epoch:
    """One epoch of deliveries. ``delivered_before``: a predecessor may have seen up to here."""

    def __init__(self, delivered_before: int) -> None:
        self.delivered_before = delivered_before
        self.is_over = False


class Pulled:
    """A message in hand."""

    def __init__(self, connection: Connection, message: Msg, epoch: Epoch) -> None:
        self._connection = connection
        self._epoch = epoch
        self.message = message
        delivered = position(message)
        self.attempt = delivered.attempt
        self.stream_seq = delivered.stream_seq

    @property
    def redelivered(self) -> bool:
        """Whether somebody may have had it before."""
        return self.attempt > 1 or self.stream_seq <= self._epoch.delivered_before

    async def settle(self, answer: bytes) -> bool:
        """Sends ``+ACK``, ``-NAK ...`` or ``+WPI`` and waits until the server has it. False: it is not
        known, and the message comes again."""
        if self._epoch.is_over:
            return False  # The server no longer knows this delivery and would not answer.
        try:
            await self._connection.request(self.message.reply, answer, timeout_s=STORE_TIMEOUT_S)
        except (Unavailable, NoResponders):
            return False
        return True


@asynccontextmanager
async def pull(
    connection: Connection,
    stream: str,
    durable: str,
    *,
    batch: int,
    renew: Mapping[str, Any] | None = None,
) -> AsyncIterator[AsyncIterator[Pulled]]:
    """Messages of a durable subscription, for ever; survives the server. With ``renew``, its
    configuration, each epoch begins with the oldest unacknowledged message."""
    async with aclosing(_epochs(connection, stream, durable, batch, renew)) as messages:
        yield messages


async def _epochs(
    connection: Connection, stream: str, durable: str, batch: int, renew: Mapping[str, Any] | None
) -> AsyncGenerator[Pulled, None]:
    while True:
        await connection.connected()
        epoch = Epoch(0)
        try:
            async with Inflow(connection).open() as inflow:
                if renew is not None:
                    epoch.delivered_before = await _renew(connection, stream, durable, renew)
                async with aclosing(inflow.pulls(stream, durable, batch)) as messages:
                    async for message in messages:
                        yield Pulled(connection, message, epoch)
        except Unavailable as error:
            log.warning("taking from %s begins anew: %s", durable, error)
            await asyncio.sleep(RETRY_WAIT_S)
        finally:
            epoch.is_over = True


class Inflow:
    """An inbox for deliveries, and the pulls that fill it. Bounded by the batch that is asked for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._inbox = f"{connection.inbox}.pull.{secrets.token_hex(8)}"
        self._queue: asyncio.Queue[Msg | None] = asyncio.Queue()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        """Subscribes, for one epoch."""

        def over() -> None:
            self._queue.put_nowait(None)

        async with self._connection.subscription(self._inbox, self._queue.put_nowait, reconnected=over):
            yield self

    async def pulls(self, stream: str, subscription: str, batch: int) -> AsyncGenerator[Msg, None]:
        """Pull after pull, until the epoch is over: then raises Unavailable."""
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{subscription}"
        request = msgspec.json.encode(
            {
                "batch": batch,
                "expires": int(PULL_EXPIRES_S * NANOSECONDS),
                "idle_heartbeat": int(PULL_HEARTBEAT_S * NANOSECONDS),
            }
        )
        while True:
            await self._connection.publish(subject, request, reply_to=self._inbox)
            wanted = batch
            while wanted > 0:
                message = await self._next()
                match status(message):
                    case "":
                        wanted -= 1
                        yield message
                    case "100":
                        pass  # A heartbeat: the server is there and has nothing.
                    case "404" | "408" | "409":
                        _check(message, subject, wanted)
                        break
                    case other:
                        raise Unavailable(f"{subject}: {other}")

    async def _next(self) -> Msg:
        try:
            async with asyncio.timeout(2 * PULL_HEARTBEAT_S + 1):
                message = await self._queue.get()
        except TimeoutError:
            raise Unavailable("The server is silent.") from None
        if message is None:
            raise Unavailable("The connection was lost.")
        return message


def _check(message: Msg, subject: str, wanted: int) -> None:
    """The end of a pull: go on with the next one, begin anew, or the subscription is gone."""
    headers = message.headers or {}
    text = headers.get("Description", "")
    if "Deleted" in text:
        raise Gone(f"{subject}: {text}")
    if status(message) == "409" and "Exceeded" not in text and "Batch Completed" not in text:
        raise Unavailable(f"{subject}: {text}")
    if int(headers.get("Nats-Pending-Messages", wanted)) != wanted:
        raise Unavailable(f"{subject}: a delivery was lost.")


async def _renew(connection: Connection, stream: str, durable: str, config: Mapping[str, Any]) -> int:
    """Makes the oldest unacknowledged message the next one, and frees it from whoever waits there.
    Returns how far a predecessor had come."""
    delivered_before = 0
    with suppress(NotFoundError):
        info = await call(connection, f"CONSUMER.INFO.{stream}.{durable}")
        delivered_before = int(info["delivered"]["stream_seq"])
        await call(connection, f"CONSUMER.DELETE.{stream}.{durable}")
    await create_durable(connection, stream, config)
    return delivered_before


async def create_durable(connection: Connection, stream: str, config: Mapping[str, Any]) -> None:
    """Creates a durable subscription, or updates it."""
    await call(
        connection,
        f"CONSUMER.CREATE.{stream}.{config['durable_name']}.{config['filter_subject']}",
        {"stream_name": stream, "config": config},
    )
