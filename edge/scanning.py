"""The virus scanner that looks at uploads: clamd, or a command; none where none is set up.

``CLASSWIRE_SCAN`` is ``clamd://host:port``, ``unix:/path/of/clamd.sock``, or a command that is given the
file's path as its last argument and ends with 0 (clean) or 1 (something was found), as clamdscan does.
Whatever does not answer plainly has failed, and what was not scanned is not taken.
"""

import asyncio
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from schemas.limits import SCAN_S, STORE_CHUNK_BYTES
from schemas.settings import SettingsError

Scanner = Callable[[Path], Awaitable[str | None]]
"""Says what was found in a file, or None. Raises ScanError."""

_ANSWER_BYTES_MAX = 4_096


class ScanError(Exception):
    """The scanner did not answer, or not in a way that is understood."""


def scanner(setting: str) -> Scanner | None:
    """The scanner that a setting names; None: none. Raises SettingsError."""
    if not setting:
        return None
    address = urlsplit(setting)
    if address.scheme == "clamd" and address.hostname and address.port:
        return _guarded(_clamd(_tcp(address.hostname, address.port)))
    if address.scheme == "unix" and address.path:
        return _guarded(_clamd(_unix(address.path)))
    command = shlex.split(setting)
    if ":/" in command[0]:
        raise SettingsError("CLASSWIRE_SCAN must be clamd://host:port, unix:/path or a command.")
    return _guarded(_command(command))


def _guarded(scan: Scanner) -> Scanner:
    async def within_time(path: Path) -> str | None:
        try:
            async with asyncio.timeout(SCAN_S):
                return await scan(path)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise ScanError(repr(error)) from error

    return within_time


# --- clamd ---------------------------------------------------------------------------------------
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def _tcp(host: str, port: int) -> Callable[[], Awaitable[Streams]]:
    return lambda: asyncio.open_connection(host, port, limit=_ANSWER_BYTES_MAX)


def _unix(path: str) -> Callable[[], Awaitable[Streams]]:
    return lambda: asyncio.open_unix_connection(path, limit=_ANSWER_BYTES_MAX)


def _clamd(connect: Callable[[], Awaitable[Streams]]) -> Scanner:
    async def scan(path: Path) -> str | None:
        async with _line(connect) as (reader, writer):
            # INSTREAM of clamd(8): chunks with their length in network order, a length of 0 at the end.
            writer.write(b"zINSTREAM\0")
            with await asyncio.to_thread(path.open, "rb") as file:
                while chunk := await asyncio.to_thread(file.read, STORE_CHUNK_BYTES):
                    writer.write(len(chunk).to_bytes(4, "big") + chunk)
                    await writer.drain()
            writer.write(bytes(4))
            await writer.drain()
            answer = (await reader.readuntil(b"\0"))[:-1].decode(errors="replace").strip()
        if answer == "stream: OK":
            return None
        if answer.endswith(" FOUND"):
            return answer.removeprefix("stream: ").removesuffix(" FOUND")
        raise ScanError(answer)

    return scan


@asynccontextmanager
async def _line(connect: Callable[[], Awaitable[Streams]]) -> AsyncIterator[Streams]:
    reader, writer = await connect()
    try:
        yield reader, writer
    finally:
        writer.close()


# --- a command -----------------------------------------------------------------------------------
def _command(command: list[str]) -> Scanner:
    async def scan(path: Path) -> str | None:
        process = await asyncio.create_subprocess_exec(
            *command,
            str(path),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            ended = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
        if ended not in {0, 1}:
            raise ScanError(f"{command[0]} ended with {ended}")
        return "something" if ended else None

    return scan
