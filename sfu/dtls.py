"""DTLS for SRTP: the one module that touches private members of aiortc.

aiortc's ``RTCDtlsTransport`` does the handshake, its timers and the fingerprint check. Here it sits on
a pipe instead of an ICE transport, is fed with DTLS datagrams only, and hands the exported keys to
the packet path instead of making SRTP sessions of its own. ``tests/unit/sfu_control/test_dtls.py``
names every private member used (``PRIVATE_MEMBERS``) and fails when a new aiortc no longer has it.

The node is always the passive end: it says role ``auto``, which makes the browser the client.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiortc import rtcdtlstransport as aio
from OpenSSL import SSL

from schemas.limits import DTLS_DATAGRAMS_QUEUED_MAX, DTLS_HANDSHAKE_S
from schemas.rtp import DtlsFingerprint, DtlsParameters
from sfu.errors import RemoteDtlsError, RemoteParametersError
from sfu.interface import SrtpKeys, SrtpProfile

PRIVATE_MEMBERS: dict[type, tuple[str, ...]] = {
    aio.RTCDtlsTransport: ("_set_role", "_set_state", "_setup_srtp"),
    aio.RTCCertificate: ("_create_ssl_context",),
}
"""Methods used or overridden; besides them ``PRIVATE_ATTRIBUTES``, and ``_recv`` and ``_send`` of what is
under the transport."""

PRIVATE_ATTRIBUTES = ("_role", "_ssl", "_srtp_profiles")

# 128 bits before 256: as safe for a lesson, and cheaper per packet. Ours is the passive end, which
# picks the first of its own list that the browser offers (RFC 5764 §4.1.2).
_PROFILES: tuple[tuple[SrtpProfile, aio.SRTPProtectionProfile], ...] = (
    ("AEAD_AES_128_GCM", aio.SRTP_AEAD_AES_128_GCM),
    ("AEAD_AES_256_GCM", aio.SRTP_AEAD_AES_256_GCM),
    ("AES128_CM_SHA1_80", aio.SRTP_AES128_CM_SHA1_80),
)
_EXPORTER = b"EXTRACTOR-dtls_srtp"  # RFC 5764 §4.2.


class Certificate(aio.RTCCertificate):
    """The process's certificate, ECDSA P-256. One SSL context serves all transports: half the cost."""

    _context: SSL.Context | None = None

    def _create_ssl_context(self, srtp_profiles: list[aio.SRTPProtectionProfile]) -> SSL.Context:
        if self._context is None:
            self._context = super()._create_ssl_context(srtp_profiles)
        return self._context

    def parameters(self) -> DtlsParameters:
        """What a browser is told. SHA-256 comes last: the library reads only the last one."""
        hashes = sorted(self.getFingerprints(), key=lambda f: f.algorithm, reverse=True)
        return DtlsParameters(tuple(DtlsFingerprint(f.algorithm, f.value) for f in hashes), "auto")


def make_certificate() -> Certificate:
    """A new certificate. Browsers compare its hash only, so its dates bind nobody."""
    return Certificate.generateCertificate()


def check_parameters(remote: DtlsParameters) -> None:
    """Raises RemoteParametersError unless a handshake with this browser can succeed."""
    if remote.role == "server":
        raise RemoteParametersError("unsupported", "This node is always the DTLS server.")
    if not any(f.algorithm.lower() in aio.X509_DIGEST_ALGORITHMS for f in remote.fingerprints):
        raise RemoteParametersError("unsupported", "A SHA-256, SHA-384 or SHA-512 fingerprint is needed.")


class Turnstile:
    """Lets one handshake step through per turn of the loop.

    A step costs up to half a millisecond of CPU. A class of a hundred that joins in one instant would
    otherwise hold up everybody's packets for as many steps.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def turn(self) -> None:
        """Returns when the loop has served its sockets since the last step."""
        async with self._lock:
            await asyncio.sleep(0)


class _Pipe:
    """What aiortc takes for an ICE transport. A closed pipe is a lost connection."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], None], turnstile: Turnstile) -> None:
        self.send_now = send
        self._turnstile = turnstile
        # Full: the oldest goes. DTLS repeats its flights (RFC 6347 §4.2.4).
        self._arrived: deque[bytes] = deque(maxlen=DTLS_DATAGRAMS_QUEUED_MAX)
        self._wake = asyncio.Event()
        self._closed = False

    def put(self, data: bytes) -> None:
        self._arrived.append(data)
        self._wake.set()

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    async def _recv(self) -> bytes:
        # The datagram is taken after the last await: aiortc cancels this when its timer runs out.
        while not self._arrived:
            if self._closed:
                raise ConnectionError
            self._wake.clear()
            await self._wake.wait()
        await self._turnstile.turn()
        return self._arrived.popleft()

    async def _send(self, data: bytes) -> None:
        if not self._closed:
            self.send_now(data)


class _End(aio.RTCDtlsTransport):
    """An aiortc end that exports its keys instead of using them."""

    def __init__(self, pipe: _Pipe, certificate: Certificate, export: Callable[[SrtpKeys], None]) -> None:
        super().__init__(pipe, [certificate])  # type: ignore[arg-type]  # duck-typed, see _Pipe
        self._pipe = pipe
        self._srtp_profiles = [profile for _, profile in _PROFILES]
        self._export = export

    def _setup_srtp(self) -> None:
        ssl: Any = self._ssl
        chosen = ssl.get_selected_srtp_profile()
        for name, profile in _PROFILES:
            if profile.openssl_profile == chosen:
                size = 2 * (profile.key_length + profile.salt_length)
                material = ssl.export_keying_material(_EXPORTER, size)
                client = profile.get_key_and_salt(material, 0)
                server = profile.get_key_and_salt(material, 1)
                ours, theirs = (server, client) if self._role == "server" else (client, server)
                self._export(SrtpKeys(profile=name, receive=theirs, send=ours))
                return
        self._set_state(aio.State.FAILED)

    def say_goodbye(self) -> None:
        """Sends close_notify at once, while there is still a path to send it on."""
        ssl: Any = self._ssl
        if ssl is None or self.state not in ("connecting", "connected"):
            return
        with suppress(SSL.Error):
            ssl.shutdown()
        with suppress(SSL.Error):
            self._pipe.send_now(ssl.bio_read(1500))


class DtlsLink:
    """One DTLS association: datagrams in and out, keys once, then silence until someone ends it."""

    def __init__(
        self,
        certificate: Certificate,
        turnstile: Turnstile,
        *,
        send: Callable[[bytes], None],
        export: Callable[[SrtpKeys], None],
    ) -> None:
        self._pipe = _Pipe(send, turnstile)
        self._end = _End(self._pipe, certificate, export)
        self._ended = asyncio.Event()

    @property
    def state(self) -> str:
        """``new``, ``connecting``, ``connected``, ``closed`` or ``failed``."""
        return self._end.state

    def receive(self, data: bytes) -> None:
        """Takes a DTLS datagram; those that come before ``run`` wait for it."""
        self._pipe.put(data)

    async def run(self, remote: DtlsParameters) -> None:
        """Shakes hands as the passive end and returns when the browser ends the association.

        Raises RemoteDtlsError when there is none: wrong certificate, no common profile, no answer.
        """
        fingerprints = [aio.RTCDtlsFingerprint(f.algorithm, f.value) for f in remote.fingerprints]
        self._end.on("statechange", self._state_changed)
        self._end._set_role("server")
        try:
            async with asyncio.timeout(DTLS_HANDSHAKE_S):
                await self._end.start(aio.RTCDtlsParameters(fingerprints, role=remote.role))
            if self._end.state != "connected":
                raise RemoteDtlsError("The DTLS handshake failed.")
            await self._ended.wait()
        except TimeoutError as error:
            raise RemoteDtlsError("The DTLS handshake took too long.") from error
        finally:
            self._pipe.close()
            await self._end.stop()

    def close(self) -> None:
        """Tells the browser; whoever runs the link cancels it."""
        self._end.say_goodbye()
        self._pipe.close()

    def _state_changed(self) -> None:
        if self._end.state in ("closed", "failed"):
            self._ended.set()
