"""Reads a room's log from the stream itself, as the operators' user, without our code."""

import json
from typing import Any

import nats

from tests.e2e.running import Running

Json = dict[str, Any]


async def read_log(classwire: Running, room: str) -> list[Json]:
    """Every commit of a room as JSON, in stream order."""
    connection = await nats.connect(
        classwire.stack["nats_url"],
        user="ops",
        password=classwire.stack["users"]["ops"],
        inbox_prefix=b"_INBOX.ops.test",
    )
    try:
        stream = connection.jetstream()
        info = await stream.stream_info("EVT")
        messages = [
            await stream.get_msg("EVT", seq) for seq in range(info.state.first_seq, info.state.last_seq + 1)
        ]
    finally:
        await connection.close()
    return [
        json.loads(message.data or b"")
        for message in messages
        if (message.subject or "").split(".")[2] == room
    ]
