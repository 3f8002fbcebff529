"""``Idempotency-Key``: a write that is sent twice is done once and answered the same both times.

By draft-ietf-httpapi-idempotency-key-header-07, for every write of a signed-in asker, in two hooks:
``claim`` before the handler (after the guards), ``keep`` on what is sent.

::

    claim ── new ──────────────► handler ──► keep: 2xx, 404, 409, 410, 422 stored; else the key is free again
      ├──── the same, answered ► the stored status, body and headers, ``Idempotency-Replayed: true``
      ├──── the same, at work ─► 409 idempotency_in_progress, Retry-After
      └──── another request ───► 422 idempotency_key_reused

A key belongs to the login (or API key) that uses it, for ``IDEMPOTENCY_S``. The id of a command is derived
from it, so where the write is a command to a room the decider itself makes a repetition harmless: also
after this process died between the command and its answer. Other writes derive their ids in the same way.

Answers may hold a secret, so they lie encrypted (AES-256-GCM under a key of the ring, bound to login and
key). Uploads of bytes are not stored: their protocol repeats by offset.
"""

import hashlib
import logging
import re
import secrets
from typing import Any

import asyncpg
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from litestar import Request, Response
from litestar.types import Message, Scope
from msgspec import Struct

from edge.auth import TAKES_BYTES, access_of, parts_of
from edge.contract import is_repeatable
from edge.parts import Parts
from edge.problems import Problem, malformed
from edge.queries import sql
from schemas.ids import CommandId, LoginId, derived_id
from schemas.limits import (
    IDEMPOTENCY_BODY_BYTES_MAX,
    IDEMPOTENCY_KEYS_PER_LOGIN_MAX,
    IDEMPOTENCY_LOCK_S,
    IDEMPOTENCY_S,
)

log = logging.getLogger(__name__)

KEY_HEADER = "Idempotency-Key"
KEY_PATTERN = r"^[\x21-\x7e]{1,200}$"
_KEY = re.compile(KEY_PATTERN + r"(?!\n)")
_DECIDED = frozenset({404, 409, 410, 422})
"""Refusals that are an answer. Others say nothing of the request: too often, not signed in, away."""
_HEADERS = frozenset({"content-type", "location", "etag", "cache-control", "content-language"})
_STATE = "idempotency"
_NONCE_BYTES = 12


class Kept(Struct, frozen=True, array_like=True):
    """A stored answer."""

    headers: tuple[tuple[str, str], ...]
    body: bytes


class Claim:
    """A key that this request works under, and what is being answered."""

    def __init__(self, login: LoginId, key: str, since: int) -> None:
        self.login = login
        self.key = key
        self.since = since
        self.status = 0
        self.headers: tuple[tuple[str, str], ...] = ()
        self.body = bytearray()

    @property
    def command_id(self) -> CommandId:
        """The id of what is asked under this key."""
        return CommandId(derived_id("k", self.login, self.key))


def command_id_of(request: Request[Any, Any, Any]) -> CommandId:
    """The id under which this request's write is harmless to repeat; a fresh one without a key."""
    claim = _claim_of(request.scope)
    return claim.command_id if claim else CommandId(f"k{secrets.token_hex(12)}")


def _claim_of(scope: Scope) -> Claim | None:
    state: dict[str, Any] = scope.setdefault("state", {})
    return state.get(_STATE)


# --- before the handler --------------------------------------------------------------------------
async def claim(request: Request[Any, Any, Any]) -> Response[Any] | None:
    """The stored answer of a repeated write, or None: then the handler does it. Raises Problem."""
    key = request.headers.get(KEY_HEADER)
    handler = request.route_handler
    if key is None or not is_repeatable(handler) or handler.opt.get(TAKES_BYTES):
        return None  # What begins a login sets cookies: it is never repeated from a store.
    access = access_of(request)
    if access is None:
        return None  # The handler refuses.
    if not _KEY.match(key):
        raise malformed(f"{KEY_HEADER} has 1 to 200 visible ASCII characters.")
    parts, fingerprint, now = parts_of(request), await _fingerprint(request), parts_of(request).clock()
    if await _is_ours(parts, access.login, key, fingerprint, now):
        request.scope["state"][_STATE] = Claim(access.login, key, now)
        return None
    return _repeated(parts, access.login, key, fingerprint, await _known(parts, access.login, key))


async def _is_ours(parts: Parts, login: LoginId, key: str, fingerprint: bytes, now: int) -> bool:
    locked_until, forgotten = now + IDEMPOTENCY_LOCK_S * 1000, now - IDEMPOTENCY_S * 1000
    claimed = await parts.pool.fetchval(
        sql("claim_idempotent"), login, key, fingerprint, now, locked_until, forgotten
    )
    if claimed is not None:
        await parts.pool.execute(sql("bound_idempotent"), login, IDEMPOTENCY_KEYS_PER_LOGIN_MAX)
    return claimed is not None


async def _known(parts: Parts, login: LoginId, key: str) -> asyncpg.Record | None:
    return await parts.pool.fetchrow(sql("get_idempotent"), login, key)


def _repeated(
    parts: Parts, login: LoginId, key: str, fingerprint: bytes, known: asyncpg.Record | None
) -> Response[Any]:
    if known is not None and known["fingerprint"] != fingerprint:
        raise Problem(422, "idempotency_key_reused", f"This {KEY_HEADER} was used for another request.")
    kept = _open(parts, login, key, known["answer"]) if known and known["answer"] is not None else None
    if known is None or kept is None:
        detail = "The same request is still being worked on. Please ask again in a moment."
        raise Problem(409, "idempotency_in_progress", detail, headers={"Retry-After": "2"})
    headers = {**dict(kept.headers), "idempotency-replayed": "true"}
    media_type = headers.pop("content-type", None)
    return Response(kept.body or None, status_code=known["status"], media_type=media_type, headers=headers)


async def _fingerprint(request: Request[Any, Any, Any]) -> bytes:
    """What makes two requests the same: method, address, body, and the condition under which it writes."""
    digest = hashlib.sha256()
    for part in (request.method, request.url.path, request.url.query, request.headers.get("if-match", "")):
        digest.update(part.encode() + b"\n")
    digest.update(await request.body())
    return digest.digest()


# --- what is sent --------------------------------------------------------------------------------
async def keep(parts: Parts, message: Message, scope: Scope) -> None:
    """Watches an answer go by and stores it before its last part is sent."""
    claim = _claim_of(scope)
    if claim is None:
        return
    if message["type"] == "http.response.start":
        claim.status = message["status"]
        claim.headers = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in message.get("headers", ())
            if name.decode("latin-1").lower() in _HEADERS
        )
    elif message["type"] == "http.response.body":
        claim.body += message.get("body", b"")
        if not message.get("more_body", False):
            await _finish(parts, claim)


async def _finish(parts: Parts, claim: Claim) -> None:
    """What cannot be stored leaves the key locked: after that the request is done again, under its id."""
    is_decided = 200 <= claim.status < 300 or claim.status in _DECIDED
    try:
        if is_decided and len(claim.body) <= IDEMPOTENCY_BODY_BYTES_MAX:
            answer = _seal(parts, claim)
            await parts.pool.execute(
                sql("finish_idempotent"), claim.login, claim.key, claim.status, answer, claim.since
            )
        else:
            await parts.pool.execute(sql("release_idempotent"), claim.login, claim.key, claim.since)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        log.warning("an answer is not kept under its key: %r", error)


def _seal(parts: Parts, claim: Claim) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    plain = msgspec.msgpack.encode(Kept(claim.headers, bytes(claim.body)))
    return nonce + _cipher(parts).encrypt(nonce, plain, _bound_to(claim.login, claim.key))


def _open(parts: Parts, login: LoginId, key: str, sealed: bytes) -> Kept | None:
    """The stored answer; None when the ring's secret is another one by now."""
    try:
        plain = _cipher(parts).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_to(login, key))
    except InvalidTag:
        return None
    return msgspec.msgpack.decode(plain, type=Kept)


def _cipher(parts: Parts) -> AESGCM:
    return AESGCM(parts.ring.derive("idempotency"))


def _bound_to(login: LoginId, key: str) -> bytes:
    return f"{login}\n{key}".encode()
