"""The packet path's statistics, gathered when somebody asks."""

from collections.abc import Sequence

from sfu.incoming import Layer
from sfu.interface import Counters, StreamCounters, TransportCounters
from sfu.outgoing import Outgoing
from sfu.path import Path
from sfu.peer import Peer


def counters(path: Path, transports: Sequence[str] | None) -> Counters:
    """All, or those of the named transports that exist."""
    names = path.peers.keys() if transports is None else [name for name in transports if name in path.peers]
    peers = [path.peers[name] for name in names]
    streams: list[StreamCounters] = []
    for peer in peers:
        streams += [_layer(layer) for producer in peer.producers for layer in producer.layers]
        streams += [_consumer(viewer) for viewer in peer.consumers.values()]
    return Counters(tuple(_transport(peer) for peer in peers), tuple(streams), dict(path.drops))


def _transport(peer: Peer) -> TransportCounters:
    drops = dict(peer.drops)
    if peer.consumers or peer.not_selected:
        not_selected = sum(viewer.not_selected for viewer in peer.consumers.values())
        drops["not_selected"] = peer.not_selected + not_selected
    return TransportCounters(
        id=peer.id,
        packets_received=peer.packets_received,
        bytes_received=peer.bytes_received,
        packets_sent=peer.packets_sent,
        bytes_sent=peer.bytes_sent,
        rtt_ms=_rtt_ms(peer),
        available_outgoing_bps=peer.estimator.available_bps if peer.estimator.heard else None,
        drops=drops,
    )


def _rtt_ms(peer: Peer) -> float | None:
    """From reports towards a viewer, from timed repairs towards a publisher."""
    if peer.rtt_s is not None:
        return peer.rtt_s * 1000
    timed = [layer.reception.round_trip_s for layer in peer.layers.values() if layer.repairs]
    return timed[-1] * 1000 if timed else None


def _layer(layer: Layer) -> StreamCounters:
    producer = layer.producer
    return StreamCounters(
        id=producer.config.id,
        role="producer",
        layer=layer.number,
        packets=layer.accepted,
        bytes=layer.rate.bytes,
        bitrate_bps=layer.rate.bps,
        loss=layer.reception.fraction_lost / 256,
        jitter_ms=layer.reception.jitter * 1000 / producer.config.clock_rate_hz,
        nacks=layer.nacks,
        retransmits=layer.repairs,
        key_frame_requests=layer.key_frame_requests,
    )


def _consumer(viewer: Outgoing) -> StreamCounters:
    return StreamCounters(
        id=viewer.config.id,
        role="consumer",
        layer=None if viewer.current is None else viewer.current.number,
        packets=viewer.sent,
        bytes=viewer.rate.bytes,
        bitrate_bps=viewer.rate.bps,
        loss=viewer.loss,
        jitter_ms=viewer.jitter_s * 1000,
        nacks=viewer.nacks,
        retransmits=viewer.retransmits,
        key_frame_requests=viewer.key_frame_requests,
    )
