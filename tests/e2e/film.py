"""What a recording holds, measured: length, decoding, and whether picture and sound belong together."""

import itertools
import subprocess
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

TONE_HZ = 3_000
BLOCK_S = 0.01
NEAR_S = 0.4  # Marks come once a second; within this distance a flash and a beep are the same mark.


@dataclass(frozen=True)
class Film:
    """One file, decoded whole. Times are seconds from its start."""

    path: Path
    video_s: float | None
    audio_s: float | None
    flashes: tuple[float, ...]
    beeps: tuple[float, ...]
    frames: int
    width: int
    height: int


def watch(path: Path) -> Film:
    """Decodes every frame; raises what PyAV raises when one cannot be decoded."""
    with av.open(str(path)) as container:
        video_s: float | None = None
        audio_s: float | None = None
        brightness: list[tuple[float, float]] = []
        loudness: list[tuple[float, float]] = []
        width = height = 0
        resampler = av.AudioResampler(format="flt", layout="mono", rate=48_000)
        for packet in container.demux(*container.streams.video[:1], *container.streams.audio[:1]):
            for frame in packet.decode():
                if not isinstance(frame, av.VideoFrame | av.AudioFrame):
                    continue
                assert frame.time is not None, f"{path.name}: a frame without a time"
                if isinstance(frame, av.VideoFrame):
                    grey = frame.reformat(width=160, height=90, format="gray").to_ndarray()
                    brightness.append((frame.time, float((grey > 225).mean())))
                    width, height = frame.width, frame.height
                    video_s = frame.time
                else:
                    for part in resampler.resample(frame):
                        loudness.extend(_tone(part.to_ndarray()[0], frame.time))
                    audio_s = frame.time + frame.samples / frame.sample_rate
    return Film(path, video_s, audio_s, _rises(brightness), _rises(loudness), len(brightness), width, height)


def _tone(samples: np.ndarray, start: float) -> list[tuple[float, float]]:
    """Share of the marker tone in short blocks (Goertzel at one frequency)."""
    size = int(48_000 * BLOCK_S)
    wave = np.exp(-2j * np.pi * TONE_HZ * np.arange(size) / 48_000)
    blocks = len(samples) // size
    return [
        (start + i * BLOCK_S, float(abs((samples[i * size : (i + 1) * size] * wave).sum()) / size))
        for i in range(blocks)
    ]


def _rises(curve: list[tuple[float, float]]) -> tuple[float, ...]:
    """When a curve passes half of its height upward. Height without outliers: a decoder's first packet
    may click, and marks last 12 % of the time."""
    if not curve:
        return ()
    low, high = np.percentile([value for _, value in curve], [5, 95])
    middle = (low + high) / 2
    return tuple(
        at
        for (_, before), (at, value) in itertools.pairwise(curve)
        if before < middle <= value and high - low > 1e-3
    )


def offsets(flashes: tuple[float, ...], beeps: tuple[float, ...]) -> list[float]:
    """Seconds by which each beep comes after its flash (negative: before)."""
    return [
        min((beep - flash for beep in beeps), key=abs)
        for flash in flashes
        if any(abs(beep - flash) < NEAR_S for beep in beeps)
    ]


def probe_errors(path: Path) -> str:
    """What ffmpeg says while it decodes the whole file; empty is well."""
    done = subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-xerror",
            "-i",
            str(path),
            "-fps_mode",
            "passthrough",
            "-enc_time_base",
            "-1",
            "-f",
            "null",
            "-",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stderr if done.returncode or done.stderr else ""
