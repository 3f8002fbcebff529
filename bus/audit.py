"""AUDIT on NATS: what is not about a room."""

from bus.connection import Connection
from bus.publisher import store
from schemas import subjects


class NatsAudit:
    """``interface.Audit`` on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def append(self, subject: str, data: bytes, *, message_id: str) -> None:
        """Stores an audit fact, once per id."""
        await store(self._connection, subjects.AUDIT, subject, data, message_id=f"{subject}/{message_id}")
