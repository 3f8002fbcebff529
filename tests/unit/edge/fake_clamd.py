"""A clamd that takes streams and finds the EICAR test file in them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@asynccontextmanager
async def clamd(answer: bytes | None = None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Its address and what it was given. ``answer`` is what it says instead of the truth."""
    given: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        data = b""
        while length := int.from_bytes(await reader.readexactly(4), "big"):
            data += await reader.readexactly(length)
        given.append(data)
        truth = b"stream: Eicar-Signature FOUND\0" if EICAR in data else b"stream: OK\0"
        writer.write(truth if answer is None else answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"clamd://127.0.0.1:{server.sockets[0].getsockname()[1]}", given
