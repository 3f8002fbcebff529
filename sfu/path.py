"""The packet path without socket and timers: what happens to one datagram.

Everything happens in one call on one thread, and time is an argument. The invariants:

* A datagram never raises out of ``receive``: what a peer did wrong is a ``RemotePacketError``, caught
  here and counted by reason, on his transport where one is known.
* Nothing is sent but to an address that consented, with keys that DTLS agreed on.
* Each packet of a producer is, for each of his consumers, exactly one of: sent, dropped with a
  reason, not selected.

Desired state is written into these tables by ``sfu/forwarder.py``, what happens by the clock is in
``sfu/duties.py``.
"""

from collections import Counter
from typing import assert_never

from schemas import limits
from sfu import retransmit, rtcp, rtp, transport_cc
from sfu.errors import RemotePacketError
from sfu.ice import Address, IceLite
from sfu.incoming import Incoming, Layer
from sfu.interface import DtlsDatagram, EventSink, IceSelected
from sfu.outgoing import Outgoing
from sfu.peer import Peer
from sfu.rtp import RtpPacket

# What a datagram takes from its peer's allowance, by what it makes us do.
_RTP_COST = 1
_RTCP_COST = 4
_DTLS_COST = 20


class Path:
    """The tables, and the way of a datagram through them."""

    def __init__(self, emit: EventSink) -> None:
        self.emit = emit
        self.ice: IceLite[Peer] = IceLite()
        self.peers: dict[str, Peer] = {}
        self.incoming: dict[str, Incoming] = {}
        self.outgoing: dict[str, Outgoing] = {}
        self.viewers: dict[str, dict[str, Outgoing]] = {}  # By producer.
        self.drops: Counter[str] = Counter()  # Of datagrams that belong to no transport.
        # Work lists of ``duties``: only what has something to do is visited.
        self.heard: set[Peer] = set()  # Publishers with packets to report back.
        self.torn: set[Layer] = set()  # Layers with holes to ask for.
        self.dark: set[Layer] = set()  # Layers that owe a key frame.

    def receive(self, datagram: bytes, address: Address, now: float, waited_s: float = 0.0) -> bytes | None:
        """Takes one datagram; the answer goes back to where it came from.

        ``waited_s`` is how long it lay in the socket: the publisher shall not take our being busy for
        a queue on his line.
        """
        agent = self.ice.by_address.get(address)
        try:
            first = datagram[0] if datagram else 255
            if first < 4:
                return self._stun(datagram, address, now)
            if agent is None:
                raise RemotePacketError("address_unknown")
            if 127 < first < 192 and len(datagram) >= 12:
                if 192 <= datagram[1] <= 208:
                    self._rtcp(agent.owner, datagram, now)
                else:
                    self._rtp(agent.owner, datagram, now, waited_s)
            elif 19 < first < 64:
                agent.owner.admit(now, _DTLS_COST)
                self.emit(DtlsDatagram(agent.owner.id, datagram))
            else:
                raise RemotePacketError("protocol_unknown")
        except RemotePacketError as error:
            drops = self.drops if agent is None else agent.owner.drops
            drops[error.reason] += 1
        return None

    def ask_key_frame(self, layer: Layer, now: float) -> None:
        """Wants a key frame; the publisher is asked at most once per interval and until it comes."""
        if not layer.producer.is_video:
            return
        layer.key_frame_wanted = True
        self.dark.add(layer)
        if now - layer.key_frame_asked_at >= limits.KEY_FRAME_REQUEST_INTERVAL_S:
            self.send_key_frame_request(layer, now)

    def send_key_frame_request(self, layer: Layer, now: float) -> None:
        """Sends the PLI, if the stream and its way back are known."""
        peer = self.peers[layer.producer.config.transport]
        if layer.ssrc is None or not peer.is_open:
            return
        layer.key_frame_asked_at = now
        layer.key_frame_requests += 1
        peer.send_rtcp(rtcp.picture_loss(peer.reporter, layer.ssrc))

    # --- STUN ---
    def _stun(self, datagram: bytes, address: Address, now: float) -> bytes:
        answer = self.ice.receive(datagram, address, now)
        if answer.selected:
            self.emit(IceSelected(answer.agent.owner.id, address[0], address[1]))
        return answer.reply

    # --- RTP ---
    def _rtp(self, peer: Peer, datagram: bytes, now: float, waited_s: float) -> None:
        srtp = peer.srtp
        if srtp is None:
            raise RemotePacketError("no_keys")
        ssrc = int.from_bytes(datagram[8:12], "big")
        peer.admit(now, _RTP_COST)
        peer.admit_ssrc(ssrc)
        packet = rtp.parse(srtp.open_rtp(datagram))
        peer.ssrcs.add(ssrc)
        peer.packets_received += 1
        peer.bytes_received += len(datagram)
        number = packet.extensions.get(peer.transport_cc)
        if number is not None and len(number) == 2:
            peer.arrivals.add(number[0] << 8 | number[1], int((now - waited_s) * 1e6))
            peer.feedback_ssrc = ssrc
            self.heard.add(peer)
        layer = peer.layers.get(ssrc)
        if layer is not None:
            self._media(peer, layer, packet, now)
        elif (repaired := peer.repairs.get(ssrc)) is not None:
            self._repair(peer, repaired, packet, now)
        else:
            self._learn(peer, packet, now)

    def _media(self, peer: Peer, layer: Layer, packet: RtpPacket, now: float) -> None:
        producer = layer.producer
        if packet.payload_type != producer.config.payload_type:
            raise RemotePacketError("payload_type_unknown")
        reception = layer.reception
        place = reception.accept(packet.sequence, packet.timestamp, now)
        if place is None:
            raise RemotePacketError("duplicate_or_late")
        if reception.missing and producer.config.nack:
            self.torn.add(layer)
        if not layer.take(packet, place, now):
            peer.drops["padding"] += 1
        elif not producer.paused and (level := packet.extensions.get(producer.config.extensions.audio_level)):
            producer.loudness.add(level)

    def _repair(self, peer: Peer, layer: Layer, packet: RtpPacket, now: float) -> None:
        config = layer.producer.config
        if packet.payload_type != config.rtx_payload_type:
            raise RemotePacketError("payload_type_unknown")
        if layer.ssrc is None:
            raise RemotePacketError("rtx_unasked")
        sequence, payload = retransmit.unwrap(packet)
        place = layer.reception.repair(sequence, now)
        if place is None:
            raise RemotePacketError("rtx_unasked")
        layer.repairs += 1
        packet.data = rtp.write(
            packet, payload_type=config.payload_type, ssrc=layer.ssrc, sequence=sequence, payload=payload
        )
        packet.payload_type, packet.ssrc = config.payload_type, layer.ssrc
        packet.sequence, packet.payload = sequence, payload
        if not layer.take(packet, place, now):
            peer.drops["padding"] += 1

    def _learn(self, peer: Peer, packet: RtpPacket, now: float) -> None:
        """Finds the layer of a new SSRC by mid and rid (RFC 8852, RFC 9143 §9.2)."""
        for producer in peer.producers:
            config = producer.config
            if packet.extensions.get(config.extensions.mid) != producer.mid:
                continue
            if packet.payload_type == config.payload_type:
                layer = _encoding(producer, packet.extensions.get(config.extensions.rid))
                if layer is not None:
                    self._bind(peer, layer, packet.ssrc, now)
                    self._media(peer, layer, packet, now)
                    return
            elif packet.payload_type == config.rtx_payload_type:
                layer = _encoding(producer, packet.extensions.get(config.extensions.repaired_rid))
                if layer is not None:
                    peer.bind_repairs(layer, packet.ssrc)
                    self._repair(peer, layer, packet, now)
                    return
        raise RemotePacketError("ssrc_unknown")

    def _bind(self, peer: Peer, layer: Layer, ssrc: int, now: float) -> None:
        if layer.ssrc is not None:
            # The browser began anew: nothing of the old numbering holds.
            layer.restart()
            if layer.producer.tap is not None:
                layer.producer.tap.interrupt()
        peer.bind(layer, ssrc)
        if layer.waiting or layer.key_frame_wanted:
            self.ask_key_frame(layer, now)

    # --- RTCP ---
    def _rtcp(self, peer: Peer, datagram: bytes, now: float) -> None:
        srtp = peer.srtp
        if srtp is None:
            raise RemotePacketError("no_keys")
        ssrc = int.from_bytes(datagram[4:8], "big")
        peer.admit(now, _RTCP_COST)
        peer.admit_ssrc(ssrc)
        compound = rtcp.parse(srtp.open_rtcp(datagram))
        peer.ssrcs.add(ssrc)
        if compound.malformed:
            peer.drops["rtcp_malformed"] += compound.malformed
        for message in compound.messages:
            self._obey(peer, message, now)

    def _obey(self, peer: Peer, message: rtcp.RtcpMessage, now: float) -> None:
        match message:
            case rtcp.SenderReport():
                self._sender_reported(peer, message, now)
                self._receiver_reported(peer, message.blocks, now)
            case rtcp.ReceiverReport():
                self._receiver_reported(peer, message.blocks, now)
            case rtcp.Nack():
                consumer = peer.consumers.get(message.ssrc)
                if consumer is not None:
                    consumer.repair(message.sequences, now)
            case rtcp.KeyFrameRequest():
                consumer = peer.consumers.get(message.ssrc)
                if consumer is not None:
                    consumer.key_frame_requests += 1
                    if consumer.current is not None:
                        self.ask_key_frame(consumer.current, now)
            case rtcp.BitrateLimit():
                peer.estimator.limit(message.bps)
            case rtcp.TransportFeedback():
                fates = peer.departures.fates(transport_cc.read(message.body))
                peer.estimator.feedback(fates, now)
            case rtcp.Goodbye():
                pass  # A stream ends when control says so.
            case _:
                assert_never(message)

    def _sender_reported(self, peer: Peer, report: rtcp.SenderReport, now: float) -> None:
        layer = peer.layers.get(report.ssrc)
        if layer is None:
            return
        layer.report = report
        layer.report_at = now
        if layer.producer.tap is not None and not layer.producer.paused:
            layer.producer.tap.report(layer, report, now)

    def _receiver_reported(self, peer: Peer, blocks: tuple[rtcp.ReportBlock, ...], now: float) -> None:
        for block in blocks:
            consumer = peer.consumers.get(block.ssrc)
            if consumer is not None:
                consumer.reported(block, now)


def _encoding(producer: Incoming, rid: bytes | None) -> Layer | None:
    """The layer that a rid names; without rid the only one, unless its SSRC was signalled."""
    if rid is None:
        only = producer.layers[0]
        return only if len(producer.layers) == 1 and only.encoding.ssrc is None else None
    for layer in producer.layers:
        if layer.encoding.rid is not None and layer.encoding.rid.encode() == rid:
            return layer
    return None
