"""CMD on NATS: submit until answered, take in order."""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from itertools import count
from typing import Any

import msgspec
from nats.aio.msg import Msg

from bus import metrics
from bus.api import NANOSECONDS
from bus.connection import OUTCOME, Connection
from bus.interface import BusError, Clock, Delivery, Unavailable
from bus.publisher import store
from bus.pull import Pulled, pull
from schemas import subjects
from schemas.envelope import (
    Envelope,
    Outcome,
    RemoteFormatError,
    command_headers,
    decode_outcome,
    encode_command,
    encode_outcome,
)
from schemas.limits import (
    COMMAND_ACK_WAIT_S,
    COMMAND_ACKS_PENDING_MAX,
    COMMAND_ATTEMPT_S,
    PULL_BATCH_MESSAGES,
    RETRY_WAIT_S,
)

log = logging.getLogger(__name__)


class NatsCommands:
    """``interface.Commands`` on a connection."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    async def submit(self, envelope: Envelope, *, attempt_s: float = COMMAND_ATTEMPT_S) -> Outcome:
        """Sends until answered or too late. Each attempt has its own message id: a retry must reach the
        decider, who alone knows the answer (design §4). Each waits twice as long as the one before, so
        that retries do not keep a crowd of commands from being decided."""
        asking = _Asking()
        token = f"{OUTCOME}.{secrets.token_hex(8)}"
        for attempt in count():
            left_s = (envelope.deadline - self._clock()) / 1000
            if left_s <= 0:
                break
            # The inbox is taken anew each time, because it ends with the connection; its name stays.
            async with self._connection.answers("", asking.deliver, asking.interrupt, token=token) as inbox:
                sent = msgspec.structs.replace(envelope, reply_to=inbox)
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(attempt_s * 2**attempt, left_s)):
                        await self._attempt(sent, attempt, asking)
            if asking.outcome is not None:
                return asking.outcome
        raise Unavailable(f"No answer to {envelope.command.name} {envelope.id} in time.")

    async def _attempt(self, envelope: Envelope, attempt: int, asking: "_Asking") -> None:
        """Sends once, and waits for the answer or an interruption."""
        if attempt:
            metrics.RETRIES.inc()
        asking.changed.clear()
        try:
            ack = await store(
                self._connection,
                subjects.CMD,
                subjects.command(envelope.key, envelope.command.name),
                encode_command(envelope.command),
                headers=command_headers(envelope, attempt),
            )
        except Unavailable:
            await self._connection.connected()
            await asyncio.sleep(RETRY_WAIT_S)
            return
        # A duplicate: an earlier submit of this id has used this attempt, with its own inbox. On to the next.
        if not ack.duplicate:
            await asking.changed.wait()

    @asynccontextmanager
    async def take(self, partition: int) -> AsyncIterator[AsyncIterator[Delivery]]:
        """Commands of a partition."""
        durable = subjects.partition_durable(partition)
        async with (
            pull(
                self._connection,
                subjects.CMD,
                durable,
                batch=PULL_BATCH_MESSAGES,
                renew=partition_subscription(partition),
            ) as messages,
            aclosing(_deliveries(messages)) as deliveries,
        ):
            yield deliveries

    async def answer(self, reply_to: str, outcome: Outcome) -> None:
        """Answers the asker; lossy."""
        with suppress(Unavailable):
            await self._connection.publish(reply_to, encode_outcome(outcome))


def partition_subscription(partition: int) -> dict[str, Any]:
    """The durable subscription of a partition, in JetStream's words."""
    return {
        "durable_name": subjects.partition_durable(partition),
        "filter_subject": subjects.partition_commands(partition),
        "ack_policy": "explicit",
        "ack_wait": int(COMMAND_ACK_WAIT_S * NANOSECONDS),
        "max_ack_pending": COMMAND_ACKS_PENDING_MAX,
        # For ever: past its deadline a command is answered "expired", so that none stays a poison.
        "max_deliver": -1,
    }


class _Asking:
    """Waits for one outcome, over all attempts."""

    def __init__(self) -> None:
        self.outcome: Outcome | None = None
        self.changed = asyncio.Event()

    def deliver(self, message: Msg) -> None:
        """The decider's answer. One that is not understood is as good as none."""
        try:
            self.outcome = decode_outcome(message.data)
        except RemoteFormatError as error:
            log.error("an outcome is not understood: %s", error)
            return
        self.changed.set()

    def interrupt(self, _: BusError) -> None:
        """The connection is lost, and the inbox with it: time for the next attempt."""
        self.changed.set()


class NatsDelivery:
    """``interface.Delivery``: a command in hand."""

    def __init__(self, pulled: Pulled, stored: subjects.StoredCommand) -> None:
        self._pulled = pulled
        self.key = stored.key
        self.name = stored.command
        self.headers: Mapping[str, str] = pulled.message.headers or {}
        self.data: bytes = pulled.message.data
        self.redelivered = pulled.redelivered

    async def ack(self) -> None:
        """It never comes again, unless the server fell just now: then it comes once more."""
        await self._pulled.settle(b"+ACK")

    async def nak(self, delay_s: float = 0.0) -> None:
        """It shall come again."""
        delay = msgspec.json.encode({"delay": int(delay_s * NANOSECONDS)}) if delay_s > 0 else b""
        await self._pulled.settle(b"-NAK " + delay)


async def _deliveries(messages: AsyncIterator[Pulled]) -> AsyncGenerator[Delivery, None]:
    async for pulled in messages:
        stored = subjects.parse_command(pulled.message.subject)
        if stored is None:
            log.error("not a command, dropped: %s", pulled.message.subject)
            await pulled.settle(b"+TERM")
        else:
            yield NatsDelivery(pulled, stored)
