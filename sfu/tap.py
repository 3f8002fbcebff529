"""The recording tap: what flows while a recording runs goes to the bus, in batches.

Each tapped track has one queue and one writer, so its batches lie on the bus in order. The queue is
bounded: when the bus is away for longer than it holds, the newest batch is dropped, counted and
logged, and its index is missing on the bus, where the artifact worker sees the hole. A batch whose
fate is unknown is sent again under the same message id, which the bus stores once.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

import msgspec
from msgspec import Struct

from bus.interface import Records, Refused, Unavailable
from schemas.artifacts import RtpBatch, TapPacket, TapReport
from schemas.ids import RecordingId, RoomKey, TrackId
from schemas.limits import REC_BATCH_BYTES, REC_BATCH_S, RETRY_WAIT_S, TAP_BATCHES_QUEUED_MAX
from sfu import metrics
from sfu.interface import Tapped

log = logging.getLogger(__name__)
_msgpack = msgspec.msgpack.Encoder()


class _Batch(Struct, frozen=True):
    message_id: str
    data: bytes


class TrackTap:
    """One track of one recording, from the first packet to ``end``."""

    def __init__(self, key: RoomKey, recording: RecordingId, track: TrackId, records: Records) -> None:
        self._key = key
        self._recording = recording
        self._track = track
        self._records = records
        self._packets: list[TapPacket] = []
        self._reports: list[TapReport] = []
        self._bytes = 0
        self._switch = 0
        self._index = 0
        self._queue: deque[_Batch] = deque()
        self._wake = asyncio.Event()
        self._ended = False
        self._is_losing = False

    def add(self, tapped: Tapped) -> None:
        """Takes packets; a full batch goes to the queue."""
        if self._ended:
            return
        if tapped.switch != self._switch:
            self._flush()
            self._switch = tapped.switch
        self._reports += tapped.reports
        for packet in tapped.packets:
            self._packets.append(packet)
            self._bytes += len(packet.packet)
            if self._bytes >= REC_BATCH_BYTES:
                self._flush()

    def end(self) -> None:
        """The track closed or the recording stopped: the last batch says so, then the writer ends."""
        if not self._ended:
            self._flush(end=True)
            self._ended = True
            self._wake.set()

    async def run(self) -> None:
        """Writes until the last batch is stored."""
        while True:
            while self._queue:
                await self._write(self._queue.popleft())
            if self._ended:
                return
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), REC_BATCH_S)
            except TimeoutError:
                self._flush()

    def _flush(self, *, end: bool = False) -> None:
        if not (self._packets or self._reports or end):
            return
        batch = RtpBatch(
            recording=self._recording,
            track=self._track,
            index=self._index,
            switch=self._switch,
            packets=tuple(self._packets),
            reports=tuple(self._reports),
            end=end,
        )
        self._index += 1
        self._packets, self._reports, self._bytes = [], [], 0
        if len(self._queue) >= TAP_BATCHES_QUEUED_MAX and not end:
            self._lost("the bus does not keep up")
            return
        message_id = f"{self._recording}/{self._track}/{batch.index}"
        self._queue.append(_Batch(message_id, _msgpack.encode(batch)))
        self._wake.set()

    async def _write(self, batch: _Batch) -> None:
        while True:
            try:
                await self._records.append(self._key, self._track, batch.data, message_id=batch.message_id)
            except Unavailable:
                await asyncio.sleep(RETRY_WAIT_S)
            except Refused as error:
                self._lost(str(error))
                return
            else:
                metrics.TAP_BATCHES.inc()
                metrics.TAP_BYTES.inc(len(batch.data))
                self._is_losing = False
                return

    def _lost(self, why: str) -> None:
        metrics.TAP_LOST.inc()
        if not self._is_losing:
            log.error("recording %s loses packets of track %s: %s", self._recording, self._track, why)
        self._is_losing = True


class RoomTap:
    """The recording of one room: a ``TrackTap`` per track that sent something.

    It lasts from the recording's start to its end, through pauses and while its person is left out:
    those only bring no packets, and the batches of a track are counted through.
    """

    def __init__(
        self,
        key: RoomKey,
        records: Records,
        spawn: Callable[[TrackTap], None],
    ) -> None:
        self.recording: RecordingId | None = None
        self._key = key
        self._records = records
        self._spawn = spawn
        self._tracks: dict[TrackId, TrackTap] = {}

    def switch_to(self, recording: RecordingId | None) -> None:
        """Another recording runs now, or none: what was recorded until now ends."""
        for track in self._tracks.values():
            track.end()
        self._tracks.clear()
        self.recording = recording

    def add(self, track: TrackId, tapped: Tapped) -> None:
        """Packets of a track; without a recording they came too late and are dropped."""
        if self.recording is None:
            return
        tap = self._tracks.get(track)
        if tap is None:
            tap = TrackTap(self._key, self.recording, track, self._records)
            self._tracks[track] = tap
            self._spawn(tap)
        tap.add(tapped)

    def end_track(self, track: TrackId) -> None:
        """The track closed."""
        tap = self._tracks.pop(track, None)
        if tap is not None:
            tap.end()
