"""RTCP: what browsers say is read leniently, what we say is written exactly.

RFC 3550 §6 (SR, RR, SDES, BYE), RFC 4585 §6 (NACK, PLI), RFC 5104 §4.3.1 (FIR), REMB
(draft-alvestrand-rmcat-remb-03). Transport-wide feedback has its own file; here it is only cut out.

Lenient means: one unreadable part of a compound is counted and skipped, the rest still counts. Only
bytes that are not RTCP at all raise.
"""

from collections.abc import Iterable, Iterator
from struct import pack, unpack_from

from msgspec import Struct

from sfu.errors import RemotePacketError

_SR, _RR, _SDES, _BYE, _RTPFB, _PSFB = 200, 201, 202, 203, 205, 206
_NACK, _TRANSPORT_CC = 1, 15
_PLI, _FIR, _APPLICATION = 1, 4, 15
_BLOCK_BYTES = 24


# --- what is said --------------------------------------------------------------------------------
class ReportBlock(Struct, frozen=True):
    """How one stream arrives. ``fraction_lost`` is of 256; ``jitter`` is in timestamp units."""

    ssrc: int
    fraction_lost: int
    packets_lost: int
    highest_sequence: int
    jitter: int
    last_report: int
    delay: int


class SenderReport(Struct, frozen=True):
    """Wall clock and media clock of one stream at one moment."""

    ssrc: int
    ntp: int
    rtp_timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


class ReceiverReport(Struct, frozen=True):
    """Report blocks of a peer that sends nothing itself."""

    ssrc: int
    blocks: tuple[ReportBlock, ...]


class Nack(Struct, frozen=True):
    """Sequence numbers that are missing."""

    ssrc: int
    sequences: tuple[int, ...]


class KeyFrameRequest(Struct, frozen=True):
    """PLI or FIR: the viewer cannot go on without a key frame."""

    ssrc: int


class BitrateLimit(Struct, frozen=True):
    """REMB: the most that the receiver thinks fits."""

    bps: int


class TransportFeedback(Struct, frozen=True):
    """A transport-wide feedback body, from the base sequence number on (see ``transport_cc``)."""

    body: bytes


class Goodbye(Struct, frozen=True):
    """Streams that ended."""

    ssrcs: tuple[int, ...]


RtcpMessage = (
    SenderReport | ReceiverReport | Nack | KeyFrameRequest | BitrateLimit | TransportFeedback | Goodbye
)


class Compound(Struct, frozen=True):
    """A compound packet, read: what was understood, and how many parts were unreadable."""

    messages: tuple[RtcpMessage, ...]
    malformed: int


# --- reading -------------------------------------------------------------------------------------
def parse(data: bytes) -> Compound:
    """Reads a compound packet; unknown parts are skipped, unreadable ones skipped and counted."""
    if len(data) < 8 or data[0] >> 6 != 2 or not 192 <= data[1] <= 223:
        raise RemotePacketError("rtcp_malformed")
    messages: list[RtcpMessage] = []
    malformed = 0
    position = 0
    while position + 4 <= len(data):
        first, kind, words = unpack_from("!BBH", data, position)
        end = position + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            malformed += 1
            break
        try:
            messages.extend(_part(kind, first & 0x1F, _unpadded(data[position + 4 : end], first)))
        except RemotePacketError:
            malformed += 1
        position = end
    return Compound(tuple(messages), malformed)


def _unpadded(body: bytes, first: int) -> bytes:
    if not first & 0x20:
        return body
    if not body or not 0 < body[-1] <= len(body):
        raise RemotePacketError("rtcp_malformed")
    return body[: -body[-1]]


def _part(kind: int, count: int, body: bytes) -> Iterator[RtcpMessage]:
    match kind:
        case 200:
            _require(body, 24)
            ssrc, ntp, timestamp, packets, octets = unpack_from("!IQIII", body)
            yield SenderReport(ssrc, ntp, timestamp, packets, octets, _blocks(body[24:], count))
        case 201:
            # A profile's extension may follow the blocks (RFC 3550 §6.4.3): not ours, not an error.
            _require(body, 4)
            yield ReceiverReport(unpack_from("!I", body)[0], _blocks(body[4:], count))
        case 203:
            _require(body, 4 * count)
            yield Goodbye(unpack_from(f"!{count}I", body))
        case 205:
            _require(body, 8)
            if count == _NACK:
                yield Nack(unpack_from("!I", body, 4)[0], tuple(_nacked(body[8:])))
            elif count == _TRANSPORT_CC:
                yield TransportFeedback(body[8:])
        case 206:
            _require(body, 8)
            yield from _payload_feedback(count, body)
        case _:
            return


def _payload_feedback(count: int, body: bytes) -> Iterator[RtcpMessage]:
    if count == _PLI:
        yield KeyFrameRequest(unpack_from("!I", body, 4)[0])
    elif count == _FIR:
        for position in range(8, len(body) - 7, 8):
            yield KeyFrameRequest(unpack_from("!I", body, position)[0])
    elif count == _APPLICATION and body[8:12] == b"REMB":
        _require(body, 16)
        word = unpack_from("!I", body, 12)[0]
        yield BitrateLimit((word & 0x3FFFF) << (word >> 18 & 0x3F))


def _blocks(body: bytes, count: int) -> tuple[ReportBlock, ...]:
    _require(body, count * _BLOCK_BYTES)
    return tuple(_block(body, number * _BLOCK_BYTES) for number in range(count))


def _block(body: bytes, position: int) -> ReportBlock:
    ssrc, lost, highest, jitter, last_report, delay = unpack_from("!6I", body, position)
    packets_lost = (lost & 0xFFFFFF) - ((lost & 0x800000) << 1)  # 24 bits, signed.
    return ReportBlock(ssrc, lost >> 24, packets_lost, highest, jitter, last_report, delay)


def _nacked(body: bytes) -> Iterator[int]:
    for position in range(0, len(body) - 3, 4):
        packet, mask = unpack_from("!HH", body, position)
        yield packet
        for bit in range(16):
            if mask >> bit & 1:
                yield packet + bit + 1 & 0xFFFF


def _require(body: bytes, size: int) -> None:
    if len(body) < size:
        raise RemotePacketError("rtcp_malformed")


# --- writing -------------------------------------------------------------------------------------
def sender_report(report: SenderReport) -> bytes:
    """SR; the receiver pairs its NTP time with those of other streams of the same sender."""
    body = pack("!IQIII", report.ssrc, report.ntp, report.rtp_timestamp, report.packets, report.octets)
    return _packet(_SR, len(report.blocks), body + b"".join(map(_block_bytes, report.blocks)))


def receiver_report(ssrc: int, blocks: Iterable[ReportBlock]) -> bytes:
    """RR; ``ssrc`` is ours."""
    kept = list(blocks)
    assert len(kept) <= 31, "one RR holds 31 blocks"
    return _packet(_RR, len(kept), pack("!I", ssrc) + b"".join(map(_block_bytes, kept)))


def description(ssrc: int, cname: str) -> bytes:
    """SDES with the CNAME, which ties a sender's sound to its picture."""
    name = cname.encode()[:255]
    chunk = pack("!IBB", ssrc, 1, len(name)) + name + b"\x00"
    return _packet(_SDES, 1, chunk + bytes(-len(chunk) % 4))


def nack(reporter: int, ssrc: int, sequences: Iterable[int]) -> bytes:
    """Generic NACK; neighbours share one entry (RFC 4585 §6.2.1)."""
    entries: list[tuple[int, int]] = []
    for sequence in sequences:
        if entries:
            first, mask = entries[-1]
            distance = sequence - first & 0xFFFF
            if 0 < distance <= 16:
                entries[-1] = (first, mask | 1 << distance - 1)
                continue
        entries.append((sequence, 0))
    return _packet(_RTPFB, _NACK, pack("!II", reporter, ssrc) + b"".join(pack("!HH", *e) for e in entries))


def picture_loss(reporter: int, ssrc: int) -> bytes:
    """PLI."""
    return _packet(_PSFB, _PLI, pack("!II", reporter, ssrc))


def transport_feedback(reporter: int, ssrc: int, body: bytes) -> bytes:
    """Transport-wide feedback; ``ssrc`` is any of the sender's."""
    return _packet(_RTPFB, _TRANSPORT_CC, pack("!II", reporter, ssrc) + body)


def _block_bytes(block: ReportBlock) -> bytes:
    lost = max(-0x800000, min(0x7FFFFF, block.packets_lost)) & 0xFFFFFF
    return pack(
        "!6I",
        block.ssrc,
        block.fraction_lost << 24 | lost,
        block.highest_sequence,
        block.jitter,
        block.last_report,
        block.delay,
    )


def _packet(kind: int, count: int, body: bytes) -> bytes:
    padding = -len(body) % 4
    if padding:
        body += bytes(padding - 1) + bytes((padding,))
    return pack("!BBH", 0xA0 | count if padding else 0x80 | count, kind, len(body) // 4) + body
