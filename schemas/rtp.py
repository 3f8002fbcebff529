"""RTP parameters and capabilities: exactly the ORTC field names, camelCase on the wire.

The shapes are those of mediasoup-client 3.24 (``RtpCapabilities``, ``RtpParameters``,
``TransportOptions``), after W3C ORTC §9. Every list and number is bounded because it comes from
the network.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.media import MediaKind

PayloadType = Annotated[int, Meta(ge=0, le=127)]
Ssrc = Annotated[int, Meta(ge=0, le=0xFFFFFFFF)]
Uri = Annotated[str, Meta(max_length=120)]
Short = Annotated[str, Meta(max_length=64)]
Parameters = dict[Short, Annotated[str, Meta(max_length=256)] | int | float | bool | None]


class RtcpFeedback(Struct, frozen=True, rename="camel"):
    """One ``a=rtcp-fb`` (RFC 4585 §4.2)."""

    type: Short
    parameter: Short = ""


class RtpCodecCapability(Struct, frozen=True, rename="camel"):
    """A codec that an endpoint can handle."""

    kind: MediaKind
    mime_type: Short
    clock_rate: Annotated[int, Meta(ge=1, le=192_000)]
    preferred_payload_type: PayloadType | None = None
    channels: Annotated[int, Meta(ge=1, le=8)] | None = None
    parameters: Parameters = {}
    rtcp_feedback: Annotated[tuple[RtcpFeedback, ...], Meta(max_length=16)] = ()


class RtpHeaderExtension(Struct, frozen=True, rename="camel"):
    """A header extension that an endpoint can handle (RFC 8285)."""

    uri: Uri
    preferred_id: Annotated[int, Meta(ge=1, le=255)]
    kind: MediaKind | None = None
    preferred_encrypt: bool = False
    direction: Literal["sendrecv", "sendonly", "recvonly", "inactive"] = "sendrecv"


class RtpCapabilities(Struct, frozen=True, rename="camel"):
    """What an endpoint can send or receive."""

    codecs: Annotated[tuple[RtpCodecCapability, ...], Meta(max_length=64)] = ()
    header_extensions: Annotated[tuple[RtpHeaderExtension, ...], Meta(max_length=64)] = ()


class RtpCodecParameters(Struct, frozen=True, rename="camel"):
    """A codec in use."""

    mime_type: Short
    payload_type: PayloadType
    clock_rate: Annotated[int, Meta(ge=1, le=192_000)]
    channels: Annotated[int, Meta(ge=1, le=8)] | None = None
    parameters: Parameters = {}
    rtcp_feedback: Annotated[tuple[RtcpFeedback, ...], Meta(max_length=16)] = ()


class RtpHeaderExtensionParameters(Struct, frozen=True, rename="camel"):
    """A header extension in use."""

    uri: Uri
    id: Annotated[int, Meta(ge=1, le=255)]
    encrypt: bool = False
    parameters: Parameters = {}


class RtxParameters(Struct, frozen=True, rename="camel"):
    """The retransmission stream of an encoding (RFC 4588)."""

    ssrc: Ssrc


class RtpEncodingParameters(Struct, frozen=True, rename="camel", omit_defaults=True):
    """One stream of a sender; simulcast encodings carry ``rid`` and no ``ssrc``."""

    ssrc: Ssrc | None = None
    rid: Annotated[str, Meta(max_length=16)] | None = None
    codec_payload_type: PayloadType | None = None
    rtx: RtxParameters | None = None
    dtx: bool | None = None
    scalability_mode: Short | None = None
    scale_resolution_down_by: float | None = None
    max_bitrate: int | None = None
    max_framerate: float | None = None
    active: bool | None = None


class RtcpParameters(Struct, frozen=True, rename="camel"):
    """RTCP settings of a stream."""

    cname: Annotated[str, Meta(max_length=255)] = ""
    reduced_size: bool = True


class RtpParameters(Struct, frozen=True, rename="camel"):
    """What is sent: codecs, extensions, encodings."""

    codecs: Annotated[tuple[RtpCodecParameters, ...], Meta(min_length=1, max_length=16)]
    mid: Annotated[str, Meta(max_length=16)] | None = None
    header_extensions: Annotated[tuple[RtpHeaderExtensionParameters, ...], Meta(max_length=32)] = ()
    encodings: Annotated[tuple[RtpEncodingParameters, ...], Meta(max_length=4)] = ()
    rtcp: RtcpParameters = RtcpParameters()
    msid: Annotated[str, Meta(max_length=200)] | None = None


class IceParameters(Struct, frozen=True, rename="camel"):
    """ICE credentials of the node (ICE-lite, RFC 8445 §2.5)."""

    username_fragment: Short
    password: Annotated[str, Meta(max_length=256)]
    ice_lite: bool = True


class IceCandidate(Struct, frozen=True, rename="camel"):
    """A host candidate of the node."""

    foundation: Short
    priority: int
    address: Short
    ip: Short
    protocol: Literal["udp", "tcp"]
    port: Annotated[int, Meta(ge=1, le=65_535)]
    type: Literal["host", "relay"] = "host"


class DtlsFingerprint(Struct, frozen=True, rename="camel"):
    """A certificate's hash (RFC 8122)."""

    algorithm: Short
    value: Annotated[str, Meta(max_length=256)]


class DtlsParameters(Struct, frozen=True, rename="camel"):
    """DTLS role and certificate hashes. The node always says ``auto`` and stays passive."""

    fingerprints: Annotated[tuple[DtlsFingerprint, ...], Meta(min_length=1, max_length=8)]
    role: Literal["auto", "client", "server"] = "auto"


class TransportOptions(Struct, frozen=True, rename="camel"):
    """What mediasoup-client needs to make a transport."""

    id: str
    ice_parameters: IceParameters
    ice_candidates: tuple[IceCandidate, ...]
    dtls_parameters: DtlsParameters
