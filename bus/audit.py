"""AUDIT on NATS: what is not about a room."""

from collections.abc import AsyncGenerator

from bus.connection import Connection
from bus.direct import read_after
from bus.interface import Noted
from bus.publisher import store
from schemas import subjects
from schemas.ids import TenantId


class NatsAudit:
    """``interface.Audit`` on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def append(self, subject: str, data: bytes, *, message_id: str) -> None:
        """Stores an audit fact, once per id."""
        await store(self._connection, subjects.AUDIT, subject, data, message_id=f"{subject}/{message_id}")

    async def read(self, tenant: TenantId, *, after_stream_seq: int = 0) -> AsyncGenerator[Noted, None]:
        """A tenant's facts in order."""
        facts = subjects.audit(tenant, "*")
        async for found in read_after(self._connection, subjects.AUDIT, facts, after_stream_seq):
            yield Noted(found.stream_seq, found.subject.rpartition(".")[2], found.data)
