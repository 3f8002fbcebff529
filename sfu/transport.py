"""A transport: one browser's path to this node, in one direction."""

import secrets
from typing import Literal

from schemas.ids import ConnectionId, ParticipantId, TrackId
from schemas.rtp import DtlsParameters, IceCandidate, IceParameters, TransportOptions
from schemas.signalling import Direction
from sfu import dtls, ortc
from sfu.consumer import Consumer
from sfu.dtls import Certificate, DtlsLink, Turnstile
from sfu.errors import RemoteParametersError
from sfu.interface import Forwarder, TransportConfig
from sfu.ortc import Sent
from sfu.producer import Producer

State = Literal["new", "connecting", "connected", "closed"]


class Transport:
    """Invariant: the packet path knows it from construction to ``close``, and not a moment longer."""

    def __init__(
        self,
        transport_id: str,
        *,
        participant: ParticipantId,
        connection: ConnectionId,
        direction: Direction,
        forwarder: Forwarder,
        certificate: Certificate,
        turnstile: Turnstile,
        opened_at: float,
    ) -> None:
        self.id = transport_id
        self.participant = participant
        self.connection = connection
        self.direction = direction
        self.opened_at = opened_at
        self.producers: dict[TrackId, Producer] = {}
        self.consumers: dict[str, Consumer] = {}
        self.remote: DtlsParameters | None = None
        self.is_closed = False
        self.link = DtlsLink(
            certificate,
            turnstile,
            send=lambda data: forwarder.send_dtls(transport_id, data),
            export=lambda keys: forwarder.set_keys(transport_id, keys),
        )
        self._forwarder = forwarder
        self._certificate = certificate
        self._ice = _new_credentials()
        self._mids = 0
        forwarder.add_transport(TransportConfig(self.id, self._ice.username_fragment, self._ice.password))

    @property
    def state(self) -> State:
        """Where the handshake stands."""
        if self.is_closed:
            return "closed"
        if self.link.state == "connected":
            return "connected"
        return "new" if self.remote is None else "connecting"

    def options(self, candidates: tuple[IceCandidate, ...]) -> TransportOptions:
        """What the browser's library needs to make its end."""
        return TransportOptions(self.id, self._ice, candidates, self._certificate.parameters())

    def connect(self, remote: DtlsParameters) -> bool:
        """Takes the browser's DTLS parameters; False when it has them already (a repeated request).

        Raises RemoteParametersError.
        """
        dtls.check_parameters(remote)
        if self.remote is not None:
            if self.remote != remote:
                raise RemoteParametersError("malformed", "This transport has other DTLS parameters.")
            return False
        self.remote = remote
        return True

    def restart_ice(self) -> IceParameters:
        """New credentials; the old ones work until the browser has nominated a pair with the new."""
        self._ice = _new_credentials()
        self._forwarder.set_credentials(self.id, self._ice.username_fragment, self._ice.password)
        return self._ice

    def check_free(self, sent: Sent) -> None:
        """Raises RemoteParametersError when another producer here uses its mid or an SSRC."""
        config = sent.config
        ssrcs = _ssrcs(sent)
        for other in self.producers.values():
            if config.mid and config.mid == other.sent.config.mid:
                raise RemoteParametersError("malformed", "This mid is in use on this transport.")
            if ssrcs & _ssrcs(other.sent):
                raise RemoteParametersError("malformed", "An SSRC is in use on this transport.")

    def next_mid(self) -> str:
        """A mid that no consumer on this transport ever had."""
        mid = str(self._mids)
        self._mids += 1
        return mid

    def free_ssrcs(self) -> tuple[int, int]:
        """Two random SSRCs that nothing on this transport uses (RFC 3550 §8.1)."""
        used = {ortc.PROBATOR_SSRC, 0}
        for consumer in self.consumers.values():
            used |= consumer.ssrcs
        found: list[int] = []
        while len(found) < 2:
            ssrc = secrets.randbits(32)
            if ssrc not in used:
                used.add(ssrc)
                found.append(ssrc)
        return found[0], found[1]

    def close(self) -> None:
        """Ends it and everything on it. Nothing is emitted here: see ``Router.close_transport``."""
        if self.is_closed:
            return
        self.link.close()
        self.is_closed = True
        for consumer in tuple(self.consumers.values()):
            consumer.close()
        for producer in tuple(self.producers.values()):
            producer.close()
        self._forwarder.remove_transport(self.id)


def _new_credentials() -> IceParameters:
    # RFC 8445 §5.3 asks for 24 and 128 random bits, of letters and digits.
    return IceParameters(secrets.token_hex(8), secrets.token_hex(16), ice_lite=True)


def _ssrcs(sent: Sent) -> set[int]:
    return {s for e in sent.config.encodings for s in (e.ssrc, e.rtx_ssrc) if s is not None}


def candidates(addresses: tuple[str, ...], port: int) -> tuple[IceCandidate, ...]:
    """This node's host candidates, best first (RFC 8445 §5.1.2.1: one component, type host)."""
    return tuple(
        IceCandidate(
            foundation=f"udp{i}",
            priority=(126 << 24) | ((65_535 - i) << 8) | 255,
            address=address,
            ip=address,
            protocol="udp",
            port=port,
        )
        for i, address in enumerate(addresses)
    )
