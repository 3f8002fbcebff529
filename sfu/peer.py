"""One transport as the packet path sees it: keys, streams, counters, and the way out."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from schemas import limits
from sfu.errors import RemotePacketError
from sfu.estimate import Estimator
from sfu.ice import Address, IceAgent
from sfu.incoming import Incoming, Layer
from sfu.srtp import PROTECT_BYTES_MAX, Srtp
from sfu.transport_cc import Arrivals, Departures

if TYPE_CHECKING:
    from sfu.outgoing import Outgoing

SendDatagram = Callable[[bytes, Address], bool]  # False: the socket would not take it.


class Padding(Struct, frozen=True):
    """A probe under way: bytes to send at each of the next ticks."""

    ticks: int
    bytes_per_tick: int


class Peer:
    """A transport; what is decided about it is decided elsewhere."""

    __slots__ = (
        "_admitted_at",
        "_send",
        "allowance",
        "arrivals",
        "bytes_received",
        "bytes_sent",
        "consumers",
        "departures",
        "drops",
        "estimator",
        "feedback_ssrc",
        "ice",
        "id",
        "layers",
        "not_selected",
        "packets_received",
        "packets_sent",
        "padding",
        "producers",
        "repairs",
        "reporter",
        "rtt_s",
        "srtp",
        "ssrcs",
        "transport_cc",
        "unsettled",
    )

    ice: "IceAgent[Peer]"

    def __init__(self, transport: str, reporter: int, send: SendDatagram, now: float) -> None:
        """``reporter`` is the SSRC under which the node reports."""
        self.id = transport
        self.reporter = reporter
        self._send = send
        self.srtp: Srtp | None = None
        self.producers: list[Incoming] = []
        self.layers: dict[int, Layer] = {}  # By media SSRC.
        self.repairs: dict[int, Layer] = {}  # By RTX SSRC.
        self.consumers: dict[int, Outgoing] = {}  # By media SSRC.
        self.unsettled = False  # A wish changed: layers are chosen anew at the next tick.
        self.padding = Padding(0, 0)
        self.not_selected = 0  # Of consumers that are gone.
        self.ssrcs: set[int] = set()  # All that ever passed authentication: SRTP keeps state for each.
        self.transport_cc = 0  # The publisher's extension id.
        self.feedback_ssrc = 0
        self.arrivals = Arrivals()
        self.departures = Departures()
        self.estimator = Estimator(now)
        self.allowance = _ALLOWANCE_MAX
        self._admitted_at = now
        self.rtt_s: float | None = None
        self.packets_received = self.bytes_received = 0
        self.packets_sent = self.bytes_sent = 0
        self.drops: Counter[str] = Counter()

    @property
    def is_open(self) -> bool:
        """Media can be sent: there are keys, and an address that consented."""
        return self.srtp is not None and self.ice.send_address is not None

    def admit(self, now: float, cost: int) -> None:
        """Bounds the work that a peer can cause per time: beyond it, datagrams are refused unread."""
        fresh = self.allowance + (now - self._admitted_at) * limits.PACKETS_PER_TRANSPORT_PER_S_MAX
        self._admitted_at = now
        if fresh < cost:
            self.allowance = fresh
            raise RemotePacketError("flood")
        self.allowance = min(_ALLOWANCE_MAX, fresh) - cost

    def admit_ssrc(self, ssrc: int) -> None:
        """Bounds the SSRCs of a peer: SRTP keeps state for each, whether it is known to us or not."""
        if ssrc not in self.ssrcs and len(self.ssrcs) >= limits.SSRCS_PER_TRANSPORT_MAX:
            raise RemotePacketError("too_many_ssrcs")

    def forget_layer(self, layer: Layer) -> None:
        """A producer ended: its streams are unknown again, and SRTP keeps nothing of them."""
        for ssrc, known in ((layer.ssrc, self.layers), (layer.rtx_ssrc, self.repairs)):
            if ssrc is not None and known.get(ssrc) is layer:
                del known[ssrc]
                self._forget_ssrc(ssrc)

    def bind(self, layer: Layer, ssrc: int) -> None:
        """The layer comes under this SSRC from now on."""
        if layer.ssrc is not None and self.layers.pop(layer.ssrc, None) is not None:
            self._forget_ssrc(layer.ssrc)
        layer.ssrc = ssrc
        self.layers[ssrc] = layer

    def bind_repairs(self, layer: Layer, ssrc: int) -> None:
        """As ``bind``, for the layer's RTX."""
        if layer.rtx_ssrc is not None and self.repairs.pop(layer.rtx_ssrc, None) is not None:
            self._forget_ssrc(layer.rtx_ssrc)
        layer.rtx_ssrc = ssrc
        self.repairs[ssrc] = layer

    def forget_consumer(self, viewer: "Outgoing") -> None:
        """A consumer ended."""
        del self.consumers[viewer.config.ssrc]
        self.not_selected += viewer.not_selected
        for ssrc in (viewer.config.ssrc, viewer.config.rtx_ssrc):
            if ssrc is not None and self.srtp is not None:
                self.srtp.forget_sent(ssrc)

    def send_rtp(self, packet: bytes) -> str | None:
        """Seals and sends; the answer is the reason of a drop, None when sent."""
        address = self.ice.send_address
        if self.srtp is None or address is None:
            return "not_connected"
        if len(packet) > PROTECT_BYTES_MAX:
            return "too_large"
        datagram = self.srtp.seal_rtp(packet)
        if not self._send(datagram, address):
            return "socket_full"
        self.packets_sent += 1
        self.bytes_sent += len(datagram)
        return None

    def send_rtcp(self, packet: bytes) -> None:
        """Seals and sends reports and requests; they are repeated by nature, so a loss is only counted."""
        address = self.ice.send_address
        if self.srtp is None or address is None:
            return
        if len(packet) > PROTECT_BYTES_MAX or not self._send(self.srtp.seal_rtcp(packet), address):
            self.drops["rtcp_unsent"] += 1

    def send_plain(self, datagram: bytes) -> None:
        """Sends a DTLS record as it is."""
        address = self.ice.send_address
        if address is not None:
            self._send(datagram, address)

    def _forget_ssrc(self, ssrc: int) -> None:
        self.ssrcs.discard(ssrc)
        if self.srtp is not None:
            self.srtp.forget_received(ssrc)


_ALLOWANCE_MAX = (
    limits.PACKETS_PER_TRANSPORT_PER_S_MAX / 4
)  # A quarter of a second at once: a key frame burst.
