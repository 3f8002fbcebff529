"""A router: the media of one room's running class, and its obedience to the room's log.

The log decides, the router obeys. After each commit ``obey`` compares what is here with what the
state says and closes, pauses or starts the difference; it does not care which event made it so, and
doing it twice changes nothing. Nothing here becomes true by itself: a producer waits for the log
(``sfu.following``), and a track whose path is lost is reported to it.

Synchronous but for the handshakes, which run as tasks of the node.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from msgspec import Struct

from rooms.consent import is_recorded
from rooms.state import RoomState
from schemas.ids import ConnectionId, NodeId, ParticipantId, RoomKey, TrackId
from schemas.limits import LEVELS_SENT_MAX, TRANSPORT_UNUSED_S, TRANSPORTS_PER_PARTICIPANT_MAX
from schemas.media import Source
from schemas.rtp import DtlsParameters, IceCandidate, RtpCapabilities
from schemas.signalling import Direction, LayerChanged, Level, Levels, Produce, TransportClosed
from sfu import ortc, speaker
from sfu.consumer import Consumer
from sfu.dtls import Certificate, Turnstile
from sfu.errors import RemoteDtlsError
from sfu.interface import Forwarder, Tapped
from sfu.producer import Producer
from sfu.signals import Signals
from sfu.tap import RoomTap
from sfu.transport import Transport

log = logging.getLogger(__name__)

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Parts(Struct, frozen=True):
    """What all routers of a node share."""

    node: NodeId
    forwarder: Forwarder
    certificate: Certificate
    turnstile: Turnstile
    candidates: tuple[IceCandidate, ...]
    signals: Signals
    spawn: Spawn


class Router:
    """Invariant: a producer flows only while the followed state has its track, open, on this node."""

    def __init__(
        self,
        key: RoomKey,
        parts: Parts,
        *,
        tap: RoomTap,
        report_closed: Callable[[TrackId, ParticipantId], None],
    ) -> None:
        self.key = key
        self.state: RoomState | None = None
        self.transports: dict[str, Transport] = {}
        self.producers: dict[TrackId, Producer] = {}
        self.consumers: dict[str, Consumer] = {}
        self._parts = parts
        self._tap = tap
        self._report_closed = report_closed
        self._handshakes: dict[str, asyncio.Task[None]] = {}
        self._stage = speaker.Stage()
        self._had_levels = False

    # --- the log ---------------------------------------------------------------------------------
    @property
    def is_here(self) -> bool:
        """Whether the class runs, and on this node, as far as the log was followed."""
        state = self.state
        return state is not None and state.live is not None and state.placement.node == self._parts.node

    @property
    def epoch(self) -> int:
        """The media epoch, as far as the log was followed."""
        return self.state.placement.epoch if self.state is not None else 0

    def obey(self, state: RoomState) -> None:
        """Makes the media agree with the log."""
        before, self.state = self.state, state
        if not self.is_here or (before is not None and before.placement.epoch != state.placement.epoch):
            self._close_all()
        if before is None or before.participants is not state.participants:
            self._obey_roster(state)
        if before is None or before.tracks is not state.tracks:
            self._obey_tracks(state)
        self._obey_recording(state)

    def _obey_roster(self, state: RoomState) -> None:
        for transport in tuple(self.transports.values()):
            if transport.participant not in state.participants:
                self.close_transport(transport)
        if self._stage.speaker is not None and self._stage.speaker not in state.participants:
            self._stage = speaker.leave(self._stage, self._stage.speaker)

    def _obey_tracks(self, state: RoomState) -> None:
        for producer in tuple(self.producers.values()):
            track = state.tracks.get(producer.id)
            if track is not None and track.participant == producer.participant:
                producer.obey(muted=track.muted)
            elif producer.is_published:
                self.close_producer(producer)

    def _obey_recording(self, state: RoomState) -> None:
        recording = state.recording.id if state.recording is not None and self.is_here else None
        if recording != self._tap.recording:
            # Off first and on last: what is tapped in between still belongs to the recording that ends.
            for producer in self.producers.values():
                self._set_tap(producer, on=False)
            self._tap.switch_to(recording)
        for producer in self.producers.values():
            self._set_tap(producer, on=self._is_kept(producer.participant))

    def _is_kept(self, participant: ParticipantId) -> bool:
        """Whether a recording runs, is not paused, and has this person in it."""
        state = self.state
        if state is None or state.recording is None or self._tap.recording is None:
            return False
        return state.recording.status == "recording" and is_recorded(state.consents, participant)

    def _set_tap(self, producer: Producer, *, on: bool) -> None:
        if producer.is_tapped != on:
            producer.is_tapped = on
            self._parts.forwarder.set_tap(producer.id, on=on)

    # --- requests --------------------------------------------------------------------------------
    def open(
        self, participant: ParticipantId, connection: ConnectionId, now: float
    ) -> tuple[Transport, Transport]:
        """A pair of transports for a participant. Older connections' transports make room, and so do
        the oldest ones beyond the limit."""
        theirs = [t for t in self.transports.values() if t.participant == participant]
        kept = [t for t in theirs if t.connection == connection]
        for transport in theirs:
            if transport.connection != connection:
                self.close_transport(transport)
        while len(kept) + 2 > TRANSPORTS_PER_PARTICIPANT_MAX:
            self.close_transport(kept.pop(0), tell=True)
        return (
            self._open_transport(participant, connection, "send", now),
            self._open_transport(participant, connection, "recv", now),
        )

    def _open_transport(
        self, participant: ParticipantId, connection: ConnectionId, direction: Direction, now: float
    ) -> Transport:
        parts = self._parts
        transport = Transport(
            new_id("w"),
            participant=participant,
            connection=connection,
            direction=direction,
            forwarder=parts.forwarder,
            certificate=parts.certificate,
            turnstile=parts.turnstile,
            opened_at=now,
        )
        self.transports[transport.id] = transport
        return transport

    def connect(self, transport: Transport, remote: DtlsParameters) -> None:
        """Begins the handshake. Raises RemoteParametersError."""
        if transport.connect(remote):
            self._handshakes[transport.id] = self._parts.spawn(self._shake_hands(transport, remote))

    async def _shake_hands(self, transport: Transport, remote: DtlsParameters) -> None:
        try:
            await transport.link.run(remote)
            log.debug("transport %s ended by its browser", transport.id)
        except RemoteDtlsError as error:
            log.info("transport %s: %s", transport.id, error)
        self._handshakes.pop(transport.id, None)
        self.close_transport(transport, tell=True)

    def add_producer(self, transport: Transport, wish: Produce) -> Producer:
        """A producer that the log does not know yet. Raises RemoteParametersError."""
        sent = ortc.producer(
            producer_id=new_id("t"),
            transport=transport.id,
            kind=wish.kind,
            parameters=wish.rtp_parameters,
        )
        transport.check_free(sent)
        size_px = (wish.width_px, wish.height_px) if wish.width_px and wish.height_px else None
        producer = Producer(
            sent, source=wish.source, size_px=size_px, transport=transport, forwarder=self._parts.forwarder
        )
        self.producers[producer.id] = producer
        self._set_tap(producer, on=self._is_kept(producer.participant))
        return producer

    def add_consumer(
        self, transport: Transport, producer: Producer, capabilities: RtpCapabilities
    ) -> Consumer | None:
        """A paused consumer; None when this browser cannot decode the track."""
        ssrc, rtx_ssrc = transport.free_ssrcs()
        found = ortc.consumer(
            producer.sent,
            capabilities,
            consumer_id=new_id("c"),
            transport=transport.id,
            mid=transport.next_mid(),
            ssrc=ssrc,
            rtx_ssrc=rtx_ssrc,
            # Sound and picture of one person share a name, so that the browser plays them in step.
            cname=f"{producer.participant}-{_stream_of(producer.source)}",
        )
        if found is None:
            return None
        config, told = found
        consumer = Consumer(
            config, told, transport=transport, producer=producer, forwarder=self._parts.forwarder
        )
        self.consumers[consumer.id] = consumer
        return consumer

    # --- closing: the table stands in ``sfu/__init__.py`` ------------------------------------------
    def close_transport(self, transport: Transport, *, tell: bool = False) -> None:
        """Closes a transport and all on it. Tracks that the log still has are reported; the browser is
        told when it was not its own wish (``tell``)."""
        if transport.is_closed:
            return
        producers, consumers = tuple(transport.producers.values()), tuple(transport.consumers.values())
        gone = (*consumers, *_consumers_of(producers))
        transport.close()
        self._forget(producers, gone)
        del self.transports[transport.id]
        handshake = self._handshakes.pop(transport.id, None)
        if handshake is not None:
            handshake.cancel()
        if tell:
            closed = TransportClosed(transport.id)
            self._parts.signals.put(self.key, "transport_closed", closed, to=(transport.participant,))
        for producer in producers:
            if self.is_here and self.state is not None and producer.id in self.state.tracks:
                self._report_closed(producer.id, transport.participant)

    def close_producer(self, producer: Producer) -> None:
        """Closes a producer and its consumers; the log has closed the track, or never had it."""
        if not producer.is_closed:
            gone = _consumers_of((producer,))
            producer.close()
            self._forget((producer,), gone)

    def close_consumer(self, consumer: Consumer) -> None:
        """Closes a consumer."""
        consumer.close()
        self._forget((), (consumer,))

    def close(self) -> None:
        """Closes everything and reports nothing: the node leaves, or the log sent the class away."""
        self.state = None
        self._close_all()
        self._tap.switch_to(None)

    def sweep(self, now: float) -> None:
        """Closes transports that were opened and never used."""
        for transport in tuple(self.transports.values()):
            if transport.state == "new" and now - transport.opened_at >= TRANSPORT_UNUSED_S:
                self.close_transport(transport)

    def _close_all(self) -> None:
        for transport in tuple(self.transports.values()):
            self.close_transport(transport)

    def _forget(self, producers: Iterable[Producer], consumers: Iterable[Consumer]) -> None:
        # After the packet path let go: its last tapped packets still find their track here.
        for producer in producers:
            del self.producers[producer.id]
            self._tap.end_track(producer.id)
        for consumer in consumers:
            self.consumers.pop(consumer.id, None)

    # --- the packet path ---------------------------------------------------------------------------
    def layer_selected(self, consumer: Consumer, layer: int | None) -> None:
        """Tells the viewer which layer it gets."""
        changed = LayerChanged(consumer.id, layer)
        self._parts.signals.put(self.key, "layer", changed, to=(consumer.transport.participant,))

    def tapped(self, producer: Producer, tapped: Tapped) -> None:
        """Packets for the recording."""
        self._tap.add(producer.id, tapped)

    def measured(self, measured: Iterable[tuple[Producer, int]], now: float) -> None:
        """Tells the room how loud its microphones are; once more when they fell silent."""
        loudness: dict[ParticipantId, int] = {}
        for producer, level in measured:
            is_heard = producer.source is Source.MICROPHONE and not producer.paused
            if is_heard and level < speaker.SILENCE_DB:
                loudness[producer.participant] = min(level, loudness.get(producer.participant, level))
        if not loudness and not self._had_levels:
            return
        self._had_levels = bool(loudness)
        loudest = sorted((Level(who, level) for who, level in loudness.items()), key=lambda x: x.level)
        self._stage = speaker.listen(self._stage, loudest, now)
        levels = Levels(tuple(loudest[:LEVELS_SENT_MAX]), self._stage.speaker)
        self._parts.signals.put(self.key, "levels", levels)


def new_id(prefix: str) -> str:
    """A random identifier: unguessable and unique on every node."""
    return prefix + secrets.token_hex(10)


def _consumers_of(producers: Iterable[Producer]) -> tuple[Consumer, ...]:
    return tuple(c for p in producers for c in p.consumers.values())


def _stream_of(source: Source) -> str:
    return "screen" if source in (Source.SCREEN, Source.SCREEN_AUDIO) else "person"
