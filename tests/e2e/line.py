"""A line between one browser and the server that can be cut, as in a tunnel: TCP only, media goes on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

CHUNK = 65_536


class Line:
    """Forwards connections to a port while it is up."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._up = True
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    def cut(self) -> int:
        """Resets every connection and takes no new one until ``mend``; returns how many there were."""
        self._up = False
        for writer in list(self._open):
            writer.transport.abort()
        return len(self._open) // 2

    def mend(self) -> None:
        """Connections get through again."""
        self._up = True

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the browser."""
        if not self._up:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._open |= {writer, far_writer}
        there = asyncio.ensure_future(self._pump(reader, far_writer))
        back = asyncio.ensure_future(self._pump(far_reader, writer))
        self._tasks |= {there, back}
        await asyncio.wait((there, back))
        self._open -= {writer, far_writer}
        self._tasks -= {there, back}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()


@contextlib.asynccontextmanager
async def line(target: int) -> AsyncIterator[Line]:
    """A line to a port on this machine."""
    made = Line(target)
    server = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.cut()
