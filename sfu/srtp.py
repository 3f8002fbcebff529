"""SRTP of one transport: pylibsrtp's sessions, with our window and our errors (RFC 3711, RFC 7714)."""

from contextlib import suppress

from pylibsrtp import Error, Policy, Session

from schemas import limits
from sfu.errors import RemotePacketError
from sfu.interface import SrtpKeys, SrtpProfile

_PROFILES: dict[SrtpProfile, int] = {
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    "AES128_CM_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
}
PROTECT_BYTES_MAX = limits.RTP_PACKET_BYTES_MAX - 148  # pylibsrtp's buffer less the longest SRTCP trailer.


class Srtp:
    """The two directions of one DTLS-SRTP association."""

    __slots__ = ("_receive", "_send", "keys")

    def __init__(self, keys: SrtpKeys) -> None:
        self.keys = keys
        self._receive = _session(keys.profile, keys.receive, Policy.SSRC_ANY_INBOUND)
        self._send = _session(keys.profile, keys.send, Policy.SSRC_ANY_OUTBOUND)

    def open_rtp(self, datagram: bytes) -> bytes:
        """Checks and decrypts; forged, replayed or overlong packets raise ``RemotePacketError``."""
        try:
            return self._receive.unprotect(datagram)
        except (Error, ValueError) as error:
            raise RemotePacketError(_reason(error)) from None

    def open_rtcp(self, datagram: bytes) -> bytes:
        """As ``open_rtp``, for RTCP."""
        try:
            return self._receive.unprotect_rtcp(datagram)
        except (Error, ValueError) as error:
            raise RemotePacketError(_reason(error)) from None

    def seal_rtp(self, packet: bytes) -> bytes:
        """Encrypts; the caller keeps packets within ``PROTECT_BYTES_MAX``."""
        return self._send.protect(packet)

    def forget_received(self, ssrc: int) -> None:
        """Frees the state of a stream that ended."""
        _remove(self._receive, ssrc)

    def forget_sent(self, ssrc: int) -> None:
        """As ``forget_received``. The SSRC may not be used again under these keys: its numbers, and so
        its key stream, would repeat."""
        _remove(self._send, ssrc)

    def seal_rtcp(self, packet: bytes) -> bytes:
        """As ``seal_rtp``, for RTCP."""
        return self._send.protect_rtcp(packet)


def _session(profile: SrtpProfile, key: bytes, direction: int) -> Session:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=_PROFILES[profile])
    # libsrtp keeps a replay window for outgoing packets too: late packets are forwarded with their
    # old number, which the default of 128 refuses (measured).
    policy.window_size = limits.SRTP_WINDOW_PACKETS
    policy.allow_repeat_tx = True
    return Session(policy=policy)


def _remove(session: Session, ssrc: int) -> None:
    with suppress(Error):  # Nothing was ever received or sent on it.
        session.remove_stream(ssrc)


def _reason(error: Exception) -> str:
    return "srtp_replay" if "replay" in str(error) else "srtp_refused"
