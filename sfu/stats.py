"""What a participant is told of its own media: the packet path's counters in the words of the log."""

from schemas.ids import ParticipantId, TrackId
from schemas.signalling import MediaStats, StreamStats, TransportStats
from sfu.consumer import Consumer
from sfu.interface import Forwarder, StreamCounters, TransportCounters
from sfu.producer import Producer
from sfu.router import Router
from sfu.transport import Transport


def of_participant(router: Router, participant: ParticipantId, forwarder: Forwarder) -> MediaStats:
    """Statistics of one participant's transports and of all streams on them."""
    theirs = {t.id: t for t in router.transports.values() if t.participant == participant}
    counters = forwarder.counters(tuple(theirs))
    streams = []
    for counted in counters.streams:
        stream = _stream(router, counted)
        if stream is not None and stream.transport.id in theirs:
            streams.append(_stream_stats(stream, counted))
    return MediaStats(
        tuple(_transport_stats(theirs[c.id], c) for c in counters.transports if c.id in theirs),
        tuple(streams),
    )


def _stream(router: Router, counted: StreamCounters) -> Producer | Consumer | None:
    if counted.role == "consumer":
        return router.consumers.get(counted.id)
    return router.producers.get(TrackId(counted.id))


def _transport_stats(transport: Transport, counted: TransportCounters) -> TransportStats:
    return TransportStats(
        id=transport.id,
        direction=transport.direction,
        state=transport.state,
        rtt_ms=counted.rtt_ms,
        bytes_sent=counted.bytes_sent,
        bytes_received=counted.bytes_received,
        available_outgoing_bps=counted.available_outgoing_bps,
    )


def _stream_stats(stream: Producer | Consumer, counted: StreamCounters) -> StreamStats:
    producer = stream if isinstance(stream, Producer) else stream.producer
    return StreamStats(
        id=stream.id,
        track=producer.id,
        direction=stream.transport.direction,
        kind=producer.kind,
        layer=counted.layer,
        packets=counted.packets,
        bytes=counted.bytes,
        bitrate_bps=counted.bitrate_bps,
        loss=counted.loss,
        jitter_ms=counted.jitter_ms,
        nacks=counted.nacks,
        retransmits=counted.retransmits,
        key_frame_requests=counted.key_frame_requests,
        paused=stream.paused,
    )
