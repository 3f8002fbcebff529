"""Captured files, decoded step by step along the time of the recording."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.video.stream import VideoStream
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE_HZ = 48_000
_JUMP_SAMPLES = RATE_HZ // 50  # 20 ms: less is rounding of timestamps, more is a gap or an overlap.


class Pictures:
    """A video file. ``latest`` is the newest picture that ``advance`` has reached, with its time."""

    def __init__(self, path: Path, offset_ms: int) -> None:
        self.latest: tuple[float, av.VideoFrame] | None = None
        self._container = av.open(str(path))
        self._offset_ms = offset_ms
        self._frames = self._decode()
        self._next = next(self._frames, None)

    def advance(self, at_ms: float) -> bool:
        """Goes to the last picture not later than this; says whether there is another one than before."""
        moved = False
        while self._next is not None and self._next[0] <= at_ms:
            self.latest, self._next = self._next, next(self._frames, None)
            moved = True
        return moved

    def close(self) -> None:
        """Closes the file."""
        self._container.close()

    def _decode(self) -> Iterator[tuple[float, av.VideoFrame]]:
        for packet in self._container.demux(video=0):
            for frame in _decoded(packet):
                if isinstance(frame, av.VideoFrame) and frame.time is not None:
                    yield frame.time * 1000 + self._offset_ms, frame


class Sound:
    """An audio file as stereo samples at their place in the recording; silence where there is nothing."""

    def __init__(self, path: Path, offset_ms: int) -> None:
        self._container = av.open(str(path))
        self._resampler = AudioResampler(format="fltp", layout="stereo", rate=RATE_HZ)
        self._pieces = self._decode(offset_ms * RATE_HZ // 1000)
        self._piece = next(self._pieces, None)

    def add_to(self, block: Samples, start: int) -> None:
        """Adds to a block (2 by n) that begins at this sample of the recording."""
        end = start + block.shape[1]
        while self._piece is not None and self._piece[0] < end:
            at, samples = self._piece
            taken = max(0, start - at)
            part = samples[:, taken : end - at]
            into = max(at, start) - start
            block[:, into : into + part.shape[1]] += part
            if at + samples.shape[1] > end:
                return  # The rest belongs to the next block.
            self._piece = next(self._pieces, None)

    def close(self) -> None:
        """Closes the file."""
        self._container.close()

    def _decode(self, offset: int) -> Iterator[tuple[int, Samples]]:
        """Pieces in order, without overlap. Timestamps correct the count of samples when it drifts too far:
        a gap is silence, a surplus (the sender's clock is fast) is left out."""
        expected: int | None = None
        for packet in self._container.demux(audio=0):
            for frame in _decoded(packet):
                if not isinstance(frame, av.AudioFrame) or frame.time is None:
                    continue
                at = offset + round(frame.time * RATE_HZ)
                surplus = 0
                if expected is None or at > expected + _JUMP_SAMPLES:
                    expected = at
                elif at < expected - _JUMP_SAMPLES:
                    surplus = expected - at
                for resampled in self._resampler.resample(frame):
                    samples = resampled.to_ndarray().astype(np.float32, copy=False)[:, surplus:]
                    surplus = max(0, surplus - resampled.samples)
                    yield expected, samples
                    expected += samples.shape[1]


def _decoded(packet: "av.Packet[AudioStream] | av.Packet[VideoStream]") -> list[object]:
    """The frames of a packet; a damaged one gives none, and the next key frame mends the picture."""
    try:
        return list(packet.decode())
    except av.error.InvalidDataError:
        return []
