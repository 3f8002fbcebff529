"""The JetStream API, raw: nats-py covers a part of it, and its configuration values lose fields."""

from typing import Any

import msgspec

from bus.connection import Connection
from bus.interface import BusError, NoResponders, Refused, Unavailable
from bus.publisher import ApiError, as_error
from schemas.limits import STORE_TIMEOUT_S

NANOSECONDS = 1_000_000_000


class NotFoundError(Refused):
    """JetStream has no such stream or durable subscription."""


async def call(
    connection: Connection, subject: str, body: Any = None, *, timeout_s: float = STORE_TIMEOUT_S
) -> dict[str, Any]:
    """One request to ``$JS.API.<subject>``. Raises NotFoundError, Refused, Unavailable."""
    data = b"" if body is None else msgspec.json.encode(body)
    try:
        answer = await connection.request(f"$JS.API.{subject}", data, timeout_s=timeout_s)
        decoded: dict[str, Any] = msgspec.json.decode(answer.data)
    except NoResponders as error:
        raise Unavailable(f"JetStream is not ready: {error}") from error
    except msgspec.DecodeError as error:
        raise Unavailable(f"{subject}: not an answer.") from error
    if "error" in decoded:
        raise _error(msgspec.convert(decoded["error"], ApiError))
    return decoded


def _error(error: ApiError) -> BusError:
    return NotFoundError(error.description) if error.code == 404 else as_error(error)
