"""The archiver: moves the log of a room at rest from NATS into the object store.

::

    write    the whole log, archived part first, without what was redacted, to a local file
    put      the file to ``archive/<tenant>/<room>/<first>-<last>.jsonl.gz``
    verify   fetched back, whole, and the same
    purge    the room's messages in EVT, but the last one that is in the file and all after it
    forget   the room's shorter archived logs

Each step may be repeated, and a death between two of them leaves a log that reads the same: until
``purge`` all of it is in the stream, and what is purged was verified before. A log is moved when it has
been at rest for the retention time and its snapshot stands at its end. After a redaction it is moved, up to
there, as soon as the room rests: what was taken out is then in nobody's log any more.
"""

import asyncio
import filecmp
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Raw, Struct

from artifacts import metrics
from artifacts.errors import StepError
from bus.archive import log_name, logs_of, parse_log
from bus.interface import Archived, Bus, BusError, Job, Latest, Line
from bus.logfile import End, LogFileError, Writer, check
from bus.putaway import read
from rooms.erasure import Erasure
from rooms.follower import saved
from schemas.commands.deadlines import DeadlinePassed
from schemas.envelope import Actor, Envelope, decode_commit, encode_commit
from schemas.ids import CommandId, RoomKey, derived_id
from schemas.limits import (
    COMMAND_DEADLINE_S,
    JOB_BACKOFF_S,
    LOG_LINES_AT_ONCE,
    LOG_REDACTION_SETTLE_S,
    LOG_SWEEP_S,
)

KIND = "archive"

_ACTOR = Actor("service", "artifacts")
_log = logging.getLogger("artifacts")

Clock = Callable[[], float]
"""Unix seconds."""


class ArchiveJob(Struct, frozen=True):
    """Body of an ``archive`` job: the room's log up to this stream position at least."""

    through: int


class NotAtRestError(StepError):
    """The room's snapshot does not stand where its log shall end; ``rooms`` was asked to write it."""


class DamagedError(StepError):
    """What came back from the object store is not what was put there."""


async def archive_rooms(
    bus: Bus, retention_s: int, scratch: Path | None = None, clock: Clock = time.time
) -> None:
    """Moves logs, and looks from time to time which ones, until cancelled. ``retention_s`` 0: only those
    that were redacted."""

    async def handle(job: Job) -> None:
        await put_away(bus, job.key, msgspec.json.decode(job.data, type=ArchiveJob).through, scratch)

    async with asyncio.TaskGroup() as group:
        group.create_task(bus.jobs.work(KIND, handle))
        while True:
            try:
                await sweep(bus, retention_s, clock)
            except BusError as error:
                _log.warning("logs to be put away cannot be looked for: %s", error)
                await asyncio.sleep(JOB_BACKOFF_S[-2])
            else:
                await asyncio.sleep(LOG_SWEEP_S)


async def sweep(bus: Bus, retention_s: int, clock: Clock = time.time) -> None:
    """Puts a job for every room whose log is to be moved; the same job for the same log. Raises BusError."""
    if not bus.archive.is_there:
        return
    archived = {found.key: found.last for found in await bus.log.archives()}
    now_ms = int(clock() * 1000)
    for room in await bus.log.latest():
        through = due(room, archived.get(room.key, 0), retention_s, now_ms)
        if through:
            body = msgspec.json.encode(ArchiveJob(through))
            await bus.jobs.put(KIND, room.key, body, job_id=f"{through}")


def due(room: Latest, archived: int, retention_s: int, now_ms: int) -> int:
    """Up to which stream position a room's log is to be moved now; 0: it is not."""
    rest_s = (now_ms - room.at) / 1000
    if retention_s and rest_s >= retention_s and archived < room.stream_seq:
        return room.stream_seq
    settled = rest_s >= LOG_REDACTION_SETTLE_S
    return room.redacted if settled and archived < room.redacted else 0


async def put_away(bus: Bus, key: RoomKey, through: int, scratch: Path | None = None) -> None:
    """Moves a room's log, up to ``through`` or further. Raises StepError, BusError: try again later."""
    await _require_snapshot(bus, key, through)
    with tempfile.TemporaryDirectory(prefix="archive-", dir=scratch) as directory:
        path = Path(directory) / "log"
        end = await _write_file(bus, key, path)
        archived = Archived(key, end.first, end.last)
        await bus.archive.put_file(log_name(archived), path)
        await _verify(bus, archived, path, Path(directory) / "back")
    # What follows stays: with the snapshot nobody needs the archive to load the room.
    await bus.log.purge(key, before_stream_seq=min(end.last, through))
    await _forget_shorter(bus, archived)
    metrics.LOGS.inc()
    _log.info("the log of %s is archived: %d commits up to %d", key, end.commits, end.last)


async def _write_file(bus: Bus, key: RoomKey, path: Path) -> End:
    """Writes a room's whole log, without what was redacted. Raises BusError."""
    erasure = Erasure()
    whole = path.with_suffix(".whole")  # A tombstone stands behind what it names: read twice.
    with await asyncio.to_thread(Writer, whole, key) as writer:
        some: list[Line] = []
        async for line in bus.log.lines(key):
            erasure.note(decode_commit(line.commit))
            some.append(line)
            if len(some) == LOG_LINES_AT_ONCE:
                await asyncio.to_thread(writer.write_all, some)
                some = []
        await asyncio.to_thread(writer.write_all, some)
        await asyncio.to_thread(writer.finish)
    return await _erase(whole, path, key, erasure)


async def _erase(whole: Path, path: Path, key: RoomKey, erasure: Erasure) -> End:
    with await asyncio.to_thread(Writer, path, key) as writer:
        async for line in read(whole):
            writer.write(_erased(line, erasure))
        return await asyncio.to_thread(writer.finish)


def _erased(line: Line, erasure: Erasure) -> Line:
    """The line without what was redacted; its very bytes where nothing was."""
    commit = decode_commit(line.commit)
    left = erasure.erased(commit)
    return line if left is commit else Line(line.stream_seq, line.topic, Raw(encode_commit(left)))


async def _require_snapshot(bus: Bus, key: RoomKey, through: int) -> None:
    """Raises NotAtRestError when the room's snapshot is older than what is to be purged.

    ``rooms`` writes it half a minute after it last had to do with the room: it is given something to do."""
    position = await saved(bus, key)
    if position is not None and position.stream_seq >= through:
        return
    command = CommandId(derived_id("c", str(key), "archive", str(through), str(time.time_ns())))
    deadline = int((time.time() + COMMAND_DEADLINE_S) * 1000)
    await bus.commands.submit(Envelope(key, DeadlinePassed(0), command, _ACTOR, deadline))
    raise NotAtRestError(f"The snapshot of {key} is older than its log.")


async def _verify(bus: Bus, archived: Archived, sent: Path, back: Path) -> None:
    """Raises DamagedError unless the stored object is the file that was sent, and a whole log."""
    if not await bus.archive.fetch_file(log_name(archived), back):
        raise DamagedError(f"{log_name(archived)} is not there.")
    if not await asyncio.to_thread(filecmp.cmp, sent, back, shallow=False):
        raise DamagedError(f"{log_name(archived)} came back changed.")
    try:
        end = await asyncio.to_thread(check, back)
    except LogFileError as error:
        raise DamagedError(f"{log_name(archived)}: {error}") from error
    assert end.last == archived.last, "the name says what is inside"


async def _forget_shorter(bus: Bus, archived: Archived) -> None:
    for name in await bus.archive.names(logs_of(archived.key)):
        found = parse_log(name)
        if found is not None and found.last < archived.last:
            await bus.archive.remove(name)
