"""The forwarder's boundary: the packet path behind one interface, for both implementations.

The forwarder owns the socket, STUN and consent, SRTP, the packets, and the recording tap. Control
(Python) hands it keys and the desired state - transports, producers, consumers, pauses, layers - and
reads events and statistics back. Calls are plain, synchronous and idempotent where they remove or
set; nothing here waits. ``sfu.forwarder`` is the readable Python implementation; a native one passes
the same conformance suite (PEP 399).

Everything is addressed by the identifiers that control chose. Removing a transport removes its
producers and consumers; removing a producer removes the consumers of it (``sfu/__init__.py`` has the
table *who closes whom*).
"""

from collections.abc import Callable, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from schemas.artifacts import TapPacket, TapReport
from schemas.media import MediaKind

SrtpProfile = Literal["AEAD_AES_128_GCM", "AEAD_AES_256_GCM", "AES128_CM_SHA1_80"]


# --- desired state -------------------------------------------------------------------------------
class SrtpKeys(Struct, frozen=True):
    """Keys of one DTLS-SRTP association (RFC 5764 §4.2); key and salt of each direction, joined."""

    profile: SrtpProfile
    receive: bytes
    send: bytes


class TransportConfig(Struct, frozen=True):
    """One ICE-lite transport: the node's credentials. The peer is learned from STUN (RFC 8445 §2.5)."""

    id: str
    username_fragment: str
    password: str


class Extensions(Struct, frozen=True):
    """Header extension ids (RFC 8285) in use on one stream; 0 means: not negotiated."""

    mid: int = 0
    rid: int = 0
    repaired_rid: int = 0
    audio_level: int = 0
    abs_send_time: int = 0
    transport_cc: int = 0
    video_orientation: int = 0
    playout_delay: int = 0
    dependency_descriptor: int = 0


class Encoding(Struct, frozen=True):
    """One encoding of a producer, lowest layer first: by ``ssrc`` or, for simulcast, by ``rid``."""

    ssrc: int | None = None
    rid: str | None = None
    rtx_ssrc: int | None = None


class ProducerConfig(Struct, frozen=True):
    """What a browser sends: codec, payload types (its own), extension ids (its own), encodings."""

    id: str
    transport: str
    kind: MediaKind
    mime_type: str
    clock_rate_hz: int
    payload_type: int
    rtx_payload_type: int | None
    mid: str
    extensions: Extensions
    encodings: tuple[Encoding, ...]
    nack: bool
    paused: bool = True


class ConsumerConfig(Struct, frozen=True):
    """What a browser receives: SSRCs, payload types and extension ids that this node chose.

    An SSRC is never used twice on one transport: under the same keys its key stream would repeat.
    """

    id: str
    transport: str
    producer: str
    mid: str
    ssrc: int
    rtx_ssrc: int | None
    payload_type: int
    rtx_payload_type: int | None
    cname: str
    extensions: Extensions
    nack: bool
    paused: bool = True


# --- events --------------------------------------------------------------------------------------
class DtlsDatagram(Struct, frozen=True):
    """A DTLS record from an address that passed STUN integrity (against the ClientHello race)."""

    transport: str
    data: bytes


class IceSelected(Struct, frozen=True):
    """The peer nominated an address (USE-CANDIDATE), for the first time or anew."""

    transport: str
    address: str
    port: int


class ConsentLost(Struct, frozen=True):
    """No valid STUN request for 15 s (RFC 7675; ICE-lite) : control closes the transport."""

    transport: str


class Tapped(Struct, frozen=True):
    """Decrypted packets of a tapped producer's recorded layer since the last event, in arrival order."""

    producer: str
    switch: int
    packets: tuple[TapPacket, ...]
    reports: tuple[TapReport, ...]


class LevelsMeasured(Struct, frozen=True):
    """Smoothed loudness of producers that sent audio in the last interval: dB below overload."""

    levels: tuple[tuple[str, int], ...]


class LayerSelected(Struct, frozen=True):
    """A consumer's current layer changed; None: nothing flows."""

    consumer: str
    layer: int | None


ForwarderEvent = DtlsDatagram | IceSelected | ConsentLost | Tapped | LevelsMeasured | LayerSelected
EventSink = Callable[[ForwarderEvent], None]


# --- statistics ----------------------------------------------------------------------------------
class TransportCounters(Struct, frozen=True):
    """One transport since it was added; ``drops`` by reason."""

    id: str
    packets_received: int
    bytes_received: int
    packets_sent: int
    bytes_sent: int
    rtt_ms: float | None
    available_outgoing_bps: int | None
    drops: dict[str, int]


class StreamCounters(Struct, frozen=True):
    """One producer layer or one consumer since it was added. ``loss`` is the latest fraction, 0 to 1."""

    id: str
    role: Literal["producer", "consumer"]
    layer: int | None
    packets: int
    bytes: int
    bitrate_bps: int
    loss: float
    jitter_ms: float
    nacks: int
    retransmits: int
    key_frame_requests: int


class Counters(Struct, frozen=True):
    """Everything the forwarder counts; ``drops`` are of datagrams that belong to no transport."""

    transports: tuple[TransportCounters, ...]
    streams: tuple[StreamCounters, ...]
    drops: dict[str, int] = {}


# --- the interface -------------------------------------------------------------------------------
class Forwarder(Protocol):
    """The packet path."""

    @property
    def port(self) -> int:
        """The bound UDP port."""

    def add_transport(self, config: TransportConfig) -> None:
        """Answers STUN for these credentials from now on."""

    def set_credentials(self, transport: str, username_fragment: str, password: str) -> None:
        """ICE restart: new credentials; the old ones keep working until the new ones are nominated."""

    def set_keys(self, transport: str, keys: SrtpKeys) -> None:
        """Media flows on this transport from now on."""

    def send_dtls(self, transport: str, data: bytes) -> None:
        """Sends a DTLS record to the peer's current address; dropped when there is none yet."""

    def remove_transport(self, transport: str) -> None:
        """Removes a transport and everything on it."""

    def add_producer(self, config: ProducerConfig) -> None:
        """Accepts this stream. Paused: received and counted, forwarded to nobody, not tapped."""

    def set_producer_paused(self, producer: str, *, paused: bool) -> None:
        """The mute of the log. A resumed video producer is asked for a key frame."""

    def set_tap(self, producer: str, *, on: bool) -> None:
        """Emits ``Tapped`` for this producer: highest flowing layer, beginning at a key frame."""

    def remove_producer(self, producer: str) -> None:
        """Removes a producer and its consumers."""

    def add_consumer(self, config: ConsumerConfig) -> None:
        """Prepares a stream to a viewer."""

    def set_consumer_paused(self, consumer: str, *, paused: bool) -> None:
        """A resumed video consumer starts at a key frame, which is asked for."""

    def set_layer_wish(self, consumer: str, layer_max: int | None, priority: int) -> None:
        """The highest layer worth sending for the size shown (None: nothing), and who goes first
        when the estimate is short (higher first)."""

    def remove_consumer(self, consumer: str) -> None:
        """Removes a consumer."""

    def counters(self, transports: Sequence[str] | None = None) -> Counters:
        """Statistics, of all or of some transports."""

    async def close(self) -> None:
        """Closes the socket; no event follows."""
