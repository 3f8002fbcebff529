"""Storing a message in a stream, many at a time on one connection, each with its own answer.

nats-py's ``publish_async`` hangs on every refusal (bus-facts §0.2), so the acknowledgement is read here
and becomes one of three: stored, ``Conflict``, ``Refused``; or, when none comes, ``Unavailable``.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from bus import metrics
from bus.connection import Connection
from bus.interface import BusError, Conflict, NoResponders, Refused, Unavailable
from schemas.limits import STORE_TIMEOUT_S
from schemas.subjects import MESSAGE_ID

EXPECTED_LAST: Final = "Nats-Expected-Last-Subject-Sequence"
EXPECTED_LAST_FILTER: Final = "Nats-Expected-Last-Subject-Sequence-Subject"
TTL: Final = "Nats-TTL"

_WRONG_LAST_SEQUENCE: Final = frozenset({10071, 10164})  # The second while a cluster still decides.
_FULL: Final = frozenset({10023, 10047, 10077})  # No space, by limit or by disk: though code 503, an answer.


class ApiError(Struct, frozen=True):
    """An error as JetStream answers it."""

    code: int = 500
    err_code: int = 0
    description: str = ""


class Ack(Struct, frozen=True):
    """A stream's answer: stored at ``seq``, or, with ``duplicate``, an earlier message of this id was."""

    stream: str = ""
    seq: int = 0
    duplicate: bool = False
    error: ApiError | None = None


_acks = msgspec.json.Decoder(Ack)


async def store(
    connection: Connection,
    stream: str,
    subject: str,
    data: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    expected_last: int | None = None,
    expected_filter: str = "",
    message_id: str = "",
    timeout_s: float = STORE_TIMEOUT_S,
) -> Ack:
    """Stores a message, if ``expected_last`` is given only when that is the last one of its subject, or
    of ``expected_filter``. Raises Conflict, Refused, Unavailable."""
    sent = dict(headers or {})
    if expected_last is not None:
        sent[EXPECTED_LAST] = str(expected_last)
    if expected_filter:
        sent[EXPECTED_LAST_FILTER] = expected_filter
    if message_id:
        sent[MESSAGE_ID] = message_id
    try:
        answer = await connection.request(subject, data, timeout_s=timeout_s, headers=sent)
        ack = _acks.decode(answer.data)
    except (NoResponders, Unavailable) as error:  # A stream without leader has no responder.
        metrics.UNANSWERED.labels(stream).inc()
        raise Unavailable(f"{stream} did not answer: {error}") from error
    except msgspec.DecodeError as error:
        raise Unavailable(f"{stream}: not an acknowledgement.") from error
    if ack.error is not None:
        raise _counted(stream, as_error(ack.error))
    metrics.STORED.labels(stream).inc()
    return ack


def as_error(error: ApiError) -> BusError:
    """What a JetStream error means to us."""
    text = f"{error.description} ({error.err_code})"
    if error.err_code in _WRONG_LAST_SEQUENCE:
        last = error.description.rpartition(" ")[2]
        return Conflict(text, int(last) if last.isdigit() else None)
    if error.code == 503 and error.err_code not in _FULL:
        return Unavailable(text)
    return Refused(text)


def _counted(stream: str, error: BusError) -> BusError:
    match error:
        case Conflict():
            metrics.CONFLICTS.labels(stream).inc()
        case Refused():
            metrics.REFUSALS.labels(stream).inc()
        case _:
            metrics.UNANSWERED.labels(stream).inc()
    return error
