"""What a publisher sends: a producer and its layers.

A packet of a layer is judged here once, for all: is it in order, is it media, may a viewer begin at
it. Viewers (``sfu/outgoing.py``) stand in two lists of the layer: ``subscribers`` get every packet,
``waiting`` join at the next key frame.
"""

from collections import deque
from typing import TYPE_CHECKING, Protocol

from schemas import limits
from schemas.media import MediaKind
from sfu.interface import Encoding, ProducerConfig
from sfu.keyframes import detector
from sfu.layers import Offer
from sfu.levels import Loudness
from sfu.reception import Reception
from sfu.retransmit import Cache
from sfu.rtcp import SenderReport
from sfu.rtp import RtpPacket

if TYPE_CHECKING:
    from sfu.tapping import Tap


_NEVER = -1e9  # Before any clock's beginning.


class Subscriber(Protocol):
    """A viewer of a layer."""

    def begin(self, layer: "Layer", packet: RtpPacket, now: float) -> None:
        """Joins at this packet, which starts a key frame."""

    def forward(self, packet: RtpPacket, now: float) -> None:
        """Takes one packet."""

    def interrupt(self) -> None:
        """Leaves the layer and waits for its next key frame."""


class Rate:
    """Bits per second over the last second, in five steps."""

    __slots__ = ("_steps", "bps", "bytes")

    def __init__(self) -> None:
        self.bytes = 0
        self.bps = 0
        self._steps: deque[tuple[float, int]] = deque()

    def measure(self, now: float) -> None:
        """Call this a few times per second."""
        self._steps.append((now, self.bytes))
        while len(self._steps) > 2 and self._steps[1][0] <= now - limits.BITRATE_WINDOW_S:
            self._steps.popleft()
        then, before = self._steps[0]
        if now > then:
            self.bps = int((self.bytes - before) * 8 / (now - then))


class Layer:
    """One encoding of a producer: what came, what is kept, who gets it."""

    __slots__ = (
        "accepted",
        "cache",
        "encoding",
        "heard_at",
        "key_frame_asked_at",
        "key_frame_requests",
        "key_frame_wanted",
        "nacks",
        "number",
        "producer",
        "rate",
        "reception",
        "repairs",
        "report",
        "report_at",
        "rtx_ssrc",
        "ssrc",
        "subscribers",
        "waiting",
    )

    def __init__(self, producer: "Incoming", number: int, encoding: Encoding) -> None:
        self.producer = producer
        self.number = number
        self.encoding = encoding
        self.ssrc = encoding.ssrc
        self.rtx_ssrc = encoding.rtx_ssrc
        self.reception = Reception(producer.config.clock_rate_hz)
        self.cache = Cache()
        self.rate = Rate()
        self.accepted = 0
        self.nacks = 0
        self.repairs = 0
        self.heard_at = _NEVER
        self.report: SenderReport | None = None
        self.report_at = 0.0
        self.key_frame_wanted = False
        self.key_frame_asked_at = -1e9
        self.key_frame_requests = 0
        self.subscribers: list[Subscriber] = []
        self.waiting: list[Subscriber] = []

    def restart(self) -> None:
        """The layer goes on under another SSRC."""
        self.reception = Reception(self.producer.config.clock_rate_hz)
        self.cache = Cache()
        self.report = None
        # Viewers stay, but their offsets were for the old numbers: they join anew.
        for viewer in list(self.subscribers):
            viewer.interrupt()

    def take(self, packet: RtpPacket, place: int, now: float) -> bool:
        """Judges and forwards one packet in its place; False: it was padding."""
        if not packet.payload:
            self.reception.skip(place)
            return False
        packet.index = self.reception.index(place)
        packet.arrived_at = now
        self.heard_at = now
        self.accepted += 1
        self.rate.bytes += len(packet.data)
        producer = self.producer
        producer.accepted += 1
        if producer.config.nack:
            self.cache.add(packet)
        if producer.paused:
            packet.data = b""
            return True
        if self.waiting or self.key_frame_wanted:
            self._join(packet, now)
        for viewer in self.subscribers:
            viewer.forward(packet, now)
        if producer.tap is not None:
            producer.tap.take(self, packet, now)
        packet.data = b""
        return True

    def starts_key_frame(self, packet: RtpPacket) -> bool:
        """Tells whether a viewer can begin at this packet."""
        if packet.starts_key_frame is None:
            packet.starts_key_frame = self.producer.detect(packet.payload)
        return packet.starts_key_frame

    def timestamp_at(self, now: float) -> tuple[int, int] | None:
        """The publisher's NTP time and media time now, from his last sender report."""
        report = self.report
        if report is None:
            return None
        passed = now - self.report_at
        ntp = report.ntp + int(passed * (1 << 32)) & (1 << 64) - 1
        return ntp, report.rtp_timestamp + round(passed * self.producer.config.clock_rate_hz) & 0xFFFFFFFF

    def ntp_of(self, timestamp: int) -> float | None:
        """The publisher's wall clock for a media time, in seconds."""
        if self.report is None:
            return None
        ticks = (timestamp - self.report.rtp_timestamp + (1 << 31) & 0xFFFFFFFF) - (1 << 31)
        return self.report.ntp / (1 << 32) + ticks / self.producer.config.clock_rate_hz

    def _join(self, packet: RtpPacket, now: float) -> None:
        if not self.starts_key_frame(packet):
            return
        self.key_frame_wanted = False
        waiting, self.waiting = self.waiting, []
        for viewer in waiting:
            viewer.begin(self, packet, now)


class Incoming:
    """One published track."""

    __slots__ = ("accepted", "config", "detect", "layers", "loudness", "mid", "offers", "paused", "tap")

    def __init__(self, config: ProducerConfig) -> None:
        self.config = config
        self.detect = detector(config.mime_type)
        self.paused = config.paused
        self.accepted = 0
        self.layers = tuple(Layer(self, number, enc) for number, enc in enumerate(config.encodings))
        self.mid = config.mid.encode()
        self.offers = tuple(Offer(0, flowing=False) for _ in self.layers)
        self.loudness = Loudness()
        self.tap: Tap | None = None

    @property
    def is_video(self) -> bool:
        """Video begins at key frames and has layers; audio begins anywhere."""
        return self.config.kind is MediaKind.VIDEO

    def flowing(self) -> list[bool]:
        """Which layers are being sent: those not far behind the one heard last.

        Relative, so that a still screen with a frame per second does not look switched off.
        """
        newest = max(layer.heard_at for layer in self.layers)
        return [layer.heard_at > max(_NEVER, newest - limits.LAYER_STALL_S) for layer in self.layers]

    def measure(self, now: float) -> None:
        """Call a few times per second: refreshes ``offers``, the layers as ``layers.choose`` sees them."""
        for layer in self.layers:
            layer.rate.measure(now)
        self.offers = tuple(
            Offer(layer.rate.bps, flowing=flows)
            for layer, flows in zip(self.layers, self.flowing(), strict=True)
        )

    def top_layer(self) -> Layer | None:
        """The highest layer that flows."""
        flowing = [layer for layer, flows in zip(self.layers, self.flowing(), strict=True) if flows]
        return flowing[-1] if flowing else None
