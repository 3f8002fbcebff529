"""Commands over REST: submitted under the idempotency key, answered once.

The key of a request (``Idempotency-Key``) becomes the command's id, so that the decider itself makes a
repetition harmless. Beside it the answer is stored with a fingerprint of the request: a repetition gets
the same answer again, and the same key under another request is refused.
"""

import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Request, Response
from msgspec import Struct

from bus.interface import Unavailable
from edge.actors import actor_of
from edge.auth import parts_of
from edge.parts import Parts
from edge.problems import Problem, log_unavailable, malformed, rejected
from edge.queries import sql
from edge.tokens import Access
from schemas.commands import Command
from schemas.envelope import Accepted, Envelope, Rejected
from schemas.ids import CommandId, RoomKey, derived_id
from schemas.limits import COMMAND_DEADLINE_S
from schemas.rejections import Rejection

_KEY_HEADER = "Idempotency-Key"
_KEY = re.compile(r"^[\x21-\x7e]{1,200}$")


class Answer(Struct, frozen=True):
    """What a write answers."""

    status: int
    body: Struct


async def ask(parts: Parts, access: Access, key: RoomKey, command: Command, command_id: CommandId) -> int:
    """Submits a command and returns the seq it is on the log by. Raises Problem."""
    envelope = Envelope(
        key,
        command,
        command_id,
        actor_of(access, key, parts.edge),
        parts.clock() + int(COMMAND_DEADLINE_S * 1000),
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
    request: Request[Any, Any, Any],
    access: Access,
    act: Callable[[CommandId], Awaitable[Answer]],
    *,
    keep_body: bool = True,
) -> Response[Any]:
    """Runs a write under the request's key. ``act`` must itself be harmless to repeat under one id.

    With ``keep_body`` false the answer holds a secret: it is not stored but made again.
    """
    parts, key = parts_of(request), request.headers.get(_KEY_HEADER)
    if key is None:
        return _respond(await act(CommandId(f"k{secrets.token_hex(12)}")))
    if not _KEY.match(key):
        raise malformed(f"{_KEY_HEADER} has 1 to 200 visible ASCII characters.")
    person, fingerprint = access.person.id, await _fingerprint(request)
    await parts.pool.execute(sql("begin_idempotent"), person, key, fingerprint, parts.clock())
    known = await parts.pool.fetchrow(sql("get_idempotent"), person, key)
    if known is None or known["fingerprint"] != fingerprint:
        raise Problem(409, "idempotency_key_reused", "This Idempotency-Key was used for another request.")
    if known["body"] is not None:
        headers = {"Idempotency-Replayed": "true", **_NO_STORE}
        return Response(known["body"], status_code=known["status"], media_type=_JSON, headers=headers)
    answer = await act(CommandId(derived_id("k", person, key)))
    body = msgspec.json.encode(answer.body) if keep_body else None
    await parts.pool.execute(sql("finish_idempotent"), person, key, answer.status, body)
    return _respond(answer)


_JSON = "application/json"
_NO_STORE = {"Cache-Control": "no-store"}


def _respond(answer: Answer) -> Response[Any]:
    return Response(
        msgspec.json.encode(answer.body), status_code=answer.status, media_type=_JSON, headers=_NO_STORE
    )


async def _fingerprint(request: Request[Any, Any, Any]) -> bytes:
    digest = hashlib.sha256(f"{request.method} {request.scope['path']}\n".encode())
    digest.update(await request.body())
    return digest.digest()
