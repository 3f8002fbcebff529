"""What a viewer gets: one consumer, made of one layer at a time.

This is where cost multiplies: ``forward`` runs once per packet and viewer. Everything that can be
known before is known before (``HeaderWriter``, ``Continuity``), and drops are only counted.
"""

from collections.abc import Callable

from sfu.continuity import Continuity
from sfu.incoming import Incoming, Layer, Rate
from sfu.interface import ConsumerConfig, Extensions, LayerSelected
from sfu.layers import Want
from sfu.peer import Peer
from sfu.retransmit import RepairBudget, wrap
from sfu.rtcp import ReportBlock, SenderReport
from sfu.rtp import HeaderWriter, RtpPacket

_REST_AFTER_FALL_S = 3.0  # A line that was short a moment ago is not tried again at once.
_REPORTS_REMEMBERED = 4  # A viewer answers the last sender report, or the one before.


class Outgoing:
    """One consumer."""

    __slots__ = (
        "_budget",
        "_fell_at",
        "_joined_at",
        "_notify",
        "_offered_before",
        "_passed",
        "_repair_writer",
        "_report_times",
        "_rtx_sequence",
        "_writer",
        "config",
        "continuity",
        "current",
        "jitter_s",
        "key_frame_requests",
        "layer_max",
        "loss",
        "nacks",
        "octets",
        "paused",
        "peer",
        "priority",
        "producer",
        "rate",
        "retransmits",
        "sent",
        "target",
    )

    def __init__(
        self,
        config: ConsumerConfig,
        producer: Incoming,
        peer: Peer,
        *,
        extensions: Extensions,
        first: int,
        notify: Callable[[LayerSelected], None],
    ) -> None:
        """``extensions`` are the consumer's, one shared object for all viewers with equal ids;
        ``first`` is the first sequence number."""
        self.config = config
        self.producer = producer
        self.peer = peer
        self._notify = notify
        self.paused = config.paused
        self.layer_max: int | None = len(producer.layers) - 1
        self.priority = 0
        self.current: Layer | None = None
        self.target: Layer | None = None
        self.continuity = Continuity(producer.config.clock_rate_hz, first)
        self._writer = HeaderWriter(
            ssrc=config.ssrc,
            payload_type=config.payload_type,
            mid=config.mid,
            extensions=extensions,
            source=producer.config.extensions,
        )
        self._repair_writer: HeaderWriter | None = None
        if config.rtx_ssrc is not None and config.rtx_payload_type is not None:
            self._repair_writer = HeaderWriter(
                ssrc=config.rtx_ssrc,
                payload_type=config.rtx_payload_type,
                mid=config.mid,
                extensions=extensions,
                source=producer.config.extensions,
            )
        self._rtx_sequence = first
        self._budget = RepairBudget()
        self._offered_before = producer.accepted
        self._passed = 0
        self._joined_at = 0
        self._fell_at = -1e9
        self._report_times: dict[int, float] = {}
        self.rate = Rate()
        self.sent = self.octets = 0
        self.nacks = self.retransmits = self.key_frame_requests = 0
        self.loss = self.jitter_s = 0.0

    # --- the path ---
    def begin(self, layer: Layer, packet: RtpPacket, now: float) -> None:
        """Joins a layer at this packet, leaving the one before."""
        mapped = self._mapped_timestamp(layer, packet.timestamp)
        self._leave()
        self.current = layer
        self._joined_at = layer.accepted - 1  # This packet is accepted already, and ours.
        layer.subscribers.append(self)
        self.continuity.begin(layer.number, packet.index, packet.timestamp, now, mapped)
        self._notify(LayerSelected(self.config.id, layer.number))

    def forward(self, packet: RtpPacket, now: float) -> None:
        """Rewrites, seals and sends one packet."""
        continuity = self.continuity
        place = continuity.place(packet.index, packet.timestamp, now)
        peer = self.peer
        if place is None:
            peer.drops["before_start"] += 1
            return
        departures = peer.departures
        data = self._writer.write(
            packet,
            place & 0xFFFF,
            packet.timestamp + continuity.timestamp_offset & 0xFFFFFFFF,
            int(now * 262144) & 0xFFFFFF,
            departures.number,
        )
        reason = peer.send_rtp(data)
        if reason is not None:
            peer.drops[reason] += 1
            return
        size = len(data)
        if self.config.extensions.transport_cc:
            departures.add(size, int(now * 1e6))
        self.sent += 1
        self.octets += len(packet.payload)
        self.rate.bytes += size
        self._budget.earn(size)

    def interrupt(self) -> None:
        """Leaves the current layer and waits for its next key frame; it numbers anew."""
        layer = self.current
        self._leave()
        if layer is not None and self.target is layer:
            layer.waiting.append(self)

    # --- what control and allocation want ---
    def aim(self, layer: Layer | None, now: float) -> Layer | None:
        """Heads for a layer, None for nothing; returns the layer that must send a key frame."""
        if self.target is not None and self.target is not layer and self in self.target.waiting:
            self.target.waiting.remove(self)
        self.target = layer
        if layer is None:
            if self.current is not None:
                self._leave()
                self._notify(LayerSelected(self.config.id, None))
            return None
        wished = self.layer_max is not None and layer.number >= self.layer_max
        if self.current is not None and layer.number < self.current.number and not wished:
            # For want of room; a smaller tile is no reason to be slow when it grows again.
            self._fell_at = now
        if layer is self.current or self in layer.waiting:
            return None
        layer.waiting.append(self)
        return layer

    def settle(self, now: float) -> None:
        """Obeys a changed wish: sound at once, video when the line is shared out again."""
        if self.producer.is_video:
            self.peer.unsettled = True
        else:
            hidden = self.paused or self.producer.paused or self.layer_max is None
            self.aim(None if hidden else self.producer.layers[0], now)

    def want(self, now: float) -> Want:
        """What ``layers.choose`` needs to know."""
        hidden = self.paused or self.producer.paused
        return Want(
            id=self.config.id,
            priority=self.priority,
            layer_max=None if hidden else self.layer_max,
            current=self.current.number if self.current is not None else None,
            offers=self.producer.offers,
            may_rise=now - self._fell_at > _REST_AFTER_FALL_S,
        )

    def close(self) -> None:
        """Leaves all lists, quietly."""
        if self.target is not None and self in self.target.waiting:
            self.target.waiting.remove(self)
        self.target = None
        self._leave()

    # --- repairs ---
    def repair(self, sequences: tuple[int, ...], now: float) -> None:
        """Answers a NACK with RTX, within the budget."""
        self.nacks += len(sequences)
        pause_s = self.peer.rtt_s or 0.02
        for place, sequence in enumerate(sequences):
            if self._budget.is_spent:
                self.peer.drops["repair_refused"] += len(sequences) - place
                return
            found = self._sent_packet(sequence)
            if found is None:
                self.peer.drops["repair_unknown"] += 1
            elif not self._budget.spend(sequence, len(found[0].payload) + 40, now, pause_s):
                self.peer.drops["repair_refused"] += 1
            else:
                self._send_repair(found[0], found[1], found[2], now, probe=0)

    def pad(self, now: float, probe: int) -> int:
        """Repeats a late packet as a probe of the line; the answer is its size, 0 when none is kept."""
        layer = self.current
        packet = layer.cache.largest_of_latest() if layer is not None else None
        if packet is None:
            return 0
        place = packet.index + self.continuity.index_offset
        if place < self.continuity.start:
            return 0
        offset = self.continuity.timestamp_offset
        return self._send_repair(packet, place & 0xFFFF, offset, now, probe=probe)

    def _sent_packet(self, sequence: int) -> tuple[RtpPacket, int, int] | None:
        found = self.continuity.source(sequence)
        if found is None or self._repair_writer is None:
            return None
        place, segment = found
        packet = self.producer.layers[segment.layer].cache.get(place - segment.index_offset)
        return None if packet is None else (packet, sequence, segment.timestamp_offset)

    def _send_repair(
        self, packet: RtpPacket, sequence: int, timestamp_offset: int, now: float, *, probe: int
    ) -> int:
        if self._repair_writer is None:
            return 0
        departures = self.peer.departures
        data = self._repair_writer.write(
            packet,
            self._rtx_sequence & 0xFFFF,
            packet.timestamp + timestamp_offset & 0xFFFFFFFF,
            int(now * 262144) & 0xFFFFFF,
            departures.number,
            wrap(sequence),
        )
        reason = self.peer.send_rtp(data)
        if reason is not None:
            self.peer.drops["repair_" + reason] += 1
            return 0
        self._rtx_sequence += 1
        if self.config.extensions.transport_cc:
            departures.add(len(data), int(now * 1e6), probe)
        if not probe:
            self.retransmits += 1
        return len(data)

    # --- reports ---
    def report(self, now: float) -> SenderReport | None:
        """A sender report on the publisher's wall clock, so that his sound and picture stay together."""
        layer = self.current
        moment = layer.timestamp_at(now) if layer is not None else None
        if moment is None or not self.sent:
            return None
        ntp, timestamp = moment
        self._report_times[ntp >> 16 & 0xFFFFFFFF] = now
        while len(self._report_times) > _REPORTS_REMEMBERED:
            del self._report_times[next(iter(self._report_times))]
        out = timestamp + self.continuity.timestamp_offset & 0xFFFFFFFF
        return SenderReport(self.config.ssrc, ntp, out, self.sent & 0xFFFFFFFF, self.octets & 0xFFFFFFFF)

    def reported(self, block: ReportBlock, now: float) -> None:
        """How the stream arrives at the viewer."""
        self.loss = block.fraction_lost / 256
        self.jitter_s = block.jitter / self.producer.config.clock_rate_hz
        sent_at = self._report_times.get(block.last_report)
        if sent_at is not None:
            round_trip = max(0.0, now - sent_at - block.delay / 65536)
            before = self.peer.rtt_s
            self.peer.rtt_s = round_trip if before is None else before + (round_trip - before) / 4

    @property
    def not_selected(self) -> int:
        """Packets of the producer that were not meant for this viewer: other layers, pauses."""
        passed = self._passed
        if self.current is not None:
            passed += self.current.accepted - self._joined_at
        return self.producer.accepted - self._offered_before - passed

    def _leave(self) -> None:
        layer, self.current = self.current, None
        if layer is not None:
            layer.subscribers.remove(self)
            self._passed += layer.accepted - self._joined_at

    def _mapped_timestamp(self, layer: Layer, timestamp: int) -> int | None:
        """Where both layers' sender reports place this packet on the outgoing media clock."""
        before = self.current
        if before is None or before.report is None:
            return None
        ntp = layer.ntp_of(timestamp)
        if ntp is None:
            return None
        passed = ntp - before.report.ntp / (1 << 32)
        clock_hz = self.producer.config.clock_rate_hz
        at_layer = before.report.rtp_timestamp + round(passed * clock_hz)
        return at_layer + self.continuity.timestamp_offset & 0xFFFFFFFF
