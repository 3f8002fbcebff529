"""A browser's end of one transport, by hand: STUN, SRTP, packets out, packets in. No sockets here."""

import hmac
import os
from collections.abc import Iterable
from struct import pack, unpack_from
from zlib import crc32

from pylibsrtp import Policy, Session

from schemas.media import MediaKind
from sfu import rtcp, rtp
from sfu.interface import (
    ConsumerConfig,
    Encoding,
    Extensions,
    ProducerConfig,
    SrtpKeys,
    SrtpProfile,
    TransportConfig,
)
from sfu.rtp import RtpPacket

KEY_BYTES: dict[SrtpProfile, int] = {
    "AEAD_AES_128_GCM": 28,
    "AEAD_AES_256_GCM": 44,
    "AES128_CM_SHA1_80": 30,
}
PROFILES: dict[SrtpProfile, int] = {
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    "AES128_CM_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
}

# Ids as Chromium chose them when measured, and other ones on the viewer's side.
SENT = Extensions(
    mid=4, rid=10, repaired_rid=11, audio_level=1, abs_send_time=2, transport_cc=3, video_orientation=13
)
SHOWN = Extensions(mid=1, abs_send_time=4, transport_cc=5, audio_level=10, video_orientation=11)


class Browser:
    """One transport of one browser. ``take`` sorts what arrives into the lists."""

    def __init__(self, transport: str, profile: SrtpProfile = "AEAD_AES_128_GCM") -> None:
        self.transport = transport
        self.fragment, self.password = "f" + transport, "secret-of-" + transport
        size = KEY_BYTES[profile]
        key, node_key = os.urandom(size), os.urandom(size)
        self.keys = SrtpKeys(profile=profile, receive=key, send=node_key)
        self._out = _session(profile, key, Policy.SSRC_ANY_OUTBOUND)
        self._in = _session(profile, node_key, Policy.SSRC_ANY_INBOUND)
        self.answers: list[bytes] = []
        self.dtls: list[bytes] = []
        self.packets: list[RtpPacket] = []
        self.messages: list[rtcp.RtcpMessage] = []

    @property
    def config(self) -> TransportConfig:
        return TransportConfig(self.transport, self.fragment, self.password)

    def check(self, *, nominate: bool = True, password: str | None = None) -> bytes:
        """A connectivity check."""
        attributes = _attribute(0x0006, f"{self.fragment}:theirs".encode())
        attributes += _attribute(0x0024, pack("!I", 1853824767))
        attributes += _attribute(0x802A, os.urandom(8))
        if nominate:
            attributes += _attribute(0x0025, b"")
        return signed_request(attributes, password or self.password)

    def seal(self, packet: bytes) -> bytes:
        return self._out.protect(packet)

    def seal_rtcp(self, packet: bytes) -> bytes:
        return self._out.protect_rtcp(packet)

    def take(self, datagram: bytes) -> None:
        first = datagram[0]
        if first < 4:
            self.answers.append(datagram)
        elif first < 64:
            self.dtls.append(datagram)
        elif 192 <= datagram[1] <= 208:
            compound = rtcp.parse(self._in.unprotect_rtcp(datagram))
            assert not compound.malformed
            self.messages += compound.messages
        else:
            self.packets.append(rtp.parse(self._in.unprotect(datagram)))

    def media(self, ssrc: int) -> list[RtpPacket]:
        """What arrived on one SSRC, in order of arrival."""
        return [packet for packet in self.packets if packet.ssrc == ssrc]


class Stream:
    """Numbers the packets of one encoding that a browser sends."""

    def __init__(self, ssrc: int, payload_type: int, *, mid: str, rid: str = "", step: int = 3_000) -> None:
        self.ssrc, self.payload_type, self.mid, self.rid, self.step = ssrc, payload_type, mid, rid, step
        self.sequence = 65_530  # Every test passes a wrap.
        self.timestamp = 0xFFFFFFFF - 2 * step

    def frame(self, *payloads: bytes, number: int = 0) -> list[bytes]:
        """A frame of several packets; ``number`` is the first one's transport-wide number."""
        self.timestamp = self.timestamp + self.step & 0xFFFFFFFF
        packets = []
        for place, payload in enumerate(payloads):
            last = place == len(payloads) - 1
            packets.append(self.packet(payload, marker=last, number=number + place))
        return packets

    def packet(self, payload: bytes, *, marker: bool = True, number: int = 0, padding: int = 0) -> bytes:
        packet = packet_bytes(
            payload_type=self.payload_type,
            sequence=self.sequence,
            timestamp=self.timestamp,
            ssrc=self.ssrc,
            elements=self.elements(number),
            payload=payload,
            marker=marker,
            padding=padding,
        )
        self.sequence = self.sequence + 1 & 0xFFFF
        return packet

    def elements(self, number: int) -> list[tuple[int, bytes]]:
        named = [(SENT.mid, self.mid.encode()), (SENT.transport_cc, pack("!H", number & 0xFFFF))]
        return named + ([(SENT.rid, self.rid.encode())] if self.rid else [])


def packet_bytes(
    *,
    payload_type: int,
    sequence: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    elements: Iterable[tuple[int, bytes]] = (),
    marker: bool = False,
    padding: int = 0,
) -> bytes:
    """One RTP packet."""
    extensions = rtp.write_extensions(elements)
    head = pack(
        "!BBHII",
        0x90 | (0x20 if padding else 0),
        payload_type | (0x80 if marker else 0),
        sequence,
        timestamp,
        ssrc,
    )
    tail = bytes(padding - 1) + bytes((padding,)) if padding else b""
    return head + extensions + payload + tail


def vp8(text: bytes = b"", *, key: bool = False, start: bool = True) -> bytes:
    """A VP8 payload: descriptor, frame header, anything."""
    return bytes((0x10 if start else 0x00, 0x00 if key else 0x01)) + text + bytes(20)


def signed_request(attributes: bytes, password: str) -> bytes:
    """A STUN binding request with integrity and fingerprint."""
    transaction = os.urandom(12)

    def head(length: int) -> bytes:
        return pack("!HHI", 0x0001, length, 0x2112A442) + transaction

    digest = hmac.digest(password.encode(), head(len(attributes) + 24) + attributes, "sha1")
    body = attributes + _attribute(0x0008, digest)
    whole = head(len(body) + 8) + body
    return whole + _attribute(0x8028, pack("!I", crc32(whole) ^ 0x5354554E))


def mapped_port(answer: bytes) -> int:
    """The port in a binding answer's XOR-MAPPED-ADDRESS, its first attribute."""
    return int(unpack_from("!H", answer, 26)[0]) ^ 0x2112


def video_producer(
    transport: str,
    *,
    layers: int = 3,
    producer: str = "camera",
    mid: str = "1",
    paused: bool = False,
    mime_type: str = "video/VP8",
) -> ProducerConfig:
    """A camera as mediasoup-client sends it: simulcast by rid."""
    return ProducerConfig(
        id=producer,
        transport=transport,
        kind=MediaKind.VIDEO,
        mime_type=mime_type,
        clock_rate_hz=90_000,
        payload_type=96,
        rtx_payload_type=97,
        mid=mid,
        extensions=SENT,
        encodings=tuple(Encoding(rid=f"r{number}") for number in range(layers)),
        nack=True,
        paused=paused,
    )


def audio_producer(transport: str, *, ssrc: int = 5_000, paused: bool = False) -> ProducerConfig:
    """A microphone: one encoding, named by its SSRC."""
    return ProducerConfig(
        id="microphone",
        transport=transport,
        kind=MediaKind.AUDIO,
        mime_type="audio/opus",
        clock_rate_hz=48_000,
        payload_type=111,
        rtx_payload_type=None,
        mid="0",
        extensions=SENT,
        encodings=(Encoding(ssrc=ssrc),),
        nack=False,
        paused=paused,
    )


def consumer(
    producer: ProducerConfig, transport: str, *, ssrc: int = 7_000, paused: bool = False
) -> ConsumerConfig:
    """A consumer with the router's payload types and ids."""
    video = producer.kind is MediaKind.VIDEO
    return ConsumerConfig(
        id=f"{producer.id}-to-{transport}",
        transport=transport,
        producer=producer.id,
        mid="7",
        ssrc=ssrc,
        rtx_ssrc=ssrc + 1 if video else None,
        payload_type=101 if video else 100,
        rtx_payload_type=102 if video else None,
        cname="tess",
        extensions=SHOWN,
        nack=video,
        paused=paused,
    )


def _attribute(kind: int, value: bytes) -> bytes:
    return pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _session(profile: SrtpProfile, key: bytes, direction: int) -> Session:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=PROFILES[profile])
    policy.window_size = 1024
    policy.allow_repeat_tx = True
    return Session(policy=policy)
