"""Repairs: the packets kept for viewers who lost them, and RTX, the stream they travel in (RFC 4588)."""

from collections import OrderedDict
from struct import pack

from schemas import limits
from sfu.errors import RemotePacketError
from sfu.rtp import RtpPacket


def wrap(sequence: int) -> bytes:
    """What stands before the payload in an RTX packet: the original sequence number (RFC 4588 §4)."""
    return pack("!H", sequence)


def unwrap(packet: RtpPacket) -> tuple[int, bytes]:
    """Original sequence number and payload of an RTX packet; empty ones are padding."""
    payload = packet.payload
    if len(payload) < 2:
        raise RemotePacketError("rtx_padding")
    return payload[0] << 8 | payload[1], payload[2:]


class Cache:
    """The last packets of one layer by index, shared by all its viewers."""

    __slots__ = ("_packets",)

    def __init__(self) -> None:
        self._packets: OrderedDict[int, RtpPacket] = OrderedDict()

    def add(self, packet: RtpPacket) -> None:
        """Keeps a packet; the oldest one goes when the cache is full."""
        self._packets[packet.index] = packet
        if len(self._packets) > limits.RETRANSMIT_CACHE_PACKETS:
            self._packets.popitem(last=False)

    def get(self, index: int) -> RtpPacket | None:
        """The packet, if it is still kept."""
        return self._packets.get(index)

    def latest(self) -> RtpPacket | None:
        """The packet kept last."""
        return next(reversed(self._packets.values()), None)


class RepairBudget:
    """Keeps repairs below a share of the media, so that asking cannot become an attack.

    A short burst is always allowed: the first lost key frame must be repaired before any share of
    nothing is worth something. The same packet is not repeated within ``pause_s``.
    """

    __slots__ = ("_bytes", "_sent_at")

    _BURST_BYTES = 60_000  # One key frame of a top layer.

    def __init__(self) -> None:
        self._bytes = float(self._BURST_BYTES)
        self._sent_at: OrderedDict[int, float] = OrderedDict()

    def earn(self, media_bytes: int) -> None:
        """Media was sent: repairs may follow in proportion."""
        self._bytes = min(self._BURST_BYTES, self._bytes + media_bytes * limits.RETRANSMIT_SHARE_MAX)

    def spend(self, sequence: int, size: int, now: float, pause_s: float) -> bool:
        """Tells whether this repair may be sent now, and counts it."""
        if self._bytes < size or now - self._sent_at.get(sequence, -1e9) < pause_s:
            return False
        self._bytes -= size
        self._sent_at[sequence] = now
        self._sent_at.move_to_end(sequence)
        if len(self._sent_at) > limits.RETRANSMIT_CACHE_PACKETS:
            self._sent_at.popitem(last=False)
        return True
