"""Core messaging on NATS: lossy publish, request and reply."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from nats.aio.msg import Msg

from bus import metrics
from bus.background import background
from bus.connection import Connection, Deliver
from bus.interface import Handler, Message, Refused, Responder, Unavailable
from schemas.limits import CORE_QUEUED_MAX


class NatsCore:
    """``interface.Core`` on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def publish(self, subject: str, data: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Sends at most once; without connection it is lost, as core messages may be."""
        with suppress(Unavailable):
            await self._connection.publish(subject, data, headers)

    async def request(
        self, subject: str, data: bytes, timeout_s: float, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """One answer."""
        answer = await self._connection.request(subject, data, timeout_s=timeout_s, headers=headers)
        return bytes(answer.data)

    @asynccontextmanager
    async def subscribe(self, subject: str, handler: Handler, *, queue: str = "") -> AsyncIterator[None]:
        """Delivers in order, one at a time; a full queue drops the newest and counts it."""
        waiting: asyncio.Queue[Msg] = asyncio.Queue(CORE_QUEUED_MAX)

        async def work() -> None:
            while True:
                await handler(_message(await waiting.get()))

        async with (
            background(work()),
            self._connection.subscription(subject, _into(waiting, subject), queue=queue),
        ):
            yield

    @asynccontextmanager
    async def serve(
        self, subject: str, responder: Responder, *, queue: str = "", concurrency: int = 64
    ) -> AsyncIterator[None]:
        """Answers; requests that find the queue full are dropped, and their askers time out."""
        waiting: asyncio.Queue[Msg] = asyncio.Queue(CORE_QUEUED_MAX)

        async def answer_one_by_one() -> None:
            while True:
                message = await waiting.get()
                body = await responder(_message(message))
                if message.reply:
                    with suppress(Unavailable, Refused):  # Refused: the answer is too large to send.
                        await self._connection.publish(message.reply, body)

        async def work() -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(concurrency):
                    group.create_task(answer_one_by_one())

        async with (
            background(work()),
            self._connection.subscription(subject, _into(waiting, subject), queue=queue),
        ):
            yield


def _into(waiting: asyncio.Queue[Msg], subject: str) -> Deliver:
    """Puts messages into a queue, and drops what does not fit."""
    dropped = metrics.DROPPED.labels(subject.split(".", maxsplit=1)[0])

    def deliver(message: Msg) -> None:
        try:
            waiting.put_nowait(message)
        except asyncio.QueueFull:
            dropped.inc()

    return deliver


def _message(message: Msg) -> Message:
    return Message(message.subject, message.data, message.headers or {}, message.reply)
