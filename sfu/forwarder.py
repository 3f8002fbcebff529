"""The forwarder in Python: desired state into the tables of the path, a socket and a clock around it.

``open_forwarder`` is the way in. What a packet goes through is in ``sfu/path.py``, what happens by
the clock in ``sfu/duties.py``; here is only who exists, and who closes whom.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from sfu.counting import counters
from sfu.duties import TICK_S, Duties
from sfu.ice import Address
from sfu.incoming import Incoming
from sfu.interface import (
    ConsumerConfig,
    Counters,
    EventSink,
    Extensions,
    ProducerConfig,
    SrtpKeys,
    TransportConfig,
)
from sfu.outgoing import Outgoing
from sfu.path import Path
from sfu.peer import Peer
from sfu.srtp import Srtp
from sfu.tapping import Tap
from sfu.wire import UdpSocket

Clock = Callable[[], float]


class Wire(Protocol):
    """The way to the network."""

    @property
    def port(self) -> int:
        """The bound UDP port."""

    def send(self, datagram: bytes, address: Address) -> bool:
        """Sends at once or says that the socket would not take it."""

    def close(self) -> None:
        """Nothing is received or sent any more."""


async def open_forwarder(
    listen: str, port: int, sink: EventSink, *, now: Clock = time.monotonic, wall: Clock = time.time
) -> "PythonForwarder":
    """Binds the socket (port 0: any free one) and forwards until ``close``.

    ``sink`` is called on the event loop, between datagrams; it must not block and may call back.
    """
    loop = asyncio.get_running_loop()
    wire = UdpSocket(listen, port, loop)
    forwarder = PythonForwarder(wire, sink, now=now, wall=wall)
    wire.start(forwarder.receive, now)
    forwarder.start(loop)
    return forwarder


class PythonForwarder:
    """Implements ``sfu.interface.Forwarder``."""

    def __init__(
        self,
        wire: Wire,
        sink: EventSink,
        *,
        now: Clock,
        wall: Clock,
        draw: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        """``draw(n)`` gives a number below n."""
        self._wire = wire
        self._now = now
        self._wall = wall
        self._draw = draw
        self._path = Path(sink)
        self._duties = Duties(self._path, now())
        self._extensions: dict[Extensions, Extensions] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def port(self) -> int:
        """The bound UDP port."""
        return self._wire.port

    def receive(self, datagram: bytes, address: Address, now: float, waited_s: float = 0.0) -> None:
        """Takes one datagram from the wire, where it waited for us."""
        answer = self._path.receive(datagram, address, now, waited_s)
        if answer is not None:
            self._wire.send(answer, address)

    def tick(self, now: float) -> None:
        """Does what is due by the clock; call it every ``duties.TICK_S``."""
        self._duties.tick(now)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ticks on this loop until ``close``."""
        self.tick(self._now())
        self._timer = loop.call_later(TICK_S, self.start, loop)

    async def close(self) -> None:
        """Closes the socket; no event follows."""
        if self._timer is not None:
            self._timer.cancel()
        self._wire.close()

    # --- transports ---
    def add_transport(self, config: TransportConfig) -> None:
        """Answers STUN for these credentials from now on."""
        assert config.id not in self._path.peers, "transport ids are unique"
        reporter = 1 + self._draw((1 << 32) - 1)
        peer = Peer(config.id, reporter, self._wire.send, self._now())
        peer.ice = self._path.ice.add(peer, config.username_fragment, config.password)
        self._path.peers[config.id] = peer

    def set_credentials(self, transport: str, username_fragment: str, password: str) -> None:
        """ICE restart: new credentials; the old ones keep working until the new ones are nominated."""
        self._path.ice.restart(self._path.peers[transport].ice, username_fragment, password)

    def set_keys(self, transport: str, keys: SrtpKeys) -> None:
        """Media flows on this transport from now on; the same keys again change nothing."""
        peer = self._path.peers[transport]
        # New sessions would forget which packets were seen and let them be replayed.
        if peer.srtp is None or peer.srtp.keys != keys:
            peer.srtp = Srtp(keys)
            peer.unsettled = True

    def send_dtls(self, transport: str, data: bytes) -> None:
        """Sends a DTLS record to the peer's current address; dropped when there is none yet."""
        peer = self._path.peers.get(transport)
        if peer is not None:
            peer.send_plain(data)

    def remove_transport(self, transport: str) -> None:
        """Removes a transport and everything on it."""
        peer = self._path.peers.get(transport)
        if peer is None:
            return
        for producer in list(peer.producers):
            self.remove_producer(producer.config.id)
        for viewer in list(peer.consumers.values()):
            self.remove_consumer(viewer.config.id)
        self._path.ice.remove(peer.ice)
        self._path.heard.discard(peer)
        del self._path.peers[transport]

    # --- producers ---
    def add_producer(self, config: ProducerConfig) -> None:
        """Accepts this stream. Paused: received and counted, forwarded to nobody, not tapped."""
        assert config.id not in self._path.incoming, "producer ids are unique"
        assert config.encodings, "a producer has at least one encoding"
        peer = self._path.peers[config.transport]
        producer = Incoming(config)
        self._path.incoming[config.id] = producer
        self._path.viewers[config.id] = {}
        peer.producers.append(producer)
        if config.extensions.transport_cc:
            peer.transport_cc = config.extensions.transport_cc
        for layer in producer.layers:
            # A later producer of the same browser wins an SSRC: the one before is being closed.
            if layer.ssrc is not None:
                peer.layers[layer.ssrc] = layer
            if layer.rtx_ssrc is not None:
                peer.repairs[layer.rtx_ssrc] = layer

    def set_producer_paused(self, producer: str, *, paused: bool) -> None:
        """The mute of the log. A resumed video producer is asked for a key frame."""
        incoming = self._path.incoming.get(producer)
        if incoming is None or incoming.paused == paused:
            return
        incoming.paused = paused
        now = self._now()
        if paused and incoming.tap is not None:
            incoming.tap.interrupt()
        for viewer in self._path.viewers[producer].values():
            if paused:
                viewer.aim(None, now)
            else:
                viewer.settle(now)

    def set_tap(self, producer: str, *, on: bool) -> None:
        """Emits ``Tapped`` for this producer: highest flowing layer, beginning at a key frame."""
        incoming = self._path.incoming.get(producer)
        if incoming is None or on == (incoming.tap is not None):
            return
        if on:
            incoming.tap = Tap(incoming, self._wall() - self._now())
            return
        self._end_tap(incoming)

    def remove_producer(self, producer: str) -> None:
        """Removes a producer and its consumers."""
        path = self._path
        incoming = path.incoming.get(producer)
        if incoming is None:
            return
        self._end_tap(incoming)
        for viewer in list(path.viewers[producer]):
            self.remove_consumer(viewer)
        peer = path.peers[incoming.config.transport]
        peer.producers.remove(incoming)
        for layer in incoming.layers:
            path.torn.discard(layer)
            path.dark.discard(layer)
            peer.forget_layer(layer)
        del path.viewers[producer]
        del path.incoming[producer]

    # --- consumers ---
    def add_consumer(self, config: ConsumerConfig) -> None:
        """Prepares a stream to a viewer."""
        assert config.id not in self._path.outgoing, "consumer ids are unique"
        peer = self._path.peers[config.transport]
        producer = self._path.incoming[config.producer]
        assert config.ssrc not in peer.consumers, "SSRCs are unique on a transport"
        extensions = self._extensions.setdefault(config.extensions, config.extensions)
        # Below 2**15: the receiver must see the first roll-over to count it (RFC 3711 §3.3.1).
        first = 1 + self._draw((1 << 15) - 1)
        viewer = Outgoing(config, producer, peer, extensions=extensions, first=first, notify=self._path.emit)
        peer.consumers[config.ssrc] = viewer
        self._path.outgoing[config.id] = viewer
        self._path.viewers[config.producer][config.id] = viewer
        viewer.settle(self._now())

    def set_consumer_paused(self, consumer: str, *, paused: bool) -> None:
        """A resumed video consumer starts at a key frame, which is asked for."""
        viewer = self._path.outgoing.get(consumer)
        if viewer is None:
            return
        viewer.paused = paused
        if paused:
            viewer.aim(None, self._now())
        else:
            viewer.settle(self._now())

    def set_layer_wish(self, consumer: str, layer_max: int | None, priority: int) -> None:
        """The highest layer worth sending for the size shown (None: nothing), and who goes first
        when the estimate is short (higher first)."""
        viewer = self._path.outgoing.get(consumer)
        if viewer is None:
            return
        viewer.layer_max = layer_max
        viewer.priority = priority
        viewer.settle(self._now())

    def remove_consumer(self, consumer: str) -> None:
        """Removes a consumer."""
        viewer = self._path.outgoing.pop(consumer, None)
        if viewer is None:
            return
        viewer.close()
        viewer.peer.forget_consumer(viewer)
        viewer.peer.unsettled = True
        del self._path.viewers[viewer.config.producer][consumer]

    def counters(self, transports: Sequence[str] | None = None) -> Counters:
        """Statistics, of all or of some transports."""
        return counters(self._path, transports)

    def _end_tap(self, incoming: Incoming) -> None:
        tap, incoming.tap = incoming.tap, None
        if tap is not None:
            for event in tap.flush():
                self._path.emit(event)
