"""Puts recorded packets on one number line: sequence numbers and timestamps that never wrap.

A **segment** is a run of packets whose RTP timestamps follow one clock. A new one begins when the tap
switched its source, when the sender changed its SSRC, and when after a pause the timestamps no longer
agree with the clock on the wall (a sender that paused does not always count the pause). Each pass over
the same batches gives the same segments.
"""

from typing import NamedTuple

from artifacts.errors import RemotePacketError
from schemas.artifacts import TapPacket, TapReport
from schemas.limits import CAPTURE_PAUSE_S, CAPTURE_SEQ_JUMP_MAX

_PAUSE_US = int(CAPTURE_PAUSE_S * 1e6)
_DISAGREE_US = _PAUSE_US // 2


class Rtp(NamedTuple):
    """What capture reads of an RTP packet (RFC 3550 §5.1)."""

    seq: int
    timestamp: int
    ssrc: int
    marker: bool
    payload: bytes


class Packet(NamedTuple):
    """A packet on the number line. ``run`` counts the stretches over which ``seq`` is comparable."""

    segment: int
    run: int
    seq: int
    timestamp: int
    arrived_us: int
    marker: bool
    payload: bytes


def parse(packet: bytes) -> Rtp:
    """Reads an RTP packet; header extensions and padding are left out. Raises RemotePacketError."""
    if len(packet) < 12 or packet[0] >> 6 != 2:
        raise RemotePacketError("not RTP version 2")
    start = 12 + 4 * (packet[0] & 0x0F)
    if packet[0] & 0x10:
        if len(packet) < start + 4:
            raise RemotePacketError("extension header cut off")
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    end = len(packet)
    if packet[0] & 0x20:
        end -= packet[-1]
    if not start <= end:
        raise RemotePacketError("header longer than the packet")
    return Rtp(
        int.from_bytes(packet[2:4], "big"),
        int.from_bytes(packet[4:8], "big"),
        int.from_bytes(packet[8:12], "big"),
        bool(packet[1] & 0x80),
        packet[start:end],
    )


def nearest(value: int, near: int, bits: int) -> int:
    """The number that is ``value`` modulo 2^bits and lies nearest to ``near``."""
    half, whole = 1 << (bits - 1), 1 << bits
    return near + ((value - near + half) % whole) - half


class Unroll:
    """Takes the packets of one track in order of arrival."""

    def __init__(self, clock_rate_hz: int) -> None:
        self._rate = clock_rate_hz
        self._segment = -1
        self._run = -1
        self._origin = (-1, -1)
        self._seq = 0
        self._timestamp = 0
        self._arrived_us = 0

    def packet(self, switch: int, tapped: TapPacket) -> Packet:
        """The packet on the number line. Raises RemotePacketError."""
        rtp = parse(tapped.packet)
        if (switch, rtp.ssrc) != self._origin:
            self._begin((switch, rtp.ssrc), rtp, tapped.arrived_us)
        else:
            self._continue(rtp, tapped.arrived_us)
        seq = nearest(rtp.seq, self._seq, 16)
        timestamp = nearest(rtp.timestamp, self._timestamp, 32)
        self._seq = max(self._seq, seq)
        self._timestamp = max(self._timestamp, timestamp)
        self._arrived_us = max(self._arrived_us, tapped.arrived_us)
        return Packet(self._segment, self._run, seq, timestamp, tapped.arrived_us, rtp.marker, rtp.payload)

    def report(self, switch: int, report: TapReport) -> tuple[int, int] | None:
        """Segment and timestamp that a sender report speaks of; None when it is of none at hand."""
        if switch != self._origin[0]:
            return None
        return self._segment, nearest(report.rtp_timestamp, self._timestamp, 32)

    def _begin(self, origin: tuple[int, int], rtp: Rtp, arrived_us: int) -> None:
        self._origin = origin
        self._segment += 1
        self._run += 1
        self._seq, self._timestamp, self._arrived_us = rtp.seq, rtp.timestamp, arrived_us

    def _continue(self, rtp: Rtp, arrived_us: int) -> None:
        pause_us = arrived_us - self._arrived_us
        counted = nearest(rtp.timestamp, self._timestamp, 32) - self._timestamp
        counted_us = counted * 1_000_000 // self._rate
        jump = abs(nearest(rtp.seq, self._seq, 16) - self._seq)
        if pause_us > _PAUSE_US and abs(counted_us - pause_us) > _DISAGREE_US:
            self._begin(self._origin, rtp, arrived_us)
        elif pause_us > _PAUSE_US or jump > CAPTURE_SEQ_JUMP_MAX:
            # Muted packets are not tapped: after a pause nothing is known of how many there were.
            self._run += 1
            self._seq = rtp.seq
