"""RTP packets: read once when they arrive, written once per viewer (RFC 3550 §5.1, RFC 8285).

A packet is parsed into fields that all viewers share. For a viewer only the header is written anew:
his SSRC, payload type, number and timestamp, and an extension block with his ids. Everything here is
pure, and this is the hot path: no loops per viewer, one ``pack`` and one concatenation.
"""

from collections.abc import Iterable
from struct import Struct as Layout
from struct import pack

from msgspec import Struct

from sfu.errors import RemotePacketError
from sfu.interface import Extensions

_FIXED = Layout("!BBHII")
_ONE_BYTE = 0xBEDE
_TWO_BYTE = 0x1000
_NO_EXTENSIONS: dict[int, bytes] = {}

# Extensions whose value travels unchanged from publisher to viewer; only the id differs.
_CARRIED = ("audio_level", "video_orientation", "playout_delay", "dependency_descriptor")


class RtpPacket(Struct):
    """One decrypted packet. Padding is stripped: ``payload`` is empty for padding-only packets.

    ``data`` is let go once the packet is forwarded and tapped; repairs need the fields only.

    ``index`` is the sequence number without wrap and without the holes that padding-only packets
    leave; reception sets it. ``carried`` caches the viewer's extension elements, as viewers of one
    router share their ids: ``carried_for`` is the id set it was made for (compared by identity).
    """

    data: bytes
    marker: int
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    extensions: dict[int, bytes]
    payload: bytes
    index: int = 0
    arrived_at: float = 0.0
    carried_for: Extensions | None = None
    carried: bytes | None = b""
    starts_key_frame: bool | None = None


def parse(data: bytes) -> RtpPacket:
    """Reads a packet; anything malformed raises ``RemotePacketError``."""
    size = len(data)
    if size < 12:
        raise RemotePacketError("rtp_malformed")
    first, second, sequence, timestamp, ssrc = _FIXED.unpack_from(data)
    if first >> 6 != 2:
        raise RemotePacketError("rtp_malformed")
    position = 12 + 4 * (first & 0x0F)
    extensions = _NO_EXTENSIONS
    if first & 0x10:
        if position + 4 > size:
            raise RemotePacketError("rtp_malformed")
        profile = data[position] << 8 | data[position + 1]
        end = position + 4 + 4 * (data[position + 2] << 8 | data[position + 3])
        if end > size:
            raise RemotePacketError("rtp_malformed")
        if profile == _ONE_BYTE:
            extensions = _one_byte_elements(data, position + 4, end)
        elif profile & 0xFFF0 == _TWO_BYTE:
            extensions = _two_byte_elements(data, position + 4, end)
        position = end
    if first & 0x20:
        padding = data[-1]
        if padding == 0:
            raise RemotePacketError("rtp_malformed")
        size -= padding
    if position > size:
        raise RemotePacketError("rtp_malformed")
    payload = data[position:size]
    return RtpPacket(data, second & 0x80, second & 0x7F, sequence, timestamp, ssrc, extensions, payload)


def _one_byte_elements(data: bytes, position: int, end: int) -> dict[int, bytes]:
    elements: dict[int, bytes] = {}
    while position < end:
        head = data[position]
        position += 1
        if head == 0:
            continue
        identifier = head >> 4
        if identifier == 15:  # Reserved: stop here (RFC 8285 §4.2).
            break
        stop = position + (head & 0x0F) + 1
        if stop > end:
            raise RemotePacketError("rtp_malformed")
        if identifier:
            elements[identifier] = data[position:stop]
        position = stop
    return elements


def _two_byte_elements(data: bytes, position: int, end: int) -> dict[int, bytes]:
    elements: dict[int, bytes] = {}
    while position < end:
        identifier = data[position]
        position += 1
        if identifier == 0:
            continue
        if position == end:
            raise RemotePacketError("rtp_malformed")
        stop = position + 1 + data[position]
        if stop > end:
            raise RemotePacketError("rtp_malformed")
        elements[identifier] = data[position + 1 : stop]
        position = stop
    return elements


def write_extensions(elements: Iterable[tuple[int, bytes]]) -> bytes:
    """An extension block with its head: one-byte form where all fit, two-byte form otherwise."""
    kept = list(elements)
    if all(identifier < 15 and 0 < len(value) <= 16 for identifier, value in kept):
        profile = _ONE_BYTE
        body = b"".join(bytes((identifier << 4 | len(value) - 1,)) + value for identifier, value in kept)
    else:
        profile = _TWO_BYTE
        body = b"".join(bytes((identifier, len(value))) + value for identifier, value in kept)
    body += bytes(-len(body) % 4)
    return pack("!HH", profile, len(body) // 4) + body


def write(packet: RtpPacket, *, payload_type: int, ssrc: int, sequence: int, payload: bytes) -> bytes:
    """The packet again with another identity: what an RTX packet of the publisher stands for."""
    extensions = write_extensions(packet.extensions.items()) if packet.extensions else b""
    first = 0x90 if extensions else 0x80
    head = _FIXED.pack(first, packet.marker | payload_type, sequence, packet.timestamp, ssrc)
    return head + extensions + payload


class HeaderWriter:
    """Writes packets of one outgoing SSRC.

    The layout is fixed when the viewer subscribes: mid, abs-send-time and the transport-wide number
    stand first, an extension that he did not negotiate is zero bytes, which are legal padding
    (RFC 8285 §4.2), and the carried elements follow on a word boundary.
    """

    __slots__ = (
        "_abs_send_time",
        "_extensions",
        "_layout",
        "_mid",
        "_mid_value",
        "_number",
        "_payload_type",
        "_source",
        "_ssrc",
        "_words",
    )

    def __init__(
        self, *, ssrc: int, payload_type: int, mid: str, extensions: Extensions, source: Extensions
    ) -> None:
        """``extensions`` are the viewer's ids and ``source`` those of the publisher."""
        self._ssrc = ssrc
        self._payload_type = payload_type
        self._extensions = extensions
        self._source = source
        self._mid_value = mid.encode()
        element = b""
        if extensions.mid and mid:
            element = bytes((extensions.mid << 4 | len(self._mid_value) - 1,)) + self._mid_value
        # Seven bytes follow: abs-send-time with its head is four, the number with its head is three.
        self._mid = element + bytes(-(len(element) + 7) % 4)
        self._layout = Layout(f"!BBHIIHH{len(self._mid)}sIBH")
        self._words = (len(self._mid) + 7) // 4
        self._abs_send_time = (extensions.abs_send_time << 4 | 2) << 24 if extensions.abs_send_time else 0
        self._number = extensions.transport_cc << 4 | 1 if extensions.transport_cc else 0

    def write(  # noqa: PLR0917 - the hot path; keywords would cost a tenth of it.
        self,
        packet: RtpPacket,
        sequence: int,
        timestamp: int,
        send_time: int,
        number: int,
        prefix: bytes = b"",
    ) -> bytes:
        """One packet for this viewer. ``send_time`` is 24-bit 6.18 fixed point seconds; ``prefix`` goes
        before the payload (RTX's original number)."""
        if packet.carried_for is not self._extensions:
            packet.carried = carry(packet.extensions, self._source, self._extensions)
            packet.carried_for = self._extensions
        carried = packet.carried
        if carried is None:
            return self._write_large(packet, sequence, timestamp, send_time, number, prefix)
        return (
            self._layout.pack(
                0x90,
                packet.marker | self._payload_type,
                sequence,
                timestamp,
                self._ssrc,
                _ONE_BYTE,
                self._words + len(carried) // 4,
                self._mid,
                self._abs_send_time and self._abs_send_time | send_time,
                self._number,
                self._number and number,
            )
            + carried
            + prefix
            + packet.payload
        )

    def _write_large(  # noqa: PLR0917 - as ``write``.
        self, packet: RtpPacket, sequence: int, timestamp: int, send_time: int, number: int, prefix: bytes
    ) -> bytes:
        """The same in two-byte form, for the rare element beyond 16 bytes."""
        ids = self._extensions
        elements: list[tuple[int, bytes]] = []
        if ids.mid and self._mid_value:
            elements.append((ids.mid, self._mid_value))
        if ids.abs_send_time:
            elements.append((ids.abs_send_time, send_time.to_bytes(3, "big")))
        if ids.transport_cc:
            elements.append((ids.transport_cc, number.to_bytes(2, "big")))
        elements += _carried_elements(packet.extensions, self._source, ids)
        second = packet.marker | self._payload_type
        head = _FIXED.pack(0x90, second, sequence, timestamp, self._ssrc)
        return head + write_extensions(elements) + prefix + packet.payload


def carry(extensions: dict[int, bytes], source: Extensions, target: Extensions) -> bytes | None:
    """The carried elements with the viewer's ids, padded to words; None: they need the two-byte form."""
    body = b""
    for identifier, value in _carried_elements(extensions, source, target):
        if identifier > 14 or not 0 < len(value) <= 16:
            return None
        body += bytes((identifier << 4 | len(value) - 1,)) + value
    return body + bytes(-len(body) % 4)


def _carried_elements(
    extensions: dict[int, bytes], source: Extensions, target: Extensions
) -> list[tuple[int, bytes]]:
    if not extensions:
        return []
    return [
        (identifier, value)
        for name in _CARRIED
        if (identifier := getattr(target, name)) and (value := extensions.get(getattr(source, name)))
    ]
