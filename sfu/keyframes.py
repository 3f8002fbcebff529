"""Where a viewer can begin: the first packet of a key frame, seen from the payload alone.

Each function looks at a few bytes of one packet's payload and never raises: what is too short is no
key frame. A switch begins *at* such a packet, so it must be the frame's first.
"""

from collections.abc import Callable

_H264_SPS = 7
_H264_STAP_A = 24


def starts_vp8(payload: bytes) -> bool:
    """RFC 7741 §4: first partition's start, and the frame header's inverse key frame bit is 0."""
    if len(payload) < 3:
        return False
    first = payload[0]
    if not first & 0x10 or first & 0x07:
        return False
    position = 1
    if first & 0x80:
        flags = payload[1]
        position = 2
        if flags & 0x80:  # Picture id, 7 or 15 bits.
            position += 2 if payload[2] & 0x80 else 1
        position += bool(flags & 0x40) + bool(flags & 0x30)
    return position < len(payload) and not payload[position] & 0x01


def starts_h264(payload: bytes) -> bool:
    """RFC 6184: a sequence parameter set, alone or first in a STAP-A.

    An IDR slice alone is not enough: without its parameter sets a decoder cannot begin, and with
    those of another layer it would show garbage. Browsers send them before every IDR.
    """
    if not payload:
        return False
    kind = payload[0] & 0x1F
    if kind != _H264_STAP_A:
        return kind == _H264_SPS
    position = 1
    while position + 2 < len(payload):
        if payload[position + 2] & 0x1F == _H264_SPS:
            return True
        position += 2 + (payload[position] << 8 | payload[position + 1])
    return False


def starts_vp9(payload: bytes) -> bool:
    """RFC 9628 §4.2: begins a frame, not inter-predicted, lowest spatial layer."""
    if not payload:
        return False
    first = payload[0]
    if first & 0x40 or not first & 0x08:
        return False
    if not first & 0x20:  # No layer indices: one layer.
        return True
    position = 1
    if first & 0x80:
        if len(payload) < 2:
            return False
        position += 2 if payload[1] & 0x80 else 1
    return position < len(payload) and not payload[position] & 0x0E


def starts_av1(payload: bytes) -> bool:
    """AV1 RTP §4.4: the aggregation header's N bit opens a coded video sequence; Z continues an OBU."""
    return len(payload) > 1 and bool(payload[0] & 0x08) and not payload[0] & 0x80


def starts_always(_payload: bytes) -> bool:
    """Audio: every packet can be the first."""
    return True


_DETECTORS: dict[str, Callable[[bytes], bool]] = {
    "video/vp8": starts_vp8,
    "video/h264": starts_h264,
    "video/vp9": starts_vp9,
    "video/av1": starts_av1,
}


def detector(mime_type: str) -> Callable[[bytes], bool]:
    """The function for a codec; a codec that we cannot read begins anywhere."""
    return _DETECTORS.get(mime_type.lower(), starts_always)
