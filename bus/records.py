"""REC on NATS: RTP batches of recorded tracks."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from bus.connection import Connection
from bus.direct import read_after
from bus.ordered import Next, ordered
from bus.publisher import store
from schemas import subjects
from schemas.ids import RoomKey, TrackId


class NatsRecords:
    """``interface.Records`` on a connection of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def append(self, key: RoomKey, track: TrackId, data: bytes, *, message_id: str) -> None:
        """Stores a batch, once per id. Ids are prefixed, because a stream's ids are everybody's."""
        subject = subjects.record(key, track)
        await store(self._connection, subjects.REC, subject, data, message_id=f"{subject}/{message_id}")

    async def read(self, key: RoomKey, track: TrackId) -> AsyncIterator[bytes]:
        """The batches of a track in order."""
        async for found in read_after(self._connection, subjects.REC, subjects.record(key, track), 0):
            yield found.data

    @asynccontextmanager
    async def follow(self, key: RoomKey, track: TrackId) -> AsyncIterator[AsyncIterator[bytes]]:
        """The batches of a track from the first, and then as they come."""
        subject = subjects.record(key, track)
        async with (
            ordered(self._connection, subjects.REC, subject, last_per_subject=False) as items,
            aclosing(_bodies(items)) as batches,
        ):
            yield batches


async def _bodies(items: AsyncIterator[object]) -> AsyncGenerator[bytes, None]:
    async for item in items:
        if isinstance(item, Next):
            yield item.read.data
