"""What direct reads make of a server's answers."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest
from nats.aio.msg import Msg

from bus.connection import Connection
from bus.direct import TooManyError, read_last, read_last_of_each
from bus.interface import BusError, Refused, Unavailable


def found(subject: str, seq: int) -> Msg:
    """A stored message, as the server sends it."""
    headers = {"Nats-Subject": subject, "Nats-Sequence": str(seq)}
    return Msg(_client=None, data=b"x", headers=headers)  # type: ignore[arg-type]  # Nobody answers it.


def status(code: str, **headers: str) -> Msg:
    """An answer without a message."""
    said = {"Status": code, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Msg(_client=None, headers=said)  # type: ignore[arg-type]  # Nobody answers it.


class Server:
    """A connection on whose other end these answers wait."""

    def __init__(self, *answers: Msg | BusError) -> None:
        self._waiting = answers

    async def request(self, subject: str, data: bytes) -> Msg:
        """The first answer."""
        (answer,) = self._waiting
        assert isinstance(answer, Msg)
        return answer

    @asynccontextmanager
    async def answers(
        self, subject: str, take: Callable[[Msg], None], fail: Callable[[BusError], None]
    ) -> AsyncIterator[str]:
        """All of them at once."""
        for answer in self._waiting:
            if isinstance(answer, BusError):
                fail(answer)
            else:
                take(answer)
        yield "inbox"

    async def publish(self, subject: str, data: bytes, *, reply_to: str) -> None:
        """Asks."""


def server(*answers: Msg | BusError) -> Connection:
    """As the bus knows it."""
    return cast("Connection", Server(*answers))


async def test_the_last_message_is_there_or_not() -> None:
    last = await read_last(server(found("a.b", 7)), "EVT", "a.>")
    assert last is not None
    assert (last.subject, last.stream_seq) == ("a.b", 7)
    assert await read_last(server(status("404")), "EVT", "a.>") is None


async def test_what_is_not_understood_is_refused_with_the_servers_words() -> None:
    with pytest.raises(Refused, match="408 Bad Request"):
        await read_last(server(status("408", Description="Bad Request")), "EVT", "a.>")
    with pytest.raises(Refused, match="408"):
        await read_last_of_each(server(status("408")), "EVT", "a.>")


async def test_the_last_of_each_subject_end_with_the_batch() -> None:
    all_of_them = server(found("a.b", 7), found("a.c", 9), status("204"))
    assert [read.stream_seq for read in await read_last_of_each(all_of_them, "EVT", "a.>")] == [7, 9]
    assert await read_last_of_each(server(status("404")), "EVT", "a.>") == []


@pytest.mark.parametrize("many", [status("413", Description="Too Many Results"), None])
async def test_more_subjects_than_an_answer_may_name_are_too_many(many: Msg | None) -> None:
    """The server says so at once, or at the end of a batch that is not the last."""
    answers = [many] if many else [found("a.b", 7), status("204", Nats_Num_Pending="3")]
    with pytest.raises(TooManyError):
        await read_last_of_each(server(*answers), "EVT", "a.>")


@pytest.mark.parametrize("answer", [status("503"), Unavailable("The line is cut.")])
async def test_a_stream_without_a_leader_and_a_cut_line_pass(answer: Msg | BusError) -> None:
    with pytest.raises(Unavailable):
        await read_last_of_each(server(answer), "EVT", "a.>")
