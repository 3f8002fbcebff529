"""Media requests and their answers: browser to edge to ``sfu.<node>.<method>``, and signals back.

Each request travels in a ``MediaRequest``. The edge fills everything but ``data``: who asks, on
which socket, under which media epoch, and which ``seq`` the asker has seen; the node waits until it
has followed the room as far (design §6). Answers are ``MediaAnswer`` or ``MediaFailure``.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Raw, Struct

from schemas.ids import TOKEN_PATTERN, ConnectionToken, ParticipantToken, RoomKey, TrackId, TrackToken
from schemas.limits import CONSUMERS_PER_TRANSPORT_MAX
from schemas.media import MediaKind, Source
from schemas.rtp import (
    DtlsParameters,
    IceParameters,
    RtpCapabilities,
    RtpParameters,
    TransportOptions,
)

Token = Annotated[str, Meta(pattern=TOKEN_PATTERN)]
Direction = Literal["send", "recv"]


class MediaRequest(Struct, frozen=True):
    """The envelope on ``sfu.<node>.<method>``; ``data`` is the method's own struct, JSON."""

    key: RoomKey
    participant: ParticipantToken
    connection: ConnectionToken
    epoch: int
    seq: int
    data: Raw


class MediaAnswer(Struct, frozen=True, tag_field="result", tag="ok"):
    """The method's answer."""

    data: Raw


class MediaFailure(Struct, frozen=True, tag_field="result", tag="error"):
    """Why not. Codes: ``stale_epoch not_here forbidden no_such_transport no_such_track
    no_such_consumer unsupported limit_reached malformed timeout``."""

    code: str
    message: str


class Method(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Base of all media methods; ``name`` is the last token of the subject."""

    name: ClassVar[str]


class OpenMedia(Method, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Router capabilities and both transports in one round trip; frees what this participant's
    older connections held in the room. Answer: ``MediaOpened``."""

    name: ClassVar[str] = "open"


class MediaOpened(Struct, frozen=True, rename="camel"):
    """Everything a browser needs to load its device and make its two transports."""

    router_rtp_capabilities: RtpCapabilities
    send: TransportOptions
    recv: TransportOptions


class ConnectTransport(Method, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The browser's DTLS parameters. Answer: ``{}``."""

    name: ClassVar[str] = "connect_transport"
    transport: Token
    dtls_parameters: DtlsParameters


class RestartIce(Method, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """New ICE credentials for a transport. Answer: ``IceRestarted``."""

    name: ClassVar[str] = "restart_ice"
    transport: Token


class IceRestarted(Struct, frozen=True, rename="camel"):
    """The node's new credentials."""

    ice_parameters: IceParameters


class CloseTransport(Method, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Closes a transport and all on it. Answer: ``{}``."""

    name: ClassVar[str] = "close_transport"
    transport: Token


class Produce(Method, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Sends a track. Answer: ``Produced``, once ``track.published`` is on the log.

    ``width_px`` and ``height_px`` are the size of the source (``track.getSettings()``), from which the
    node knows the size of each layer; without them it assumes 720p for a camera, 1080p for a screen.
    """

    name: ClassVar[str] = "produce"
    transport: Token
    kind: MediaKind
    source: Source
    rtp_parameters: RtpParameters
    muted: bool = False
    width_px: Annotated[int, Meta(ge=0, le=16_384)] = 0
    height_px: Annotated[int, Meta(ge=0, le=16_384)] = 0


class Produced(Struct, frozen=True, rename="camel"):
    """The producer's id is the track's id on the log."""

    track: TrackId


class Consume(Method, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Receives several tracks at once, paused. Answer: ``Consumed``; a track that is not there
    (any more) is left out."""

    name: ClassVar[str] = "consume"
    transport: Token
    rtp_capabilities: RtpCapabilities
    tracks: Annotated[tuple[TrackToken, ...], Meta(max_length=CONSUMERS_PER_TRANSPORT_MAX)]


class ConsumerOptions(Struct, frozen=True, rename="camel"):
    """What mediasoup-client needs to receive one track."""

    id: str
    producer_id: TrackId
    kind: MediaKind
    rtp_parameters: RtpParameters


class Consumed(Struct, frozen=True, rename="camel"):
    """Consumers, created paused: ``resume`` each after ``transport.consume()``."""

    consumers: tuple[ConsumerOptions, ...]


class ResumeConsumers(Method, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Lets consumers flow; video starts at a key frame. Answer: ``{}``."""

    name: ClassVar[str] = "resume_consumers"
    consumers: Annotated[tuple[Token, ...], Meta(max_length=CONSUMERS_PER_TRANSPORT_MAX)]


class PauseConsumers(Method, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Stops sending, keeps the consumers (a hidden tile). Answer: ``{}``."""

    name: ClassVar[str] = "pause_consumers"
    consumers: Annotated[tuple[Token, ...], Meta(max_length=CONSUMERS_PER_TRANSPORT_MAX)]


class CloseConsumers(Method, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Ends consumers. Answer: ``{}``."""

    name: ClassVar[str] = "close_consumers"
    consumers: Annotated[tuple[Token, ...], Meta(max_length=CONSUMERS_PER_TRANSPORT_MAX)]


class TileSize(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The size in device pixels at which a consumer is shown; 0 by 0 is hidden."""

    consumer: Token
    width_px: Annotated[int, Meta(ge=0, le=16_384)]
    height_px: Annotated[int, Meta(ge=0, le=16_384)]


class SetTileSizes(Method, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What the viewer shows; the node picks layers from it. Answer: ``{}``."""

    name: ClassVar[str] = "set_tile_sizes"
    tiles: Annotated[tuple[TileSize, ...], Meta(max_length=CONSUMERS_PER_TRANSPORT_MAX)]


class GetStats(Method, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Statistics of the asker's transports, producers and consumers. Answer: ``MediaStats``."""

    name: ClassVar[str] = "get_stats"


class TransportStats(Struct, frozen=True, rename="camel"):
    """One transport: bytes and packets since it was made; estimate of what can be sent to it."""

    id: str
    direction: Direction
    state: str
    rtt_ms: float | None
    bytes_sent: int
    bytes_received: int
    available_outgoing_bps: int | None


class StreamStats(Struct, frozen=True, rename="camel"):
    """One producer or consumer stream. Loss is a fraction of 0 to 1 since the last report."""

    id: str
    track: TrackId
    direction: Direction
    kind: MediaKind
    layer: int | None
    packets: int
    bytes: int
    bitrate_bps: int
    loss: float
    jitter_ms: float
    nacks: int
    retransmits: int
    key_frame_requests: int
    paused: bool


class MediaStats(Struct, frozen=True, rename="camel"):
    """What a node knows of one participant's media."""

    transports: tuple[TransportStats, ...]
    streams: tuple[StreamStats, ...]


METHODS: dict[str, type[Method]] = {
    m.name: m
    for m in (
        OpenMedia,
        ConnectTransport,
        RestartIce,
        CloseTransport,
        Produce,
        Consume,
        ResumeConsumers,
        PauseConsumers,
        CloseConsumers,
        SetTileSizes,
        GetStats,
    )
}


# --- signals: core NATS, ephemeral ---------------------------------------------------------------
class Signal(Struct, frozen=True):
    """What travels on ``sig.<tenant>.<room>.<kind>``; ``to`` empty means everyone in the room.

    Kinds from a node: ``levels`` (``Levels``), ``layer`` (``LayerChanged``),
    ``transport_closed`` (``TransportClosed``). From browsers through the edge: ``typing``.
    """

    data: Raw
    to: tuple[ParticipantToken, ...] = ()
    sender: ParticipantToken | None = None


class Level(Struct, frozen=True, rename="camel"):
    """How loud a microphone is, in dB below overload: 0 loudest, 127 silence (RFC 6464 §3)."""

    participant: ParticipantToken
    level: Annotated[int, Meta(ge=0, le=127)]


class Levels(Struct, frozen=True, rename="camel"):
    """Loudest microphones, loudest first, and who counts as the active speaker."""

    levels: tuple[Level, ...]
    active_speaker: ParticipantToken | None = None


class LayerChanged(Struct, frozen=True, rename="camel"):
    """The node now sends this simulcast layer (0 lowest; null: none) to a consumer."""

    consumer: str
    layer: int | None


class TransportClosed(Struct, frozen=True, rename="camel"):
    """The node closed a transport: ICE consent lapsed or DTLS ended. The browser opens anew."""

    transport: str


CLIENT_SIGNALS: frozenset[str] = frozenset({"typing"})
