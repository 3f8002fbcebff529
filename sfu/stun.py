"""STUN as an ICE-lite node needs it: binding requests in, binding answers out (RFC 8489, RFC 8445 §7.3).

Pure: a datagram in, a datagram out. The node never asks, so only requests are read; what it does not
know in a request is skipped. Checks stand in the order of their cost, because anybody can send here.
"""

import hmac
import socket
from struct import Struct as Layout
from struct import pack, unpack_from
from zlib import crc32

from msgspec import Struct

from sfu.errors import RemotePacketError

_BINDING_REQUEST = 0x0001
_BINDING_SUCCESS = 0x0101
_COOKIE = 0x2112A442
_HEADER = Layout("!HHI12s")
_HEADER_BYTES = 20
_USERNAME = 0x0006
_MESSAGE_INTEGRITY = 0x0008
_XOR_MAPPED_ADDRESS = 0x0020
_USE_CANDIDATE = 0x0025
_FINGERPRINT = 0x8028
_FINGERPRINT_XOR = 0x5354554E
_INTEGRITY_BYTES = 24  # Attribute header and SHA-1.
_FINGERPRINT_BYTES = 8
_USERNAME_BYTES_MAX = 513  # RFC 8489 §14.3.


class BindingRequest(Struct, frozen=True):
    """A connectivity check: whose credentials it names, and whether it nominates its address."""

    transaction: bytes
    username_fragment: str
    nominates: bool
    signed: bytes
    digest: bytes


def read_request(datagram: bytes) -> BindingRequest:
    """Parses a binding request; its integrity is not checked yet."""
    if len(datagram) < _HEADER_BYTES:
        raise RemotePacketError("stun_malformed")
    kind, length, cookie, transaction = _HEADER.unpack_from(datagram)
    if cookie != _COOKIE or length != len(datagram) - _HEADER_BYTES or length % 4:
        raise RemotePacketError("stun_malformed")
    if kind != _BINDING_REQUEST:
        raise RemotePacketError("stun_not_a_request")
    username = b""
    nominates = False
    position = _HEADER_BYTES
    while position + 4 <= len(datagram):
        attribute, size = unpack_from("!HH", datagram, position)
        value = datagram[position + 4 : position + 4 + size]
        if len(value) != size:
            raise RemotePacketError("stun_malformed")
        if attribute == _USERNAME:
            username = value
        elif attribute == _USE_CANDIDATE:
            nominates = True
        elif attribute == _MESSAGE_INTEGRITY:
            # What follows is not covered and therefore not read, but for the checksum (§14.5).
            return _signed_request(
                datagram,
                transaction=transaction,
                username=username,
                nominates=nominates,
                position=position,
                digest=value,
            )
        position += 4 + (size + 3 & ~3)
    raise RemotePacketError("stun_without_integrity")


def _signed_request(
    datagram: bytes, *, transaction: bytes, username: bytes, nominates: bool, position: int, digest: bytes
) -> BindingRequest:
    if len(digest) != 20 or len(username) > _USERNAME_BYTES_MAX:
        raise RemotePacketError("stun_malformed")
    after = position + _INTEGRITY_BYTES
    if len(datagram) == after + _FINGERPRINT_BYTES:
        attribute, _, checksum = unpack_from("!HHI", datagram, after)
        if attribute == _FINGERPRINT and checksum != crc32(datagram[:after]) ^ _FINGERPRINT_XOR:
            raise RemotePacketError("stun_malformed")
    # The length field is that of a message ending with this attribute (RFC 8489 §14.5).
    signed = datagram[:2] + pack("!H", after - _HEADER_BYTES) + datagram[4:position]
    # The check's username is "<ours>:<theirs>" (RFC 8445 §7.2.2).
    ours = username.partition(b":")[0].decode("ascii", "replace")
    return BindingRequest(transaction, ours, nominates, signed, digest)


def has_integrity(request: BindingRequest, password: bytes) -> bool:
    """Tells whether the sender knows the password (short-term credentials, RFC 8489 §9.1)."""
    return hmac.compare_digest(hmac.digest(password, request.signed, "sha1"), request.digest)


def success(request: BindingRequest, host: str, port: int, password: bytes) -> bytes:
    """The answer to a valid request: the address it came from, signed."""
    address = _xor_address(host, port, request.transaction)
    body = pack("!HH", _XOR_MAPPED_ADDRESS, len(address)) + address
    length = len(body) + _INTEGRITY_BYTES
    message = _HEADER.pack(_BINDING_SUCCESS, length, _COOKIE, request.transaction) + body
    digest = hmac.digest(password, message, "sha1")
    length += _FINGERPRINT_BYTES
    message = (
        _HEADER.pack(_BINDING_SUCCESS, length, _COOKIE, request.transaction)
        + body
        + pack("!HH", _MESSAGE_INTEGRITY, 20)
        + digest
    )
    return message + pack("!HHI", _FINGERPRINT, 4, crc32(message) ^ _FINGERPRINT_XOR)


def _xor_address(host: str, port: int, transaction: bytes) -> bytes:
    """RFC 8489 §14.2. A v4-mapped address of a dual-stack socket is the peer's IPv4 address."""
    mask = pack("!I", _COOKIE) + transaction
    host = host.removeprefix("::ffff:") if "." in host else host.partition("%")[0]
    family, protocol = (socket.AF_INET6, 2) if ":" in host else (socket.AF_INET, 1)
    packed = socket.inet_pton(family, host)
    masked = bytes(byte ^ key for byte, key in zip(packed, mask, strict=False))
    return pack("!BBH", 0, protocol, port ^ (_COOKIE >> 16)) + masked
