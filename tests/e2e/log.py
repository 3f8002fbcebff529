"""Reads a room's log from the stream itself, as the operators' user, without our code."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import nats
from nats.js import JetStreamContext

from tests.e2e.running import Running

Json = dict[str, Any]


class LogReader:
    """Reads on where it stopped."""

    def __init__(self, stream: JetStreamContext, room: str) -> None:
        self._stream = stream
        self._room = room
        self._next = 1
        self.tenants: dict[str, set[str]] = {}
        self._logs: dict[str, list[Json]] = {}

    async def read(self, room: str = "") -> list[Json]:
        """Every commit of this room, or of another, so far as JSON, in stream order."""
        state = (await self._stream.stream_info("EVT")).state
        for seq in range(max(self._next, state.first_seq), state.last_seq + 1):
            message = await self._stream.get_msg("EVT", seq)
            _, tenant, name, *_ = (message.subject or "").split(".")
            self.tenants.setdefault(tenant, set()).add(name)
            self._logs.setdefault(name, []).append(json.loads(message.data or b""))
        self._next = state.last_seq + 1
        return list(self._logs.get(room or self._room, ()))

    async def read_tenant(self, tenant: str) -> list[Json]:
        """Every commit of a tenant's rooms so far."""
        await self.read()
        return [commit for room in sorted(self.tenants.get(tenant, ())) for commit in self._logs[room]]

    @property
    def last(self) -> int:
        """Where in the stream it stopped."""
        return self._next - 1

    async def owner(self, lease: str) -> str:
        """The process that holds this lease."""
        message = await self._stream.get_last_msg("KV_lease", f"$KV.lease.{lease}")
        return (message.data or b"").decode()


@asynccontextmanager
async def log_reader(classwire: Running, room: str) -> AsyncIterator[LogReader]:
    """The room's log, as operators may read it."""
    connection = await nats.connect(
        classwire.stack["nats_url"],
        user="ops",
        password=classwire.stack["users"]["ops"],
        inbox_prefix=b"_INBOX.ops.test",
    )
    try:
        yield LogReader(connection.jetstream(), room)
    finally:
        await connection.close()


async def read_log(classwire: Running, room: str) -> list[Json]:
    """Every commit of a room as JSON, in stream order."""
    async with log_reader(classwire, room) as log:
        return await log.read()
