"""A track's batches on local disk: copied from the bus once, then read as often as needed.

A recording may be longer than memory; and of two passes over it, the second must see what the first saw.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from bus.interface import Records
from schemas.artifacts import RtpBatch
from schemas.ids import RecordingId, RoomKey, TrackId
from schemas.limits import CAPTURE_END_WAIT_S

_decoder = msgspec.msgpack.Decoder(RtpBatch)


class Spooled(Struct, frozen=True):
    """A track's batches in a file. ``batches_lost`` counts holes in their index; ``is_ended`` says that
    the tap said so itself."""

    path: Path
    batches: int
    batches_lost: int
    is_ended: bool


async def spool(
    records: Records, key: RoomKey, track: TrackId, recording: RecordingId, path: Path
) -> Spooled:
    """Copies a track's batches of one recording, up to its last one, or until nothing more comes."""
    copy = _Copy(recording)
    with path.open("wb") as file:
        async with records.follow(key, track) as batches:
            while not copy.is_ended and (body := await _next(batches)) is not None:
                copy.take(file, body)
    return Spooled(path, copy.count, copy.lost, copy.is_ended)


def read(path: Path) -> Iterator[RtpBatch]:
    """The batches of a spooled track, in order."""
    with path.open("rb") as file:
        while size := file.read(4):
            yield _decoder.decode(file.read(int.from_bytes(size, "big")))


class _Copy:
    """Leaves out what is another recording's, malformed, or there already."""

    def __init__(self, recording: RecordingId) -> None:
        self.count = 0
        self.lost = 0
        self.is_ended = False
        self._recording = recording
        self._next = 0

    def take(self, file: BinaryIO, body: bytes) -> None:
        try:
            batch = _decoder.decode(body)
        except msgspec.DecodeError:
            self.lost += 1
            return
        if batch.recording != self._recording or batch.index < self._next:
            return
        self.lost += batch.index - self._next
        self._next = batch.index + 1
        self.count += 1
        self.is_ended = batch.end
        file.write(len(body).to_bytes(4, "big") + body)


async def _next(batches: AsyncIterator[bytes]) -> bytes | None:
    try:
        async with asyncio.timeout(CAPTURE_END_WAIT_S):
            return await anext(batches)
    except TimeoutError:
        return None
