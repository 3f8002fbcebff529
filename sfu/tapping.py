"""The recorder's view of a producer: the packets of its highest flowing layer.

A *piece* is one layer's packets from a key frame on; each new piece has the next ``switch`` number.
Within a piece the sequence numbers are the publisher's own, closed up where padding was dropped.
"""

from struct import pack

from schemas.artifacts import TapPacket, TapReport
from sfu.incoming import Incoming, Layer
from sfu.interface import Tapped
from sfu.rtcp import SenderReport
from sfu.rtp import RtpPacket


class Tap:
    """Gathers packets between two calls of ``flush``."""

    __slots__ = (
        "_finished",
        "_layer",
        "_packets",
        "_reports",
        "_switch",
        "_wall_offset_s",
        "producer",
        "wanted",
    )

    def __init__(self, producer: Incoming, wall_offset_s: float) -> None:
        """``wall_offset_s`` turns the forwarder's clock into Unix time."""
        self.producer = producer
        self._wall_offset_s = wall_offset_s
        self._layer: Layer | None = None
        self.wanted: Layer | None = None  # Joined at its next key frame.
        self._switch = -1
        self._packets: list[TapPacket] = []
        self._reports: list[TapReport] = []
        self._finished: list[Tapped] = []

    def aim(self) -> Layer | None:
        """Follows the highest flowing layer; returns the one that must send a key frame."""
        top = self.producer.top_layer()
        if top is not None:
            self.wanted = None if top is self._layer else top
        return self.wanted

    def interrupt(self) -> None:
        """The producer was muted, or its layer started anew: what follows is a piece of its own."""
        self._close_piece()
        self._layer = None

    def take(self, layer: Layer, packet: RtpPacket, now: float) -> None:
        """One packet of any layer."""
        if layer is self.wanted and layer.starts_key_frame(packet):
            self._close_piece()
            self._switch += 1
            self._layer = layer
            self.wanted = None
        if layer is self._layer:
            self._packets.append(TapPacket(self._arrived_us(now), _numbered(packet)))

    def report(self, layer: Layer, report: SenderReport, now: float) -> None:
        """A sender report of any layer."""
        if layer is self._layer:
            self._reports.append(TapReport(report.ntp, report.rtp_timestamp, self._arrived_us(now)))

    def flush(self) -> list[Tapped]:
        """What was gathered, one event per piece."""
        self._close_piece()
        finished, self._finished = self._finished, []
        return finished

    def _close_piece(self) -> None:
        if not self._packets and not self._reports:
            return
        packets, reports = tuple(self._packets), tuple(self._reports)
        self._finished.append(Tapped(self.producer.config.id, self._switch, packets, reports))
        self._packets.clear()
        self._reports.clear()

    def _arrived_us(self, now: float) -> int:
        return int((now + self._wall_offset_s) * 1e6)


def _numbered(packet: RtpPacket) -> bytes:
    number = packet.index & 0xFFFF
    if number == packet.sequence:
        return packet.data
    return packet.data[:2] + pack("!H", number) + packet.data[4:]
