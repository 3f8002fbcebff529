"""Taking messages from a durable subscription: what the server's words mean."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, cast

import pytest
from nats.aio.msg import Msg

from bus.connection import Connection
from bus.interface import Unavailable
from bus.pull import Epoch, Gone, Inflow, Pulled


class Line:
    """Answers every pull with the next messages of a script."""

    inbox = "_INBOX.test"

    def __init__(self, *answers: list[Msg]) -> None:
        self.pulls = 0
        self.settled: list[bytes] = []
        self._answers = list(answers)
        self._deliver: Callable[[Msg], None] = lambda _: None
        self.reconnected: Callable[[], None] = lambda: None

    @asynccontextmanager
    async def subscription(
        self, _: str, deliver: Callable[[Msg], None], *, reconnected: Callable[[], None]
    ) -> AsyncIterator[None]:
        self._deliver, self.reconnected = deliver, reconnected
        yield

    async def publish(self, *_: Any, **__: Any) -> None:
        self.pulls += 1
        for message in self._answers.pop(0) if self._answers else ():
            self._deliver(message)

    async def request(self, _: str, answer: bytes, **__: Any) -> None:
        self.settled.append(answer)


def message(text: str = "") -> Msg:
    return Msg(cast("Any", None), "job.one", "$JS.ACK.EVT.d.1.7.3.1700000000000000000.0", text.encode())


def word(status: str, description: str = "", **headers: str) -> Msg:
    """What the server says instead of a message."""
    return Msg(cast("Any", None), "_INBOX", headers={"Status": status, "Description": description, **headers})


async def take(line: Line, count: int, *, batch: int = 2) -> list[bytes]:
    """The next messages."""
    async with (
        asyncio.timeout(30),
        Inflow(cast("Connection", line)).open() as inflow,
        aclosing(inflow.pulls("EVT", "d", batch)) as messages,
    ):
        return [(await anext(messages)).data for _ in range(count)]


async def test_a_pull_that_is_used_up_or_over_is_followed_by_the_next() -> None:
    line = Line(
        [message("1"), word("100"), message("2")],
        [word("408", "Request Timeout")],
        [word("409", "Message Size Exceeds MaxBytes: Exceeded")],
        [word("404", "No Messages"), message("3")],
    )
    assert await take(line, 3) == [b"1", b"2", b"3"]
    assert line.pulls == 5


@pytest.mark.parametrize(
    ("said", "ended"),
    [
        (word("409", "Consumer Deleted"), Gone),
        (word("409", "Leadership Change"), Unavailable),
        (word("408", "Request Timeout", **{"Nats-Pending-Messages": "1"}), Unavailable),
        (word("503"), Unavailable),
        (word("400", "Bad Request"), Unavailable),
    ],
)
async def test_what_ends_an_epoch(said: Msg, ended: type[Exception]) -> None:
    """A subscription that is gone, a new leader, a delivery that was lost, a server that cannot."""
    with pytest.raises(ended):
        await take(Line([said]), 1)


async def test_a_server_that_says_nothing_ends_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bus.pull.PULL_HEARTBEAT_S", -0.49)
    with pytest.raises(Unavailable, match="silent"):
        await take(Line(), 1)


async def test_a_reconnect_ends_an_epoch() -> None:
    line = Line()
    async with Inflow(cast("Connection", line)).open() as inflow:
        line.reconnected()
        async with aclosing(inflow.pulls("EVT", "d", 1)) as messages:
            with pytest.raises(Unavailable, match="lost"):
                await anext(messages)


async def test_a_delivery_of_an_earlier_epoch_is_not_settled() -> None:
    line, epoch = Line(), Epoch(0)
    pulled = Pulled(cast("Connection", line), message(), epoch)
    assert await pulled.settle(b"+ACK") is True
    epoch.is_over = True
    assert await pulled.settle(b"+ACK") is False
    assert line.settled == [b"+ACK"]
