"""Frames from packets in order: VP8 (RFC 7741), H.264 (RFC 6184), Opus (RFC 7587).

A frame is given when all its packets are there; one with a hole is left out and counted. A video begins
at a key frame, and again after every change of segment.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from artifacts.errors import RemotePacketError
from artifacts.unroll import Packet

_START_CODE = b"\x00\x00\x00\x01"


class Frame(NamedTuple):
    """An encoded frame with its RTP timestamp."""

    segment: int
    timestamp: int
    is_key: bool
    data: bytes


class Depayload(Protocol):
    """Frames of one track. ``broken`` counts those left out."""

    broken: int

    def push(self, packet: Packet) -> Iterator[Frame]:
        """Takes the next packet in order; gives the frames it completes."""


class Opus:
    """Every packet is a frame (RFC 7587 §4.2)."""

    def __init__(self) -> None:
        self.broken = 0

    def push(self, packet: Packet) -> Iterator[Frame]:
        """The frame in this packet, if there is one."""
        if packet.payload:
            yield Frame(packet.segment, packet.timestamp, True, packet.payload)


def opus_samples(frame: bytes) -> int:
    """Length of an Opus frame in samples at 48 kHz, from its first bytes (RFC 6716 §3.1)."""
    config, code = frame[0] >> 3, frame[0] & 3
    if config < 12:
        size = (480, 960, 1920, 2880)[config & 3]
    elif config < 16:
        size = (480, 960)[config & 1]
    else:
        size = (120, 240, 480, 960)[config & 3]
    count = (1, 2, 2, (frame[1] & 0x3F) if len(frame) > 1 else 1)[code]
    return size * count


class Codec(Protocol):
    """What differs between video codecs."""

    def starts(self, payload: bytes) -> bool:
        """Whether a frame can begin with this payload."""

    def unpack(self, payloads: list[bytes]) -> bytes:
        """The frame of these payloads. Raises RemotePacketError."""

    def is_key(self, frame: bytes) -> bool:
        """Whether the frame can be decoded by itself."""


class Video:
    """Gathers packets of one timestamp up to the marker."""

    def __init__(self, codec: Codec) -> None:
        self.broken = 0
        self._codec = codec
        self._payloads: list[bytes] = []
        self._is_whole = False
        self._last: Packet | None = None
        self._segment_begun = -1

    def push(self, packet: Packet) -> Iterator[Frame]:
        """The frames that this packet completes."""
        last = self._last
        follows = last is not None and (last.run, last.seq + 1) == (packet.run, packet.seq)
        if last is None or (last.segment, last.timestamp) != (packet.segment, packet.timestamp):
            if last is not None:  # The marker may be lost or never sent; the next timestamp ends a frame too.
                yield from self._end(last, is_whole=self._is_whole and follows)
            self._is_whole = True
        elif not follows:
            self._is_whole = False
        self._last = packet
        if not packet.payload:
            return  # Padding: it probes for bandwidth and carries nothing.
        if not self._payloads and not self._codec.starts(packet.payload):
            self._is_whole = False
        self._payloads.append(packet.payload)
        if packet.marker:
            yield from self._end(packet, is_whole=self._is_whole)

    def _end(self, packet: Packet, *, is_whole: bool) -> Iterator[Frame]:
        payloads, self._payloads = self._payloads, []
        if not payloads:
            return
        try:
            data = self._codec.unpack(payloads) if is_whole else b""
        except RemotePacketError:
            data = b""
        if not data:
            self.broken += 1
            return
        is_key = self._codec.is_key(data)
        if is_key:
            self._segment_begun = packet.segment
        if self._segment_begun == packet.segment:
            yield Frame(packet.segment, packet.timestamp, is_key, data)


class Vp8:
    """RFC 7741 §4.2: a descriptor of one to six bytes before each piece."""

    def starts(self, payload: bytes) -> bool:
        """S bit set and partition 0."""
        return payload[0] & 0x1F == 0x10

    def unpack(self, payloads: list[bytes]) -> bytes:
        """The pieces without their descriptors."""
        return b"".join(payload[_vp8_descriptor(payload) :] for payload in payloads)

    def is_key(self, frame: bytes) -> bool:
        """P bit clear (RFC 6386 §9.1)."""
        return frame[0] & 1 == 0


def _vp8_descriptor(payload: bytes) -> int:
    try:
        if not payload[0] & 0x80:
            return 1
        size, flags = 2, payload[1]
        if flags & 0x80:
            size += 2 if payload[2] & 0x80 else 1
        size += bool(flags & 0x40) + bool(flags & 0x30)
    except IndexError:
        raise RemotePacketError("VP8 descriptor cut off") from None
    if size > len(payload):
        raise RemotePacketError("VP8 descriptor cut off")
    return size


class H264:
    """RFC 6184 §5: single units, STAP-A and FU-A (packetization mode 1), to Annex B."""

    def starts(self, payload: bytes) -> bool:
        """Anything but a later piece of a fragmented unit."""
        return payload[0] & 0x1F != 28 or (len(payload) > 1 and bool(payload[1] & 0x80))

    def unpack(self, payloads: list[bytes]) -> bytes:
        """The units, each after a start code."""
        return b"".join(piece for payload in payloads for piece in _h264_pieces(payload))

    def is_key(self, frame: bytes) -> bool:
        """An IDR slice is in it."""
        return any(unit[:1] and unit[0] & 0x1F == 5 for unit in frame.split(_START_CODE))


def _h264_pieces(payload: bytes) -> Iterator[bytes]:
    match payload[0] & 0x1F:
        case kind if 1 <= kind <= 23:
            yield _START_CODE + payload
        case 24:  # STAP-A, §5.7.1
            at = 1
            while at < len(payload):
                size = int.from_bytes(payload[at : at + 2], "big")
                unit = payload[at + 2 : at + 2 + size]
                if len(unit) != size or not unit:
                    raise RemotePacketError("STAP-A cut off")
                yield _START_CODE + unit
                at += 2 + size
        case 28 if len(payload) > 2:  # FU-A, §5.8
            if payload[1] & 0x80:
                yield _START_CODE + bytes([payload[0] & 0xE0 | payload[1] & 0x1F])
            yield payload[2:]
        case kind:
            raise RemotePacketError(f"H.264 packet type {kind} is not of packetization mode 1")


def depayload(mime_type: str) -> Depayload | None:
    """What makes frames of this codec; None when it is not one that is recorded."""
    match mime_type.lower():
        case "audio/opus":
            return Opus()
        case "video/vp8":
            return Video(Vp8())
        case "video/h264":
            return Video(H264())
    return None
