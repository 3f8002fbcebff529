"""One NATS connection that never gives up, and the three things that nats-py leaves to us.

1. **A barrier.** ``flush()`` writes its PING before what is queued (bus-facts §0.3). Here a message to
   our own inbox, sent after the SUB on the same connection, proves that the server has both.
2. **Refusals.** The server reports a denied publish out of band; here the one who asked gets ``Refused``.
3. **Losses.** What waits for an answer when the connection falls gets ``Unavailable`` at once.

Answers arrive on ``_INBOX.<role>.<connection>.<token>`` and ``....outcome.<token>``: a role may read its own
inboxes only (``bus.users``). The inboxes of pulls are *not* below these two subscriptions: a dead pull's
inbox must have no listener, or the server would go on to deliver into it.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from bus import metrics
from bus.background import background
from bus.interface import BusError, NoResponders, Refused, Unavailable
from schemas.limits import (
    PING_INTERVAL_S,
    RECONNECT_WAIT_S,
    RECONNECTS_LOGGED_S,
    SEND_BUFFER_BYTES_MAX,
    STORE_TIMEOUT_S,
)

log = logging.getLogger(__name__)

Deliver = Callable[[Msg], None]

OUTCOME = "outcome"
"""Token of the inboxes that the decider may answer to."""

_DENIED_PUBLISH = "permissions violation for publish to "
_DENIED_SUBSCRIPTION = "permissions violation for subscription to "


class _Waiter:
    """Somebody waits for messages on an inbox of ours."""

    __slots__ = ("deliver", "fail", "subject")

    def __init__(self, subject: str, deliver: Deliver, fail: Callable[[BusError], None]) -> None:
        self.subject = subject.lower()  # The server's error text comes to us in lower case.
        self.deliver = deliver
        self.fail = fail


class Connection:
    """A connection under one user. ``name`` is the process, ``inbox`` the prefix of its inboxes."""

    def __init__(self, name: str, role: str, client: Any = None) -> None:
        self.name = name
        self.inbox = f"_INBOX.{role}.{secrets.token_hex(8)}"
        self.client: Client = client or Client()  # Or the twin of ``bus.memory``.
        self._waiters: dict[str, _Waiter] = {}
        self._denied_subscriptions: set[str] = set()
        self._reconnect_listeners: set[Callable[[], None]] = set()
        self._up, self._down = asyncio.Event(), asyncio.Event()
        self._down.set()
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._logged_at = 0.0
        self._up_since = 0.0

    # --- life ---------------------------------------------------------------------------------
    @property
    def is_connected(self) -> bool:
        """Whether the connection is up now."""
        return self._up.is_set()

    @property
    def connected_s(self) -> float:
        """For how long it has been up."""
        return asyncio.get_running_loop().time() - self._up_since if self.is_connected else 0.0

    async def connected(self) -> None:
        """Returns when the connection is up."""
        await self._up.wait()

    async def disconnected(self) -> None:
        """Returns when the connection is down."""
        await self._down.wait()

    async def open(self, servers: list[str], user: str, password: str) -> None:
        """Connects, for ever if it must, and takes the inbox."""
        await self.client.connect(
            servers=servers,
            name=self.name,
            user=user or None,
            password=password or None,
            inbox_prefix=self.inbox,
            allow_reconnect=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=RECONNECT_WAIT_S,  # type: ignore[arg-type]  # It is only slept.
            ping_interval=PING_INTERVAL_S,
            max_outstanding_pings=2,
            pending_size=SEND_BUFFER_BYTES_MAX,
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnected,
            reconnected_cb=self._on_reconnected,
            closed_cb=self._on_closed,
        )
        for inboxes in ("*", f"{OUTCOME}.*"):
            await self.client.subscribe(f"{self.inbox}.{inboxes}", cb=self._on_reply)
        self._set_up()
        await self.barrier()

    async def close(self) -> None:
        """Closes the connection for good."""
        if not self._closed.done():
            self._closed.set_result(None)
        self._set_down()
        await self.client.close()

    async def fail_when_closed(self) -> None:
        """Raises when the client library gives the connection up, which only a refusal makes it do."""
        await asyncio.shield(self._closed)

    def _set_up(self) -> None:
        self._down.clear()
        self._up.set()
        self._up_since = asyncio.get_running_loop().time()
        metrics.CONNECTED.labels(self.inbox.split(".")[1]).set(1)

    def _set_down(self) -> None:
        self._up.clear()
        self._down.set()
        metrics.CONNECTED.labels(self.inbox.split(".")[1]).set(0)
        waiters, self._waiters = self._waiters, {}
        for waiter in waiters.values():
            waiter.fail(Unavailable("The connection to the bus was lost."))

    async def _on_disconnected(self) -> None:
        if not self._closed.done():
            log.warning("bus connection %s lost", self.name)
        self._set_down()

    async def _on_reconnected(self) -> None:
        log.warning("bus connection %s is back", self.name)
        metrics.RECONNECTS.labels(self.inbox.split(".")[1]).inc()
        self._set_up()
        for listener in tuple(self._reconnect_listeners):
            listener()

    async def _on_closed(self) -> None:
        if not self._closed.done():
            error = self.client.last_error
            self._closed.set_exception(Refused(f"The bus closed the connection for good: {error}"))

    async def _on_error(self, error: Exception) -> None:
        text = str(error)
        if _DENIED_PUBLISH in text:
            self._deny_publish(_quoted(text))
        elif _DENIED_SUBSCRIPTION in text:
            self._denied_subscriptions.add(_quoted(text))
        if "permissions violation" in text:
            metrics.DENIED.labels(self.inbox.split(".")[1]).inc()
            log.error("bus connection %s: %s", self.name, text)
        elif (now := asyncio.get_running_loop().time()) - self._logged_at > RECONNECTS_LOGGED_S:
            self._logged_at = now
            log.warning("bus connection %s: %s: %s", self.name, type(error).__name__, text)

    def _deny_publish(self, subject: str) -> None:
        for token, waiter in tuple(self._waiters.items()):
            if waiter.subject == subject:
                self._waiters.pop(token, None)
                waiter.fail(Refused(f"No permission to publish to {subject}."))

    # --- sending ------------------------------------------------------------------------------
    async def publish(
        self, subject: str, data: bytes, headers: Mapping[str, str] | None = None, reply_to: str = ""
    ) -> None:
        """Sends. Raises Unavailable without connection, so that nothing stale is sent after it is back."""
        if not self.is_connected:
            raise Unavailable("No connection to the bus.")
        task = asyncio.current_task()
        asked_before = task.cancelling() if task else 0
        try:
            await self.client.publish(subject, data, reply_to, dict(headers) if headers else None)
        except nats.errors.MaxPayloadError as error:
            raise Refused(f"{len(data)} bytes are more than the bus takes.") from error
        except (nats.errors.OutboundBufferLimitError, nats.errors.ConnectionClosedError) as error:
            raise Unavailable("No connection to the bus.") from error
        if task and task.cancelling() > asked_before:  # nats-py swallows a cancellation while it flushes.
            raise asyncio.CancelledError

    # --- answers ------------------------------------------------------------------------------
    @asynccontextmanager
    async def answers(
        self, subject: str, deliver: Deliver, fail: Callable[[BusError], None], *, token: str = ""
    ) -> AsyncIterator[str]:
        """An inbox of ours, while the block is open. ``fail`` is called at most once: the connection is
        lost, or a publish to ``subject`` was denied."""
        token = token or secrets.token_hex(8)
        self._waiters[token] = _Waiter(subject, deliver, fail)
        try:
            yield f"{self.inbox}.{token}"
        finally:
            self._waiters.pop(token, None)

    async def request(
        self,
        subject: str,
        data: bytes,
        *,
        timeout_s: float = STORE_TIMEOUT_S,
        headers: Mapping[str, str] | None = None,
    ) -> Msg:
        """One answer. Raises NoResponders, Refused (denied), Unavailable (time, connection)."""
        answer: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()

        def deliver(message: Msg) -> None:
            if not answer.done():
                answer.set_result(message)

        def fail(error: BusError) -> None:
            if not answer.done():
                answer.set_exception(error)

        async with self.answers(subject, deliver, fail) as inbox:
            await self.publish(subject, data, headers, inbox)
            try:
                async with asyncio.timeout(timeout_s):
                    message = await answer
            except TimeoutError:
                raise Unavailable(f"No answer from {subject} within {timeout_s} s.") from None
        if status(message) == "503":
            raise NoResponders(f"Nobody answers on {subject}.")
        return message

    async def _on_reply(self, message: Msg) -> None:
        waiter = self._waiters.get(message.subject[len(self.inbox) + 1 :])
        if waiter is not None:
            waiter.deliver(message)

    # --- subscribing --------------------------------------------------------------------------
    async def barrier(self) -> None:
        """Returns when the server has everything sent before: it handles a connection's lines in order,
        so that a message to our own inbox comes back last. Raises Unavailable."""
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def deliver(_: Msg) -> None:
            if not arrived.done():
                arrived.set_result(None)

        def fail(error: BusError) -> None:
            if not arrived.done():
                arrived.set_exception(error)

        async with self.answers("", deliver, fail) as inbox:
            await self.publish(inbox, b"")
            try:
                async with asyncio.timeout(STORE_TIMEOUT_S):
                    await arrived
            except TimeoutError:
                raise Unavailable("The bus does not answer.") from None

    @asynccontextmanager
    async def subscription(
        self,
        subject: str,
        deliver: Deliver,
        *,
        queue: str = "",
        reconnected: Callable[[], None] | None = None,
    ) -> AsyncIterator[None]:
        """Calls ``deliver`` for each message while the block is open; inside, the server has it. After a
        reconnect the subscription is there again, and ``reconnected`` tells that messages were missed."""

        async def on_message(message: Msg) -> None:
            deliver(message)

        subscribed = await self.client.subscribe(subject, queue=queue, cb=on_message)
        if reconnected:
            self._reconnect_listeners.add(reconnected)
        try:
            await self._confirm(subject)
            yield
        finally:
            if reconnected:
                self._reconnect_listeners.discard(reconnected)
            if not self.client.is_closed:
                await subscribed.unsubscribe()

    async def _confirm(self, subject: str) -> None:
        while True:
            await self.connected()
            try:
                await self.barrier()
            except Unavailable:
                continue
            if subject.lower() in self._denied_subscriptions:
                raise Refused(f"No permission to subscribe to {subject}.")
            return


def status(message: Msg) -> str:
    """The status of a control message ("503", "404", "204" ...), or nothing."""
    return message.headers.get("Status", "") if message.headers and not message.data else ""


def _quoted(text: str) -> str:
    """The subject in the server's sentence: ``... to "class.t.r.evt.chat"``."""
    parts = text.split('"')
    return parts[1] if len(parts) > 1 else ""


@asynccontextmanager
async def opened(link: Connection, servers: list[str], user: str, password: str) -> AsyncIterator[Connection]:
    """Keeps a connection open while the block is; if the server closes it for good, the block raises."""
    try:
        await link.open(servers, user, password)
        async with background(link.fail_when_closed()):
            yield link
    finally:
        await link.close()


def connection(
    servers: list[str], user: str, password: str, *, name: str, role: str
) -> AbstractAsyncContextManager[Connection]:
    """A connection while the block is open. If the server closes it for good, the block raises."""
    return opened(Connection(name, role), servers, user, password)
