"""The native forwarder: ``classwire_native`` behind the interface, its events on the event loop.

The packets are handled in Rust, on a thread without the GIL (``sfu/native``). Here desired state goes in
and events come out: an eventfd wakes the loop, which turns what waits into the types of the interface.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, assert_never

from schemas.artifacts import TapPacket, TapReport
from schemas.settings import SettingsError
from sfu.forwarder import open_forwarder
from sfu.interface import (
    ConsentLost,
    ConsumerConfig,
    Counters,
    DtlsDatagram,
    EventSink,
    Forwarder,
    ForwarderEvent,
    IceSelected,
    LayerSelected,
    LevelsMeasured,
    ProducerConfig,
    SrtpKeys,
    StreamCounters,
    Tapped,
    TransportConfig,
    TransportCounters,
)

if TYPE_CHECKING:
    from classwire_native import Event, NativePath

Clock = Callable[[], float]


def native_module() -> ModuleType | None:
    """The compiled module, if it is built for this Python."""
    try:
        return import_module("classwire_native")
    except ImportError:
        return None


def new_path(now: float) -> "NativePath":
    """A packet path without a socket yet. Raises ImportError when the module is not built."""
    path: NativePath = import_module("classwire_native").NativePath(now)
    return path


async def open_best(kind: str, listen: str, port: int, sink: EventSink) -> Forwarder:
    """The forwarder that ``CLASSWIRE_FORWARDER`` asks for: native, python, or auto for the native one where
    it is built. Raises SettingsError."""
    match kind:
        case "python":
            return await open_forwarder(listen, port, sink)
        case "native" | "auto":
            if native_module() is not None:
                return await open_native(listen, port, sink)
            if kind == "auto":
                return await open_forwarder(listen, port, sink)
            raise SettingsError(
                "CLASSWIRE_FORWARDER=native, but it is not built: `make run` builds it with cargo."
            )
        case _:
            raise SettingsError(f"CLASSWIRE_FORWARDER must be auto, native or python, not {kind!r}.")


async def open_native(listen: str, port: int, sink: EventSink) -> "NativeForwarder":
    """As ``sfu.forwarder.open_forwarder``. Raises ImportError when the module is not built."""
    forwarder = NativeForwarder(new_path(time.monotonic()), sink)
    forwarder.start(asyncio.get_running_loop(), listen, port)
    return forwarder


class NativeForwarder:
    """Implements ``sfu.interface.Forwarder``."""

    def __init__(
        self, path: "NativePath", sink: EventSink, *, now: Clock = time.monotonic, wall: Clock = time.time
    ) -> None:
        self._path = path
        self._sink = sink
        self._now = now
        self._wall = wall
        self._port = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def port(self) -> int:
        """The bound UDP port."""
        return self._port

    def start(self, loop: asyncio.AbstractEventLoop, listen: str, port: int) -> None:
        """Binds the socket and forwards until ``close``; events come on this loop."""
        self._port = self._path.open(listen, port)
        self._loop = loop
        loop.add_reader(self._path.announce_fd(), self.emit)

    def emit(self) -> None:
        """Hands all events that wait to the sink."""
        for row in self._path.take_events():
            self._sink(_event(row))

    async def close(self) -> None:
        """Closes the socket; no event follows."""
        if self._loop is not None:
            self._loop.remove_reader(self._path.announce_fd())
            self._loop = None
            # The thread ends within a tick; waiting for it here would stop the loop for as long.
            await asyncio.to_thread(self._path.close)

    # --- transports ---
    def add_transport(self, config: TransportConfig) -> None:
        """Answers STUN for these credentials from now on."""
        self._path.add_transport(config.id, config.username_fragment, config.password, self._now())

    def set_credentials(self, transport: str, username_fragment: str, password: str) -> None:
        """ICE restart: new credentials; the old ones keep working until the new ones are nominated."""
        self._path.set_credentials(transport, username_fragment, password)

    def set_keys(self, transport: str, keys: SrtpKeys) -> None:
        """Media flows on this transport from now on; the same keys again change nothing."""
        self._path.set_keys(transport, keys.profile, keys.receive, keys.send)

    def send_dtls(self, transport: str, data: bytes) -> None:
        """Sends a DTLS record to the peer's current address; dropped when there is none yet."""
        self._path.send_dtls(transport, data)

    def remove_transport(self, transport: str) -> None:
        """Removes a transport and everything on it."""
        self._path.remove_transport(transport)
        self._emit_caused()

    # --- producers ---
    def add_producer(self, config: ProducerConfig) -> None:
        """Accepts this stream. Paused: received and counted, forwarded to nobody, not tapped."""
        self._path.add_producer(config)

    def set_producer_paused(self, producer: str, *, paused: bool) -> None:
        """The mute of the log. A resumed video producer is asked for a key frame."""
        self._path.set_producer_paused(producer, paused, self._now())
        self._emit_caused()

    def set_tap(self, producer: str, *, on: bool) -> None:
        """Emits ``Tapped`` for this producer: highest flowing layer, beginning at a key frame."""
        self._path.set_tap(producer, on, self._wall() - self._now())
        self._emit_caused()

    def remove_producer(self, producer: str) -> None:
        """Removes a producer and its consumers."""
        self._path.remove_producer(producer)
        self._emit_caused()

    # --- consumers ---
    def add_consumer(self, config: ConsumerConfig) -> None:
        """Prepares a stream to a viewer."""
        self._path.add_consumer(config, self._now())

    def set_consumer_paused(self, consumer: str, *, paused: bool) -> None:
        """A resumed video consumer starts at a key frame, which is asked for."""
        self._path.set_consumer_paused(consumer, paused, self._now())
        self._emit_caused()

    def set_layer_wish(self, consumer: str, layer_max: int | None, priority: int) -> None:
        """The highest layer worth sending for the size shown (None: nothing), and who goes first
        when the estimate is short (higher first)."""
        self._path.set_layer_wish(consumer, layer_max, priority, self._now())
        self._emit_caused()

    def remove_consumer(self, consumer: str) -> None:
        """Removes a consumer."""
        self._path.remove_consumer(consumer)

    def counters(self, transports: Sequence[str] | None = None) -> Counters:
        """Statistics, of all or of some transports."""
        rows, streams, drops = self._path.counters(None if transports is None else list(transports))
        return Counters(
            tuple(TransportCounters(*row[:7], drops=dict(row[7])) for row in rows),
            tuple(StreamCounters(row[0], "producer" if row[1] else "consumer", *row[2:]) for row in streams),
            dict(drops),
        )

    def _emit_caused(self) -> None:
        """What this call caused is told before it returns, as the interface's order demands: a recording
        has its last packets before its end, a mute its consequences before the next wish."""
        for row in self._path.take_caused():
            self._sink(_event(row))


def _event(row: "Event") -> ForwarderEvent:
    match row:
        case ("dtls", transport, data):
            return DtlsDatagram(transport, data)
        case ("ice_selected", transport, address, port):
            return IceSelected(transport, address, port)
        case ("consent_lost", transport):
            return ConsentLost(transport)
        case ("tapped", producer, switch, packets, reports):
            return Tapped(producer, switch, _packets(packets), _reports(reports))
        case ("levels", levels):
            return LevelsMeasured(tuple(levels))
        case ("layer_selected", consumer, layer):
            return LayerSelected(consumer, layer)
        case _:
            assert_never(row)


def _packets(rows: Iterable[tuple[int, bytes]]) -> tuple[TapPacket, ...]:
    return tuple(TapPacket(arrived_us, packet) for arrived_us, packet in rows)


def _reports(rows: Iterable[tuple[int, int, int]]) -> tuple[TapReport, ...]:
    return tuple(TapReport(ntp, timestamp, arrived_us) for ntp, timestamp, arrived_us in rows)
