"""Measures a film as a person would: when is it white, when does it beep, does it play to its end."""

from pathlib import Path

import av
import numpy as np
from msgspec import Struct

from artifacts.layout import Box


class Film(Struct, frozen=True):
    """What a decoder makes of a file, in ms of the file. ``luma`` is the mean of each picture's box."""

    picture_ms: tuple[float, ...]
    luma: tuple[float, ...]
    sound_ms: float
    loud_ms: tuple[int, ...]
    container_ms: float

    @property
    def flashes_ms(self) -> list[float]:
        """When the picture turns white."""
        white = [luma > 170 for luma in self.luma]
        return [t for n, t in enumerate(self.picture_ms) if white[n] and (n == 0 or not white[n - 1])]

    @property
    def beeps_ms(self) -> list[int]:
        """When the sound begins after at least 60 ms of silence."""
        found: list[int] = []
        last = -1_000
        for at_ms in self.loud_ms:
            if at_ms - last > 60:
                found.append(at_ms)
            last = at_ms
        return found


def watch(path: Path, box: Box | None = None) -> Film:
    """Decodes all of a file; damage raises."""
    pictures: list[tuple[float, float]] = []
    sound: list[tuple[float, np.ndarray[tuple[int, int], np.dtype[np.float32]]]] = []
    with av.open(str(path)) as file:
        for packet in file.demux():
            for frame in packet.decode():
                assert isinstance(frame, av.VideoFrame | av.AudioFrame)
                assert frame.time is not None
                if isinstance(frame, av.VideoFrame):
                    pictures.append((frame.time * 1000, _luma(frame, box)))
                else:
                    sound.append((frame.time * 1000, np.asarray(frame.to_ndarray(), np.float32)))
        length = (file.duration or 0) / 1000
    loud = [int(at + ms) for at, samples in sound for ms in _loud(samples)]
    end = sound[-1][0] + sound[-1][1].shape[1] / 48 if sound else 0.0
    return Film(tuple(p[0] for p in pictures), tuple(p[1] for p in pictures), end, tuple(loud), length)


def _luma(frame: av.VideoFrame, box: Box | None) -> float:
    grey = frame.to_ndarray(format="gray")
    if box is not None:
        grey = grey[box.y : box.y + box.height, box.x : box.x + box.width]
    height, width = grey.shape
    return float(grey[height // 4 : height // 2, width // 4 : width * 3 // 4].mean())


def _loud(samples: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> list[int]:
    whole = samples[0, : samples.shape[1] // 48 * 48].reshape(-1, 48)
    return [int(ms) for ms in np.flatnonzero(np.abs(whole).max(axis=1, initial=0) > 0.15)]
