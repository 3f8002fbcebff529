"""A browser that is not there: encodes a test picture and sound, and sends them over a bad network.

The picture is white and the sound beeps at the same instants (``FLASH_MS``), so that a recording can be
measured. Everything is seeded; nothing waits.
"""

import random
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import cast

import av
import numpy as np
from msgspec import Struct, msgpack

from schemas.artifacts import RtpBatch, TapPacket, TapReport
from schemas.ids import RecordingId, TrackId

FLASH_MS = (1_000, 2_600, 4_440, 6_000)
FLASH_LENGTH_MS = 120
RATE_FPS = 25
_NTP_TO_UNIX_S = 2_208_988_800


class Encoded(Struct, frozen=True):
    """An encoded frame and when it was captured, in ms from the beginning."""

    at_ms: int
    data: bytes


class Network(Struct, frozen=True):
    """What happens on the way. A lost packet is repaired after ``repair_ms``, or never."""

    delay_ms: int = 20
    jitter_ms: int = 25
    loss: float = 0.03
    never_repaired: float = 0.0
    repair_ms: int = 130
    twice: float = 0.01


def is_flash(at_ms: float) -> bool:
    """Whether the picture is white and the sound beeps at this time."""
    return any(flash <= at_ms < flash + FLASH_LENGTH_MS for flash in FLASH_MS)


@lru_cache(maxsize=8)
def pictures(
    seconds: float, width: int, height: int, codec: str = "libvpx", key_every: int = 1_000
) -> tuple[Encoded, ...]:
    """A scrolling ramp with flashes."""
    encoder = cast("av.VideoCodecContext", av.CodecContext.create(codec, "w"))
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 1000), Fraction(RATE_FPS)
    encoder.bit_rate, encoder.gop_size = 600_000, key_every
    if codec == "libvpx":
        encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    else:
        encoder.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "x264-params": "annexb=1:sliced-threads=0",
        }
    found: list[Encoded] = []
    for n in range(int(seconds * RATE_FPS)):
        at_ms = n * 1000 // RATE_FPS
        frame = av.VideoFrame.from_ndarray(
            _picture(n, width, height, white=is_flash(at_ms)), format="yuv420p"
        )
        frame.pts, frame.time_base = at_ms, encoder.time_base
        found += [Encoded(packet.pts or 0, bytes(packet)) for packet in encoder.encode(frame)]
    return (*found, *(Encoded(packet.pts or 0, bytes(packet)) for packet in encoder.encode(None)))


@lru_cache(maxsize=8)
def sounds(seconds: float) -> tuple[Encoded, ...]:
    """Silence with beeps, in Opus frames of 20 ms."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "stereo", "flt"
    encoder.options = {"frame_duration": "20", "application": "lowdelay"}
    found: list[Encoded] = []
    for n in range(int(seconds * 50)):
        times = n * 20 + np.arange(960) / 48
        loud = np.array([is_flash(t) for t in times[::48]]).repeat(48)
        tone = (np.sin(2 * np.pi * times) * 0.5 * loud).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(tone.repeat(2).reshape(1, -1), format="flt", layout="stereo")
        frame.sample_rate, frame.pts = 48_000, n * 960
        found += [Encoded(n * 20, bytes(packet)) for packet in encoder.encode(frame)]
    return tuple(found)


def _picture(
    n: int, width: int, height: int, *, white: bool
) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    array = np.full((height * 3 // 2, width), 128, np.uint8)
    ramp = (np.arange(width) + 4 * n) % 80 + 50
    array[:height] = 235 if white else ramp
    return array


def vp8_payloads(frame: bytes, picture: int) -> Iterator[bytes]:
    """RFC 7741 with 15-bit picture ids."""
    for at in range(0, len(frame), 1100):
        descriptor = bytes([0x80 | (0x10 if at == 0 else 0), 0x80]) + (0x8000 | picture & 0x7FFF).to_bytes(
            2, "big"
        )
        yield descriptor + frame[at : at + 1100]


def h264_payloads(frame: bytes, _: int) -> Iterator[bytes]:
    """RFC 6184: parameter sets in a STAP-A, large units as FU-A."""
    units = [u for u in frame.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01") if u]
    small = [u for u in units if u[0] & 0x1F in {6, 7, 8}]
    if small:
        yield b"\x78" + b"".join(len(u).to_bytes(2, "big") + u for u in small)
    for unit in units:
        if unit in small:
            continue
        if len(unit) <= 1100:
            yield unit
            continue
        for at in range(1, len(unit), 1100):
            start, end = at == 1, at + 1100 >= len(unit)
            head = bytes([unit[0] & 0xE0 | 28, (start << 7) | (end << 6) | unit[0] & 0x1F])
            yield head + unit[at : at + 1100]


def opus_payloads(frame: bytes, _: int) -> Iterator[bytes]:
    """RFC 7587."""
    yield frame


_PAYLOADS = {"audio/opus": opus_payloads, "video/vp8": vp8_payloads, "video/H264": h264_payloads}


class Sending(Struct, frozen=True):
    """One track on its way. ``begins_us`` is the capture of time 0 on the node's clock; ``clock_us``
    what the sender's own clock is ahead; ``encode_ms`` what its encoder takes."""

    mime_type: str
    frames: tuple[Encoded, ...]
    begins_us: int
    clock_us: int = 0
    encode_ms: int = 0
    reports: bool = True
    seed: int = 1
    network: Network = Network()
    muted_ms: tuple[tuple[int, int], ...] = ()
    first_seq: int = 65_400
    first_timestamp: int = 0xFFFF_F000
    ssrc: int = 0x1234_5678

    @property
    def rate_hz(self) -> int:
        """RTP clock."""
        return 48_000 if self.mime_type == "audio/opus" else 90_000


def arrivals(sending: Sending) -> list[TapPacket]:
    """The packets in order of arrival."""
    chance, net = random.Random(sending.seed), sending.network
    seq, found = sending.first_seq, []
    for n, frame in enumerate(sending.frames):
        payloads = list(_PAYLOADS[sending.mime_type](frame.data, n))
        for i, payload in enumerate(payloads):
            packet = _rtp(sending, seq, frame.at_ms, payload, marker=i == len(payloads) - 1)
            seq += 1
            if any(since <= frame.at_ms < until for since, until in sending.muted_ms):
                continue
            late_ms = sending.encode_ms + net.delay_ms + chance.random() * net.jitter_ms
            if chance.random() < net.loss:
                if chance.random() < net.never_repaired:
                    continue
                late_ms += net.repair_ms
            arrived_us = sending.begins_us + int((frame.at_ms + late_ms) * 1000)
            found.append(TapPacket(arrived_us, packet))
            if chance.random() < net.twice:
                found.append(TapPacket(arrived_us + 40_000, packet))
    return sorted(found, key=lambda packet: packet.arrived_us)


def batches(sending: Sending, recording: RecordingId, track: TrackId, *, end: bool = True) -> list[bytes]:
    """REC messages as the tap flushes them: every 200 ms."""
    packets = arrivals(sending)
    reports = _reports(sending) if sending.reports else []
    grouped: dict[int, list[TapPacket]] = {}
    for packet in packets:
        grouped.setdefault(packet.arrived_us // 200_000, []).append(packet)
    told: dict[int, list[TapReport]] = {}
    for report in reports:
        told.setdefault(report.arrived_us // 200_000, []).append(report)
    last = max(grouped, default=0)
    return [
        msgpack.encode(
            RtpBatch(
                recording,
                track,
                index,
                0,
                tuple(grouped[window]),
                tuple(told.get(window, ())),
                end and window == last,
            )
        )
        for index, window in enumerate(sorted(grouped))
    ]


def _rtp(sending: Sending, seq: int, at_ms: int, payload: bytes, *, marker: bool) -> bytes:
    timestamp = sending.first_timestamp + at_ms * sending.rate_hz // 1000
    kind = 111 if sending.mime_type == "audio/opus" else 96
    head = bytes([0x90, kind | (0x80 if marker else 0)]) + (seq & 0xFFFF).to_bytes(2, "big")
    extension = b"\xbe\xde\x00\x01\x10\x31\x00\x00"
    return (
        head
        + (timestamp & 0xFFFFFFFF).to_bytes(4, "big")
        + sending.ssrc.to_bytes(4, "big")
        + extension
        + payload
    )


def _reports(sending: Sending) -> list[TapReport]:
    chance, net = random.Random(sending.seed + 1), sending.network
    found = []
    for at_ms in range(500, sending.frames[-1].at_ms + 1, 1000):
        sender_us = sending.begins_us + at_ms * 1000 + sending.clock_us
        seconds, rest = divmod(sender_us, 1_000_000)
        ntp = (seconds + _NTP_TO_UNIX_S) << 32 | (rest << 32) // 1_000_000
        timestamp = (sending.first_timestamp + at_ms * sending.rate_hz // 1000) & 0xFFFFFFFF
        arrived = sending.begins_us + int((at_ms + net.delay_ms + chance.random() * net.jitter_ms) * 1000)
        found.append(TapReport(ntp, timestamp, arrived))
    return found
