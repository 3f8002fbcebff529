"""A router between a class on the log and a packet path that records; nothing is running."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, cast

from msgspec.structs import replace

from bus.interface import Core, Records
from rooms.consent import is_recorded
from schemas.commands import Command
from schemas.commands.tracks import CloseTrack
from schemas.envelope import Actor
from schemas.ids import ConnectionId, NodeId, ParticipantId, RoomKey, TrackId
from schemas.media import KIND_OF_SOURCE, MediaKind, Source
from schemas.signalling import Produce
from sfu.consumer import Consumer
from sfu.dtls import Certificate, Turnstile, make_certificate
from sfu.interface import (
    ConsumerConfig,
    Counters,
    ProducerConfig,
    SrtpKeys,
    TransportConfig,
    TransportCounters,
)
from sfu.producer import Producer
from sfu.router import Parts, Router
from sfu.signals import Signals
from sfu.tap import RoomTap, TrackTap
from sfu.transport import Transport
from tests.unit.rooms.classroom import KEY, NODE, SERVICE, Class, publishing, who
from tests.unit.sfu_control import browser

CERTIFICATE: Certificate = make_certificate()


class RecordingForwarder:
    """A packet path without packets. It refuses what the interface does not allow."""

    port = 44_444

    def __init__(self) -> None:
        self.transports: dict[str, TransportConfig] = {}
        self.producers: dict[str, ProducerConfig] = {}
        self.consumers: dict[str, ConsumerConfig] = {}
        self.flowing: set[str] = set()
        self.tapped: set[str] = set()
        self.wishes: dict[str, tuple[int | None, int]] = {}
        self.credentials: dict[str, str] = {}

    @property
    def is_empty(self) -> bool:
        return not (self.transports or self.producers or self.consumers or self.flowing or self.tapped)

    def add_transport(self, config: TransportConfig) -> None:
        assert config.id not in self.transports
        assert config.username_fragment not in self.credentials.values()
        self.transports[config.id] = config
        self.credentials[config.id] = config.username_fragment

    def set_credentials(self, transport: str, username_fragment: str, password: str) -> None:
        assert transport in self.transports
        self.credentials[transport] = username_fragment

    def set_keys(self, transport: str, keys: SrtpKeys) -> None:
        assert transport in self.transports

    def send_dtls(self, transport: str, data: bytes) -> None:
        assert transport in self.transports

    def remove_transport(self, transport: str) -> None:
        del self.transports[transport], self.credentials[transport]
        for producer in [p.id for p in self.producers.values() if p.transport == transport]:
            self.remove_producer(producer)
        for consumer in [c.id for c in self.consumers.values() if c.transport == transport]:
            self.remove_consumer(consumer)

    def add_producer(self, config: ProducerConfig) -> None:
        assert config.transport in self.transports
        assert config.id not in self.producers
        self.producers[config.id] = config
        if not config.paused:
            self.flowing.add(config.id)

    def set_producer_paused(self, producer: str, *, paused: bool) -> None:
        assert producer in self.producers
        (self.flowing.discard if paused else self.flowing.add)(producer)

    def set_tap(self, producer: str, *, on: bool) -> None:
        assert producer in self.producers
        (self.tapped.add if on else self.tapped.discard)(producer)

    def remove_producer(self, producer: str) -> None:
        if self.producers.pop(producer, None) is not None:
            self.flowing.discard(producer)
            self.tapped.discard(producer)
            for consumer in [c.id for c in self.consumers.values() if c.producer == producer]:
                self.remove_consumer(consumer)

    def add_consumer(self, config: ConsumerConfig) -> None:
        assert config.transport in self.transports
        assert config.producer in self.producers
        on_it = [c for c in self.consumers.values() if c.transport == config.transport]
        assert config.mid not in [c.mid for c in on_it]
        self.consumers[config.id] = config

    def set_consumer_paused(self, consumer: str, *, paused: bool) -> None:
        assert consumer in self.consumers

    def set_layer_wish(self, consumer: str, layer_max: int | None, priority: int) -> None:
        assert consumer in self.consumers
        self.wishes[consumer] = layer_max, priority

    def remove_consumer(self, consumer: str) -> None:
        if self.consumers.pop(consumer, None) is not None:
            self.wishes.pop(consumer, None)

    def counters(self, transports: Sequence[str] | None = None) -> Counters:
        names = self.transports if transports is None else transports
        return Counters(tuple(TransportCounters(n, 0, 0, 0, 0, None, None, {}) for n in names), ())

    async def close(self) -> None:
        assert self.is_empty


class SignalsHeard(Signals):
    """Signals, kept instead of sent."""

    def __init__(self) -> None:
        super().__init__(cast("Core", None))
        self.heard: list[tuple[str, Any, tuple[ParticipantId, ...]]] = []

    def put(self, key: RoomKey, kind: str, data: Any, *, to: tuple[ParticipantId, ...] = ()) -> None:
        assert key == KEY
        self.heard.append((kind, data, to))


class _NeverRun:
    """A task that never gets its turn."""

    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self._work = work

    def cancel(self) -> None:
        self._work.close()


class Studio:
    """A live class with people, and the router of its node. ``step`` brings the router up to the log."""

    def __init__(self, *people: Actor) -> None:
        self.school = Class().live(*people)
        self.forwarder = RecordingForwarder()
        self.signals = SignalsHeard()
        self.reported: list[TrackId] = []
        self.taps: list[TrackTap] = []
        self.tasks: list[_NeverRun] = []
        self.router = Router(
            KEY,
            Parts(
                node=NodeId(NODE),
                forwarder=self.forwarder,
                certificate=CERTIFICATE,
                turnstile=Turnstile(),
                candidates=(),
                signals=self.signals,
                spawn=self._spawn,
            ),
            tap=RoomTap(KEY, cast("Records", None), self.taps.append),
            report_closed=lambda track, _: self.reported.append(track),
        )
        self.step()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = _NeverRun(work)
        self.tasks.append(task)
        return cast("asyncio.Task[None]", task)

    def step(self) -> None:
        self.router.obey(self.school.state)

    def says(self, actor: Actor, *commands: Command) -> None:
        """Somebody asks the log, and the router follows."""
        for command in commands:
            self.school.facts(actor, command)
            self.step()

    def hear_reports(self) -> None:
        """The log takes what the router reported."""
        while self.reported:
            self.says(SERVICE, CloseTrack(self.reported.pop(0)))

    def open(self, actor: Actor, connection: str = "socket", now: float = 0.0) -> tuple[Transport, Transport]:
        return self.router.open(who(actor), ConnectionId(connection), now)

    def send(self, transport: Transport, source: Source) -> Producer:
        """A browser sends something; the log does not know it yet."""
        kind = KIND_OF_SOURCE[source]
        number = len(transport.producers)
        raw = (
            browser.microphone(ssrc=1000 + number, mid=str(number))
            if kind is MediaKind.AUDIO
            else browser.camera(mid=str(number))
        )
        wish = Produce(transport.id, kind, source, browser.parameters(raw))
        return self.router.add_producer(transport, wish)

    def publish(self, actor: Actor, transport: Transport, source: Source, *, muted: bool = False) -> Producer:
        """The same, and the log takes it."""
        producer = self.send(transport, source)
        command = publishing(actor, source, self.school.state.placement.epoch, producer.id)
        self.says(SERVICE, replace(command, muted=muted))
        return producer

    def watch(self, transport: Transport, producer: Producer) -> Consumer:
        consumer = self.router.add_consumer(transport, producer, browser.receiving())
        assert consumer is not None
        return consumer

    def check(self) -> None:
        """The invariants of ``sfu/__init__.py``."""
        router, forwarder = self.router, self.forwarder
        assert set(router.transports) == set(forwarder.transports)
        assert set(router.producers) == set(forwarder.producers)
        assert set(router.consumers) == set(forwarder.consumers)
        tracks = self.school.state.tracks if router.is_here else {}
        assert forwarder.flowing == {p for p in router.producers if p in tracks and not tracks[p].muted}
        for transport in router.transports.values():
            assert transport.participant in self.school.state.participants
            assert all(router.producers[p] is found for p, found in transport.producers.items())
            assert all(router.consumers[c] is found for c, found in transport.consumers.items())
        for producer in router.producers.values():
            assert all(router.consumers[c] is found for c, found in producer.consumers.items())
        state = self.school.state
        runs = router.is_here and state.recording is not None and state.recording.status == "recording"
        kept = {
            p.id for p in router.producers.values() if runs and is_recorded(state.consents, p.participant)
        }
        assert forwarder.tapped == kept
