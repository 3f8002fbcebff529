"""``classwire room export|import``: a room's whole log as one file, and played again into an empty room.

The file has every commit byte for byte, whatever was archived (``bus.logfile``). Played again, ids, seqs,
times and authors stay as they were: the events name participants by ids that were derived from the first
room's address, so that in a room of another address people who come back are new participants. Recordings
and files stay where the first room put them.
"""

import asyncio
import json
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path

import msgspec

from bus import nats
from bus.interface import Bus, BusError, Conflict, Line, Purged, Refused, Unavailable
from bus.logfile import End, LogFileError, Writer, check
from bus.putaway import read
from deploy.ground import GroundError
from schemas.commands.deadlines import DeadlinePassed
from schemas.envelope import Actor, Envelope, RemoteFormatError
from schemas.ids import CommandId, RoomKey
from schemas.limits import LOG_LINES_AT_ONCE
from schemas.settings import Settings

_STEP = 1_000  # Commits between two lines of progress.
_WAKE_S = 2.0  # A rooms process that runs answers in milliseconds; without one nothing is lost.


def parse_key(text: str) -> RoomKey:
    """A room's address ``<tenant>/<room>``. Raises GroundError."""
    tenant, slash, room = text.partition("/")
    try:
        if not slash:
            raise msgspec.ValidationError
        return msgspec.convert({"tenant": tenant, "room": room}, RoomKey)
    except msgspec.ValidationError:
        raise GroundError(f"A room is named <tenant>/<room>, not {text!r}.") from None


async def export_room(settings: Settings, key: RoomKey, path: Path) -> int:
    """Writes a room's log to a file, which is there when it is whole. Raises GroundError."""
    async with nats.connect(settings, "rooms") as bus:
        end = await export_log(bus, key, path)
    print(f"{key}: {end.commits} commits with {end.events} events are in {path}.")
    return 0


async def export_log(bus: Bus, key: RoomKey, path: Path) -> End:
    """The same on a bus. Raises GroundError."""
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as directory:
            whole = Path(directory) / "log"
            end = await _write(bus, key, whole)
            if not end.commits:
                raise GroundError(f"There is no room {key}.")
            await asyncio.to_thread(whole.replace, path)
            return end
    except Purged as error:
        raise GroundError(f"{key} cannot be exported: {error} Is CLASSWIRE_S3_ENDPOINT set?") from error
    except (BusError, OSError) as error:
        raise GroundError(f"{key} cannot be exported: {error}") from error


async def _write(bus: Bus, key: RoomKey, path: Path) -> End:
    done = 0
    with Writer(path, key) as writer:
        async with aclosing(_some(bus.log.lines(key))) as parts:
            async for part in parts:
                await asyncio.to_thread(writer.write_all, part)
                if done // _STEP != (done + len(part)) // _STEP:
                    _say(f"{done + len(part)} commits read")
                done += len(part)
        return await asyncio.to_thread(writer.finish)


async def _some(lines: AsyncIterator[Line]) -> AsyncGenerator[list[Line], None]:
    part: list[Line] = []
    async for line in lines:
        part.append(line)
        if len(part) == LOG_LINES_AT_ONCE:
            yield part
            part = []
    yield part


async def import_room(settings: Settings, path: Path, key: RoomKey) -> int:
    """Plays a file into an empty room, or goes on where an import of it broke off. Raises GroundError."""
    async with nats.connect(settings, "rooms") as bus:
        end = await import_log(bus, path, key)
        print(f"{key}: {end.commits} commits with {end.events} events are on the log.")
        if not await _wake(bus, key):
            print("No rooms process looked at it yet; one will when somebody comes.")
    return 0


async def import_log(bus: Bus, path: Path, key: RoomKey) -> End:
    """The same on a bus, with nobody told. Raises GroundError."""
    try:
        end = await asyncio.to_thread(check, path)
        return await _play(bus, path, key, end)
    except LogFileError as error:
        raise GroundError(f"{path} is not imported: {error}.") from error
    except RemoteFormatError as error:
        raise GroundError(f"{path} is not imported: this build does not understand {error}.") from error
    except Conflict as error:
        raise GroundError(f"{key} is in use: somebody else wrote to it. Nothing was overwritten.") from error
    except Unavailable as error:
        raise GroundError(
            f"The log does not answer: {error} Run the same command again: it goes on where it broke off."
        ) from error
    except (Refused, OSError) as error:
        raise GroundError(f"{path} cannot be imported: {error}") from error


async def _play(bus: Bus, path: Path, key: RoomKey, end: End) -> End:
    """Each commit behind the one before; those of an import that broke off are recognised."""
    last = done = 0
    async with aclosing(_present(bus, key)) as present:
        async for line in read(path):
            there = await anext(present, None)
            if there is None:
                last = await bus.log.append_line(key, line, expected_stream_seq=last)
            elif _is_same(there, line):
                last = there.stream_seq
            else:
                raise GroundError(f"{key} is not empty: its log is another one. Nothing was changed.")
            done += 1
            if done % _STEP == 0:
                _say(f"{done} of {end.commits} commits")
        if await anext(present, None) is not None:
            raise GroundError(
                f"{key} is not empty: it has this log already, and went on. Nothing was changed."
            )
    return end


async def _present(bus: Bus, key: RoomKey) -> AsyncGenerator[Line, None]:
    """What the room has before anything is appended."""
    async for line in bus.log.lines(key):
        yield line


def _is_same(one: Line, other: Line) -> bool:
    if one.topic != other.topic:
        return False
    return bytes(one.commit) == bytes(other.commit) or json.loads(one.commit) == json.loads(other.commit)


async def _wake(bus: Bus, key: RoomKey) -> bool:
    """Has ``rooms`` look at the room: what is due in it, and its snapshot. Whether somebody did."""
    deadline = int((time.time() + _WAKE_S) * 1000)
    actor, command = Actor("service", "import"), CommandId(secrets.token_hex(8))
    try:
        await bus.commands.submit(Envelope(key, DeadlinePassed(0), command, actor, deadline))
    except BusError:
        return False
    return True


def _say(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)
