"""Commands over REST: submitted under the id of the request, answered once.

The id is derived from the request's ``Idempotency-Key`` (``edge.idempotency``), so that the decider itself
makes a repetition harmless.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Request, Response
from msgspec import Struct

from bus.interface import Unavailable
from edge.actors import actor_of
from edge.idempotency import command_id_of
from edge.parts import Parts
from edge.problems import log_unavailable, rejected
from edge.tokens import Access
from edge.traces import present
from schemas.commands import Command
from schemas.envelope import Accepted, Envelope, Rejected
from schemas.ids import CommandId, RoomKey
from schemas.limits import COMMAND_DEADLINE_S
from schemas.rejections import Rejection


class Answer(Struct, frozen=True):
    """What a write answers."""

    status: int
    body: Struct


async def ask(parts: Parts, access: Access, key: RoomKey, command: Command, command_id: CommandId) -> int:
    """Submits a command and returns the seq it is on the log by. Raises Problem."""
    trace = present()
    envelope = Envelope(
        key,
        command,
        command_id,
        actor_of(access, key, parts.edge),
        parts.clock() + int(COMMAND_DEADLINE_S * 1000),
        traceparent=trace.parent if trace else "",
    )
    try:
        outcome = await parts.bus.commands.submit(envelope)
    except Unavailable as error:
        parts.hub.log_failed()
        raise log_unavailable() from error
    match outcome:
        case Accepted(seq=seq):
            parts.hub.log_answered()
            return seq
        case Rejected(code=code, message=message):
            raise rejected(Rejection(code, message))


async def once(
    request: Request[Any, Any, Any], act: Callable[[CommandId], Awaitable[Answer]]
) -> Response[Any]:
    """Runs a write under the request's id. ``act`` must itself be harmless to repeat under one id."""
    answer = await act(command_id_of(request))
    return Response(
        msgspec.json.encode(answer.body),
        status_code=answer.status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
