"""Repairs: the packets kept for viewers who lost them, and RTX, the stream they travel in (RFC 4588)."""

from collections import OrderedDict
from itertools import islice
from struct import pack

from schemas import limits
from sfu.errors import RemotePacketError
from sfu.rtp import RtpPacket

_LATEST = 8


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
        """Keeps a packet; those that are too old or too many go."""
        packets = self._packets
        packets[packet.index] = packet
        oldest = next(iter(packets.values()))
        too_old = packet.arrived_at - limits.RETRANSMIT_CACHE_S
        while len(packets) > limits.RETRANSMIT_CACHE_PACKETS or oldest.arrived_at < too_old:
            packets.popitem(last=False)
            oldest = next(iter(packets.values()))

    def get(self, index: int) -> RtpPacket | None:
        """The packet, if it is still kept."""
        return self._packets.get(index)

    def largest_of_latest(self) -> RtpPacket | None:
        """The largest of the packets kept last: padding in few pieces."""
        latest = islice(reversed(self._packets.values()), _LATEST)
        return max(latest, key=lambda packet: len(packet.payload), default=None)


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

    @property
    def is_spent(self) -> bool:
        """Nothing can be repaired now."""
        return self._bytes < limits.RTP_PACKET_BYTES_MAX

    def spend(self, sequence: int, size: int, now: float, pause_s: float) -> bool:
        """Tells whether this repair may be sent now, and counts it."""
        if self.is_spent or now - self._sent_at.get(sequence, -1e9) < pause_s:
            return False
        self._bytes -= size
        self._sent_at[sequence] = now
        self._sent_at.move_to_end(sequence)
        if len(self._sent_at) > limits.RETRANSMIT_CACHE_PACKETS:
            self._sent_at.popitem(last=False)
        return True
