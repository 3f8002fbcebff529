"""Which logins ended while an access token of theirs may still look valid.

PostgreSQL tells every edge at once (NOTIFY), so that a person who was signed out is out within a
second on every process: sockets are closed, and requests are refused although the token's time has
not come.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable

import asyncpg

from edge.clock import Clock
from edge.logins import REVOKED_CHANNEL
from edge.queries import sql
from schemas.ids import LoginId
from schemas.limits import ACCESS_TOKEN_S, EDGE_RETRY_S, LOGINS_ENDED_MAX

log = logging.getLogger(__name__)


class Revocations:
    """Knows the logins that ended within the last ``ACCESS_TOKEN_S``."""

    def __init__(self, clock: Clock, ended: Callable[[LoginId], None]) -> None:
        self._clock = clock
        self._ended = ended
        self._logins: OrderedDict[LoginId, None] = OrderedDict()
        self.is_listening = False

    def __contains__(self, login: LoginId) -> bool:
        return login in self._logins

    def add(self, login: LoginId) -> None:
        """A login ended."""
        if login in self._logins:
            return
        self._logins[login] = None
        if len(self._logins) > LOGINS_ENDED_MAX:
            self._logins.popitem(last=False)
        self._ended(login)

    async def run(self, dsn: str) -> None:
        """Listens for ever. What ended while nobody listened is read after each connect."""
        while True:
            try:
                await self._listen(dsn)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                log.warning("not hearing of ended logins: %r", error)
            await asyncio.sleep(EDGE_RETRY_S)

    async def _listen(self, dsn: str) -> None:
        lost = asyncio.Event()
        connection = await asyncpg.connect(dsn, timeout=10.0, command_timeout=10.0)
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(
                REVOKED_CHANNEL, lambda _connection, _pid, _channel, payload: self.add(LoginId(payload))
            )
            since = self._clock() - ACCESS_TOKEN_S * 1000
            for row in await connection.fetch(sql("revoked_since"), since, LOGINS_ENDED_MAX):
                self.add(LoginId(row["id"]))
            self.is_listening = True
            await lost.wait()
        finally:
            self.is_listening = False
            connection.terminate()
