"""Negotiation: what a browser sends, mapped to what this node takes; what it takes, to what we send.

Pure: parameters in, configurations out. There is no offer and no answer. A producer keeps the
browser's own payload types and extension ids; a consumer always has the router's, so one packet is
rewritten once per viewer and never negotiated again. The words and the shapes are W3C ORTC's as
mediasoup-client speaks them.

Nothing that one browser sent reaches another one as text: the library writes codec parameters into
the SDP of the viewer, so only known keys with harmless values pass (``_clean``).
"""

import re
from collections.abc import Iterable

from msgspec import Struct

from schemas.limits import SIMULCAST_LAYERS_MAX
from schemas.media import MediaKind
from schemas.rtp import (
    Parameters,
    RtcpFeedback,
    RtcpParameters,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpHeaderExtension,
    RtpHeaderExtensionParameters,
    RtpParameters,
    RtxParameters,
)
from sfu.errors import RemoteParametersError
from sfu.interface import ConsumerConfig, Encoding, Extensions, ProducerConfig

# mediasoup-client adds a section of its own to each receiving transport, for bandwidth probes.
PROBATOR_MID = "probator"
PROBATOR_SSRC = 1234
PROBATOR_PAYLOAD_TYPE = 127

AUDIO, VIDEO = MediaKind.AUDIO, MediaKind.VIDEO

# URI of each header extension that the packet path knows, by its field in ``Extensions``.
EXTENSION_URIS: dict[str, str] = {
    "mid": "urn:ietf:params:rtp-hdrext:sdes:mid",
    "rid": "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "repaired_rid": "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "audio_level": "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "abs_send_time": "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "transport_cc": "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "video_orientation": "urn:3gpp:video-orientation",
    "playout_delay": "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    "dependency_descriptor": "https://aomediacodec.github.io/av1-rtp-spec/"
    "#dependency-descriptor-rtp-header-extension",
}
_FIELDS = {uri: field for field, uri in EXTENSION_URIS.items()}
_ONE_BYTE_ID_MAX = 14  # RFC 8285 §4.2: 15 is reserved; we write one-byte headers only.

_TRANSPORT_CC = RtcpFeedback("transport-cc")
_VIDEO_FEEDBACK = (
    RtcpFeedback("nack"),
    RtcpFeedback("nack", "pli"),
    RtcpFeedback("ccm", "fir"),
    _TRANSPORT_CC,
)


def _video(mime_type: str, payload_type: int, parameters: Parameters) -> tuple[RtpCodecCapability, ...]:
    return (
        RtpCodecCapability(VIDEO, mime_type, 90_000, payload_type, None, parameters, _VIDEO_FEEDBACK),
        RtpCodecCapability(VIDEO, "video/rtx", 90_000, payload_type + 1, None, {"apt": payload_type}),
    )


# Transport-cc and no REMB: the library would drop REMB anyway when both are there. There is no
# abs-send-time for the same reason: only REMB reads it.
ROUTER_CAPABILITIES = RtpCapabilities(
    codecs=(
        RtpCodecCapability(
            AUDIO, "audio/opus", 48_000, 100, 2, {"minptime": 10, "useinbandfec": 1}, (_TRANSPORT_CC,)
        ),
        *_video("video/VP8", 101, {}),
        *_video(
            "video/H264",
            103,
            {"packetization-mode": 1, "profile-level-id": "42e01f", "level-asymmetry-allowed": 1},
        ),
    ),
    header_extensions=(
        RtpHeaderExtension(EXTENSION_URIS["mid"], 1, AUDIO),
        RtpHeaderExtension(EXTENSION_URIS["mid"], 1, VIDEO),
        # Directions are seen from the router: it learns layers by rid and sends none.
        RtpHeaderExtension(EXTENSION_URIS["rid"], 2, VIDEO, direction="recvonly"),
        RtpHeaderExtension(EXTENSION_URIS["repaired_rid"], 3, VIDEO, direction="recvonly"),
        RtpHeaderExtension(EXTENSION_URIS["transport_cc"], 5, AUDIO),
        RtpHeaderExtension(EXTENSION_URIS["transport_cc"], 5, VIDEO),
        RtpHeaderExtension(EXTENSION_URIS["audio_level"], 10, AUDIO),
        RtpHeaderExtension(EXTENSION_URIS["video_orientation"], 11, VIDEO),
        RtpHeaderExtension(EXTENSION_URIS["playout_delay"], 12, VIDEO),
    ),
)


class Sent(Struct, frozen=True):
    """A producer as negotiated: its configuration, and what its consumers need to know.

    ``codec`` is the router's; ``parameters`` are the sender's, cleaned; ``scales`` says by how much
    each layer is smaller than the source, lowest layer first.
    """

    config: ProducerConfig
    codec: RtpCodecCapability
    parameters: Parameters
    scales: tuple[float, ...]

    @property
    def layers(self) -> int:
        """Number of simulcast layers; 1 without simulcast."""
        return len(self.config.encodings)


# --- producers -----------------------------------------------------------------------------------
def producer(*, producer_id: str, transport: str, kind: MediaKind, parameters: RtpParameters) -> Sent:
    """What the packet path needs to take this stream. Raises RemoteParametersError."""
    media = [c for c in parameters.codecs if not _is_rtx(c)]
    if len(media) != 1 or media[0] is not parameters.codecs[0]:
        raise RemoteParametersError("malformed", "One codec comes first, and then its retransmission.")
    codec = media[0]
    router_codec = _router_codec(kind, codec)
    rtx_payload_type = _rtx_payload_type(parameters.codecs, codec.payload_type)
    extensions = _extensions(parameters.header_extensions)
    encodings = _by_size(parameters.encodings)
    _check_encodings(kind, parameters, encodings, extensions)
    config = ProducerConfig(
        id=producer_id,
        transport=transport,
        kind=kind,
        mime_type=router_codec.mime_type,
        clock_rate_hz=router_codec.clock_rate,
        payload_type=codec.payload_type,
        rtx_payload_type=rtx_payload_type,
        mid=parameters.mid or "",
        extensions=extensions,
        encodings=tuple(
            Encoding(e.ssrc, e.rid, e.rtx.ssrc if e.rtx is not None else None) for e in encodings
        ),
        nack=RtcpFeedback("nack") in codec.rtcp_feedback,
        paused=True,
    )
    scales = tuple(e.scale_resolution_down_by or float(1 << i) for i, e in enumerate(reversed(encodings)))
    return Sent(config, router_codec, _clean(router_codec, codec.parameters), scales[::-1])


def _is_rtx(codec: RtpCodecParameters | RtpCodecCapability) -> bool:
    return codec.mime_type.lower().endswith("/rtx")


def _router_codec(kind: MediaKind, codec: RtpCodecParameters) -> RtpCodecCapability:
    for ours in ROUTER_CAPABILITIES.codecs:
        if ours.kind is kind and not _is_rtx(ours) and _same_codec(ours, codec):
            return ours
    raise RemoteParametersError("unsupported", f"This node does not take {codec.mime_type}.")


def _same_codec(ours: RtpCodecCapability, theirs: RtpCodecParameters | RtpCodecCapability) -> bool:
    if ours.mime_type.lower() != theirs.mime_type.lower() or ours.clock_rate != theirs.clock_rate:
        return False
    if (ours.channels or 1) != (theirs.channels or 1):
        return False
    if ours.mime_type != "video/H264":
        return True
    # RFC 6184 §8.1: without packetization-mode it is 0, without profile-level-id Baseline level 1.
    return theirs.parameters.get("packetization-mode", 0) == ours.parameters["packetization-mode"] and (
        h264_profile(theirs.parameters.get("profile-level-id", "42000a"))
        == h264_profile(ours.parameters["profile-level-id"])
    )


# RFC 6184 §8.1 table 5: profile_idc, then which constraint bits must be set and which must not.
_H264_PROFILES = (
    ("constrained_baseline", 0x42, 0b0100_0000, 0b0000_1111),
    ("constrained_baseline", 0x4D, 0b1000_0000, 0b0000_1111),
    ("constrained_baseline", 0x58, 0b1100_0000, 0b0000_1111),
    ("baseline", 0x42, 0, 0b0100_1111),
    ("baseline", 0x58, 0b1000_0000, 0b0100_1111),
    ("main", 0x4D, 0, 0b1010_1111),
    ("extended", 0x58, 0, 0b1100_1111),
    ("high", 0x64, 0, 0b1111_1111),
    ("constrained_high", 0x64, 0b0000_1100, 0b1111_0011),
)


def h264_profile(profile_level_id: object) -> str | None:
    """The H.264 profile behind a ``profile-level-id``, None when it is not a known one."""
    text = str(profile_level_id)  # SDP parsers turn "640034" into a number.
    if not re.fullmatch(r"[0-9A-Fa-f]{6}", text):
        return None
    profile_idc, constraints, _level = bytes.fromhex(text)
    for name, idc, must, must_not in _H264_PROFILES:
        if profile_idc == idc and constraints & must == must and not constraints & must_not:
            return name
    return None


def _rtx_payload_type(codecs: tuple[RtpCodecParameters, ...], payload_type: int) -> int | None:
    if len({c.payload_type for c in codecs}) != len(codecs):
        raise RemoteParametersError("malformed", "A payload type is used twice.")
    found = None
    for codec in codecs:
        if _is_rtx(codec):
            if codec.parameters.get("apt") != payload_type or found is not None:
                raise RemoteParametersError("malformed", "A retransmission codec belongs to no codec.")
            found = codec.payload_type
    return found


def _extensions(listed: Iterable[RtpHeaderExtensionParameters]) -> Extensions:
    ids: dict[str, int] = {}
    for extension in listed:
        field = _FIELDS.get(extension.uri)
        if field is None:
            continue
        if extension.id > _ONE_BYTE_ID_MAX:
            raise RemoteParametersError("unsupported", "Extension ids above 14 need two-byte headers.")
        if field in ids or extension.id in ids.values():
            raise RemoteParametersError("malformed", "A header extension or its id is used twice.")
        ids[field] = extension.id
    return Extensions(**ids)


def _by_size(encodings: tuple[RtpEncodingParameters, ...]) -> tuple[RtpEncodingParameters, ...]:
    """Lowest layer first. Without scales the browser's order holds, which is the same by custom."""
    if any(e.scale_resolution_down_by is None for e in encodings):
        return encodings
    return tuple(sorted(encodings, key=lambda e: -(e.scale_resolution_down_by or 1.0)))


def _check_encodings(
    kind: MediaKind,
    parameters: RtpParameters,
    encodings: tuple[RtpEncodingParameters, ...],
    extensions: Extensions,
) -> None:
    most = 1 if kind is AUDIO else SIMULCAST_LAYERS_MAX
    if not 1 <= len(encodings) <= most:
        raise RemoteParametersError("unsupported", f"Between 1 and {most} encodings can be taken.")
    if any(e.scale_resolution_down_by is not None and e.scale_resolution_down_by < 1 for e in encodings):
        raise RemoteParametersError("malformed", "A layer cannot be larger than its source.")
    if all(e.rid is not None for e in encodings):
        # RFC 8853 §5: layers are told apart by rid, and the section by mid, until the SSRC is learned.
        if not parameters.mid or not extensions.mid or not extensions.rid:
            raise RemoteParametersError("malformed", "Layers named by rid need mid and its extensions.")
        if len({e.rid for e in encodings}) != len(encodings) or not all(e.rid for e in encodings):
            raise RemoteParametersError("malformed", "Each layer needs a rid of its own.")
    elif len(encodings) > 1 or encodings[0].ssrc is None:
        raise RemoteParametersError("malformed", "A stream needs a rid or an SSRC.")
    ssrcs = [e.ssrc for e in encodings if e.ssrc is not None]
    ssrcs += [e.rtx.ssrc for e in encodings if e.rtx is not None]
    if len(set(ssrcs)) != len(ssrcs) or 0 in ssrcs:
        raise RemoteParametersError("malformed", "An SSRC is 0 or used twice.")


# Codec parameters that may pass from a sender to its viewers, and what their values look like.
_PASSED: dict[str, dict[str, re.Pattern[str]]] = {
    "audio/opus": {
        key: re.compile(r"[0-9]{1,6}")
        for key in ("minptime", "useinbandfec", "usedtx", "stereo", "sprop-stereo", "maxaveragebitrate")
    },
    "video/VP8": {},
    "video/H264": {
        "packetization-mode": re.compile(r"[01]"),
        "profile-level-id": re.compile(r"[0-9A-Fa-f]{6}"),
        "level-asymmetry-allowed": re.compile(r"[01]"),
    },
}


def _clean(ours: RtpCodecCapability, theirs: Parameters) -> Parameters:
    passed = _PASSED[ours.mime_type]
    kept = {k: v for k, v in theirs.items() if k in passed and passed[k].fullmatch(str(v))}
    return {**ours.parameters, **kept}


# --- consumers -----------------------------------------------------------------------------------
def can_consume(sent: Sent, capabilities: RtpCapabilities) -> bool:
    """Whether a viewer with these capabilities can decode this producer."""
    return _viewer_codec(sent, capabilities) is not None


def consumer(
    sent: Sent,
    capabilities: RtpCapabilities,
    *,
    consumer_id: str,
    transport: str,
    mid: str,
    ssrc: int,
    rtx_ssrc: int,
    cname: str,
) -> tuple[ConsumerConfig, RtpParameters] | None:
    """The stream to one viewer and what its browser is told of it; None when it cannot decode it."""
    viewer = _viewer_codec(sent, capabilities)
    if viewer is None:
        return None
    ours = sent.codec
    payload_type = _payload_type(ours)
    rtx = _viewer_rtx(payload_type, capabilities)
    feedback = tuple(f for f in ours.rtcp_feedback if f in viewer.rtcp_feedback)
    extensions = _viewer_extensions(ours.kind, capabilities)
    config = ConsumerConfig(
        id=consumer_id,
        transport=transport,
        producer=sent.config.id,
        mid=mid,
        ssrc=ssrc,
        rtx_ssrc=rtx_ssrc if rtx is not None else None,
        payload_type=payload_type,
        rtx_payload_type=rtx.preferred_payload_type if rtx is not None else None,
        cname=cname,
        extensions=_extensions(extensions),
        nack=RtcpFeedback("nack") in feedback,
        paused=True,
    )
    codecs = [
        RtpCodecParameters(
            ours.mime_type, payload_type, ours.clock_rate, ours.channels, sent.parameters, feedback
        )
    ]
    if rtx is not None:
        codecs.append(
            RtpCodecParameters(rtx.mime_type, _payload_type(rtx), rtx.clock_rate, None, rtx.parameters)
        )
    encoding = RtpEncodingParameters(ssrc=ssrc, rtx=RtxParameters(rtx_ssrc) if rtx is not None else None)
    told = RtpParameters(tuple(codecs), mid, extensions, (encoding,), RtcpParameters(cname))
    return config, told


def _payload_type(ours: RtpCodecCapability) -> int:
    assert ours.preferred_payload_type is not None
    return ours.preferred_payload_type


def _viewer_codec(sent: Sent, capabilities: RtpCapabilities) -> RtpCodecCapability | None:
    """The viewer's own entry for the router's codec: the library repeats our payload types."""
    for theirs in capabilities.codecs:
        if theirs.preferred_payload_type == sent.codec.preferred_payload_type and _same_codec(
            sent.codec, theirs
        ):
            return theirs
    return None


def _viewer_rtx(payload_type: int, capabilities: RtpCapabilities) -> RtpCodecCapability | None:
    for ours in ROUTER_CAPABILITIES.codecs:
        if _is_rtx(ours) and ours.parameters.get("apt") == payload_type:
            listed = any(
                _is_rtx(c) and c.preferred_payload_type == ours.preferred_payload_type
                for c in capabilities.codecs
            )
            return ours if listed else None
    return None


def _viewer_extensions(
    kind: MediaKind, capabilities: RtpCapabilities
) -> tuple[RtpHeaderExtensionParameters, ...]:
    theirs = {(e.uri, e.kind or kind, e.preferred_id) for e in capabilities.header_extensions}
    return tuple(
        RtpHeaderExtensionParameters(e.uri, e.preferred_id)
        for e in ROUTER_CAPABILITIES.header_extensions
        if e.kind is kind and e.direction == "sendrecv" and (e.uri, kind, e.preferred_id) in theirs
    )
