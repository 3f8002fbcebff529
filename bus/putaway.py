"""Logs that were put away: which there are, their commits, and the rooms whose log could be next."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import islice
from pathlib import Path

from bus.archive import LOGS, log_name, logs_of, parse_log
from bus.connection import Connection
from bus.interface import Archive, Archived, Latest, Line, Purged
from bus.logfile import LogFileError, Reader, check
from bus.ordered import Begin, ordered
from schemas import subjects
from schemas.ids import RoomKey
from schemas.limits import LOG_LINES_AT_ONCE

_ATTEMPTS = 3  # An archived log may be replaced by a longer one between being found and being fetched.
_REDACTION = "redaction"


async def archives(archive: Archive, prefix: str = LOGS) -> tuple[Archived, ...]:
    """The longest archived log of each room."""
    found: dict[RoomKey, Archived] = {}
    for name in await archive.names(prefix):
        log = parse_log(name)
        if log is not None and (log.key not in found or found[log.key].last < log.last):
            found[log.key] = log
    return tuple(found.values())


async def lines(archive: Archive, key: RoomKey) -> AsyncIterator[Line]:
    """The commits of a room's archived log; none when it has none. Raises Purged when it is damaged."""
    with tempfile.TemporaryDirectory(prefix="log-") as directory:
        path = Path(directory) / "log"
        if not await fetch(archive, key, path):
            return
        try:
            await asyncio.to_thread(check, path)  # Nothing of a damaged file is believed.
        except LogFileError as error:
            raise Purged(f"The archived log of {key} cannot be used: {error}.") from error
        async for line in read(path):
            yield line


async def read(path: Path) -> AsyncIterator[Line]:
    """The commits of a log file. Raises LogFileError."""
    with await asyncio.to_thread(Reader, path) as reader:
        found = reader.lines()
        while some := await asyncio.to_thread(lambda: list(islice(found, LOG_LINES_AT_ONCE))):
            for line in some:
                yield line


async def fetch(archive: Archive, key: RoomKey, path: Path) -> bool:
    """Copies a room's archived log to a file; False when it has none."""
    for _ in range(_ATTEMPTS):
        found = await archives(archive, logs_of(key))
        if not found:
            return False
        if await archive.fetch_file(log_name(found[0]), path):
            return True
    return False


async def latest(connection: Connection) -> tuple[Latest, ...]:
    """The end of every room's log, from the last message of each of its topics."""
    ends: dict[RoomKey, Latest] = {}
    everything = ordered(connection, subjects.EVT, subjects.ALL_EVENTS, last_per_subject=True)
    async with everything as items:
        async for item in items:
            if isinstance(item, Begin):
                ends = {}
            else:
                named = subjects.parse_event(item.read.subject)
                assert named is not None, f"{item.read.subject} lies in EVT"
                key, topic = named
                known = ends.get(key, Latest(key, 0, 0, 0))
                at = int(datetime.fromisoformat(item.read.headers["ce-time"]).timestamp() * 1000)
                position = item.read.stream_seq
                redacted = position if topic == _REDACTION else 0
                ends[key] = Latest(
                    key,
                    max(known.stream_seq, position),
                    max(known.at, at),
                    max(known.redacted, redacted),
                )
            if item.pending == 0:
                return tuple(ends.values())
    raise AssertionError("an ordered subscription does not end")
