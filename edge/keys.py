"""The signing keys in PostgreSQL: every edge signs with the same one, and none is used for ever.

A new key is announced before it signs (``SIGNING_KEY_ANNOUNCE_S``): every edge looks often enough to have
read it by then. The old one verifies until the last token that it signed has ended. So rotation signs
nobody out, whichever edge a browser comes to. The seeds are sealed under the secret of the key file: a
backup of the database alone signs nothing.
"""

import asyncio
import logging

import asyncpg
import msgspec

from edge.clock import Clock
from edge.queries import sql
from edge.tokens import KeyRing, RemoteTokenError, SigningKey, new_key, open_sealed, seal
from schemas.limits import (
    ACCESS_TOKEN_S,
    EDGE_RETRY_S,
    SIGNING_KEY_ANNOUNCE_S,
    SIGNING_KEY_S,
    SIGNING_KEYS_LOOK_S,
)

log = logging.getLogger(__name__)

_SKEW_S = 60  # Edges' clocks differ by less (edge.tokens allows the same).


class Keys:
    """The ring as it stands; ``root`` is what the key file holds."""

    def __init__(self, root: KeyRing, pool: asyncpg.Pool, clock: Clock) -> None:
        self._root = root
        self._pool = pool
        self._clock = clock
        self.ring = root

    async def look(self) -> None:
        """Reads the keys, and makes the next one when it is time. Raises what the pool raises."""
        now = self._clock()
        found = await self._read(now)
        if _is_due(found, now):
            await self._announce(now, is_forced=False)
            found = await self._read(now)
        signing = [key for key, signs_from in found if signs_from <= now]
        waiting = [key for key, signs_from in found if signs_from > now]
        assert signing or waiting, "the statement before has made one"
        self.ring = msgspec.structs.replace(self._root, keys=(*signing, *waiting))

    async def rotate(self) -> str:
        """Announces a fresh key now and returns its name; the one that is announced already, if any."""
        kid = await self._announce(self._clock(), is_forced=True)
        await self.look()
        return kid

    async def run(self) -> None:
        """Looks for ever."""
        while True:
            await asyncio.sleep(SIGNING_KEYS_LOOK_S)
            try:
                await self.look()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                log.warning("not hearing of new signing keys: %r", error)
                await asyncio.sleep(EDGE_RETRY_S)

    async def _read(self, now: int) -> list[tuple[SigningKey, int]]:
        """The keys that verify, the latest first, each with the time from which it signs."""
        return self._opened(await self._pool.fetch(sql("signing_keys"), now))

    def _opened(self, rows: list[asyncpg.Record]) -> list[tuple[SigningKey, int]]:
        found = []
        for row in rows:
            try:
                seed = open_sealed(self._root, f"signing-key/{row['kid']}", row["seed"]).decode()
            except RemoteTokenError:
                log.warning("signing key %s was sealed under another key file", row["kid"])
                continue
            found.append((SigningKey(row["kid"], seed, row["created_at"]), row["signs_from"]))
        return found

    async def _announce(self, now: int, *, is_forced: bool) -> str:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(sql("lock_signing_keys"))
            found = self._opened(await connection.fetch(sql("signing_keys"), now))
            if found and (found[0][1] > now or not (is_forced or _is_due(found, now))):
                return found[0][0].kid  # Another edge was first.
            # The first one of all is that of the file, which may have signed tokens already.
            key = new_key(now) if found else self._root.keys[0]
            signs_from = now + SIGNING_KEY_ANNOUNCE_S * 1000 if found else min(now, key.created_at)
            if not found and not await connection.fetchval(sql("is_no_signing_key"), key.kid):
                key, signs_from = new_key(now), now  # The file was replaced: nothing of before is honoured.
            sealed = seal(self._root, f"signing-key/{key.kid}", key.seed.encode())
            await connection.execute(sql("add_signing_key"), key.kid, sealed, key.created_at, signs_from)
            ends_at = signs_from + int(SIGNING_KEYS_LOOK_S + ACCESS_TOKEN_S + _SKEW_S) * 1000
            await connection.execute(sql("end_signing_keys"), key.kid, ends_at)
            return key.kid


def _is_due(found: list[tuple[SigningKey, int]], now: int) -> bool:
    return not found or found[0][1] <= now - SIGNING_KEY_S * 1000
