"""Secrets that hide authors: made when first needed, kept in one bucket, destroyed with what they hide.

An anonymous answer or signal is logged under an alias, HMAC(secret, who). As long as the secret lives the
same person has the same alias, so that an answer can be changed and a repeated command is recognised, by
the next process too. The command's id, which the page and CMD know, is hidden in the same way: what the
log names as the commit's cause matches nothing outside.

Which secrets may live follows from the room's state alone (``rooms.room.secrets_of``): whoever keeps the
room destroys all others after every command and after every takeover, before the command is acknowledged.
So none outlives its poll because a process died.

What is left of an author meanwhile, honestly:

- CMD holds the command with its author until it is decided, for an hour at most (``COMMAND_AGE_S``).
- Between the first answer and the closing, whoever can read this bucket and the log could lead aliases
  back. Only the user ``rooms`` may read it (``bus.users``).
- The server deletes a secret, or a command, by forgetting where it lies; the bytes stay on the disk until
  the block is written anew. Who fears for the disk encrypts it (``jetstream: {cipher: ...}``).
- Order and time: the log tells when each answer came.

The price: a command that is repeated after the secret is gone is not recognised any more. It is answered
like a late one (``poll_not_open``), although its first attempt counted.
"""

import hashlib
import hmac
import secrets
from base64 import b32encode
from collections.abc import Collection

import msgspec
from msgspec.structs import replace

from bus.interface import Bus, BusError
from schemas.envelope import Actor, Envelope
from schemas.ids import CommandId, RoomKey
from schemas.limits import SECRET_BYTES
from schemas.subjects import SECRET, room_kv_key

_ALIAS_BYTES = 15  # 120 bits: no two people of a class ever share one.

_decoder = msgspec.json.Decoder(dict[str, bytes])


def alias_of(secret: bytes, actor: Actor) -> str:
    """What stands for this person wherever this secret hides them."""
    return _hidden(secret, f"actor/{actor.kind}.{actor.id}")


def _hidden(secret: bytes, text: str) -> str:
    digest = hmac.digest(secret, text.encode(), hashlib.sha256)
    return "a" + b32encode(digest[:_ALIAS_BYTES]).decode().lower()


class Secrets:
    """The secrets of one room: one value in the bucket, replaced only if nobody else did meanwhile."""

    def __init__(self, bus: Bus, key: RoomKey) -> None:
        self._bus = bus
        self._key = room_kv_key(key)
        self._known: dict[str, bytes] | None = None
        self._revision = 0

    async def hide(self, name: str, envelope: Envelope) -> tuple[Envelope, str]:
        """The command under an id that says nothing, and its author's alias.

        The secret of this name is made if need be. Raises BusError: then the bucket is read again next
        time.
        """
        known = await self._read()
        if name not in known:
            known = await self._write({**known, name: secrets.token_bytes(SECRET_BYTES)})
        secret = known[name]
        command = CommandId(_hidden(secret, f"command/{envelope.id}"))
        return replace(envelope, id=command), alias_of(secret, envelope.actor)

    async def keep_only(self, names: Collection[str]) -> None:
        """Destroys all secrets but these. Raises BusError."""
        known = await self._read()
        if not known.keys() <= set(names):
            await self._write({name: secret for name, secret in known.items() if name in names})

    async def _read(self) -> dict[str, bytes]:
        if self._known is None:
            entry = await self._bus.bucket(SECRET).get(self._key)
            self._known = _decoder.decode(entry.value) if entry else {}
            self._revision = entry.revision if entry else 0
        return self._known

    async def _write(self, after: dict[str, bytes]) -> dict[str, bytes]:
        bucket, value = self._bus.bucket(SECRET), msgspec.json.encode(after)
        try:
            if not after:
                await bucket.delete(self._key, self._revision)
                self._revision = 0
            elif self._revision:
                self._revision = await bucket.update(self._key, value, self._revision)
            else:
                self._revision = await bucket.create(self._key, value)
        except BusError:
            self._known = None
            raise
        self._known = after
        return after
