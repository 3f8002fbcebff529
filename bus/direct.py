"""Reading a stream by direct get: batches, without a subscription on the server (bus-facts §5)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct
from nats.aio.msg import Msg

from bus.connection import Connection, status
from bus.interface import BusError, Refused, Unavailable
from schemas.limits import READ_BATCH_MESSAGES, STORE_TIMEOUT_S


class Read(Struct, frozen=True):
    """A stored message as read."""

    subject: str
    stream_seq: int
    data: bytes
    headers: Mapping[str, str]


async def read_after(
    connection: Connection, stream: str, subject_filter: str, after: int
) -> AsyncIterator[Read]:
    """Messages after a position, in order, up to the last one at the time of the call."""
    pending = 1
    while pending > 0:
        request = {"seq": after + 1, "batch": READ_BATCH_MESSAGES, "next_by_subj": subject_filter}
        found, pending = await _batch(connection, stream, request)
        for read in found:
            after = read.stream_seq
            yield read
        if not found:
            return


async def read_last(connection: Connection, stream: str, subject_filter: str) -> Read | None:
    """The last message of a subject or filter."""
    message = await connection.request(
        f"$JS.API.DIRECT.GET.{stream}", msgspec.json.encode({"last_by_subj": subject_filter})
    )
    match status(message):
        case "":
            return _read(message)
        case "404":
            return None
        case other:
            raise Refused(f"{stream}: {other} {_description(message)}")


class TooManyError(Refused):
    """More subjects than one answer may name; an ordered subscription has no such limit."""


async def read_last_of_each(connection: Connection, stream: str, subject_filter: str) -> list[Read]:
    """The last message of each subject of a filter, at one moment. Raises TooManyError."""
    found, pending = await _batch(connection, stream, {"multi_last": [subject_filter]})
    if pending:
        raise TooManyError(f"{stream}: {pending} more.")
    return found


async def _batch(connection: Connection, stream: str, request: dict[str, Any]) -> tuple[list[Read], int]:
    """One batch, and how many more match beyond it."""
    subject = f"$JS.API.DIRECT.GET.{stream}"
    queue: asyncio.Queue[Msg | BusError] = asyncio.Queue()  # At most a batch and its end.
    found: list[Read] = []
    async with connection.answers(subject, queue.put_nowait, queue.put_nowait) as inbox:
        await connection.publish(subject, msgspec.json.encode(request), reply_to=inbox)
        while True:
            try:
                async with asyncio.timeout(STORE_TIMEOUT_S):
                    message = await queue.get()
            except TimeoutError:
                raise Unavailable(f"{stream} does not answer.") from None
            if isinstance(message, BusError):
                raise message
            match status(message):
                case "":
                    found.append(_read(message))
                case "204":
                    return found, int((message.headers or {}).get("Nats-Num-Pending", "0"))
                case "404":
                    return found, 0
                case "413":
                    raise TooManyError(f"{stream}: {_description(message)}")
                case "503":
                    raise Unavailable(f"{stream} has no leader now.")
                case other:
                    raise Refused(f"{stream}: {other} {_description(message)}")


def _read(message: Msg) -> Read:
    headers = message.headers or {}
    return Read(headers["Nats-Subject"], int(headers["Nats-Sequence"]), message.data, headers)


def _description(message: Msg) -> str:
    return (message.headers or {}).get("Description", "")
