"""Webhooks: what is sent, under which names, to which addresses; and how edge and workers speak of it.

The edge keeps the list and the secrets, a worker (``artifacts``) goes out: it asks ``prepare`` for a
request that is signed for this moment, sends it, and tells the end by ``report``. So the process that
meets foreign addresses holds no secret and no database, and the one that does never leaves the house.
"""

import ipaddress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from schemas.events.common import EventData
from schemas.events.lifecycle import SessionEnded, SessionStarted
from schemas.events.recording import RecordingCompleted
from schemas.events.roster import ParticipantJoined, ParticipantLeft
from schemas.limits import WEBHOOK_URL_CHARS_MAX

JOB = "webhook"
"""The kind of job that delivers."""

Kind = Literal[
    "session.started", "session.ended", "participant.joined", "participant.left", "recording.ready"
]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


# --- what is told --------------------------------------------------------------------------------
def told(event: EventData) -> tuple[Kind, dict[str, str | int | bool]] | None:
    """The kind and data of what receivers are told of an event; None: nothing.

    Names, addresses, accounts and devices are left out: who needs them asks the API by these ids.
    """
    match event:
        case SessionStarted():
            return "session.started", {"session": event.session}
        case SessionEnded():
            return "session.ended", {"session": event.session, "reason": event.reason}
        case ParticipantJoined():
            return "participant.joined", {
                "participant": event.participant,
                "role": event.role.value,
                "guest": event.guest,
            }
        case ParticipantLeft():
            return "participant.left", {"participant": event.participant, "reason": event.reason}
        case RecordingCompleted():
            return "recording.ready", {"recording": event.recording, "duration_ms": event.duration_ms}
        case _:
            return None


class CloudEvent(Struct, frozen=True):
    """The body: a CloudEvent in structured mode (CloudEvents 1.0 §3, JSON format).

    ``sequence`` counts what this webhook was sent, from 1 and without hole: a receiver that missed some
    asks for a replay ``after`` the last that it has.
    """

    id: str
    source: str
    type: str
    time: str
    sequence: str
    data: dict[str, str | int | bool]
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


# --- edge and worker -----------------------------------------------------------------------------
class WebhookJob(Struct, frozen=True):
    """Body of a ``webhook`` job, and of the question ``prepare``."""

    delivery: str


class Prepared(Struct, frozen=True, omit_defaults=True):
    """The answer to ``prepare``: the request to send; or none, because it is not wanted any more."""

    url: str = ""
    headers: dict[str, str] = {}
    body: str = ""


class Report(Struct, frozen=True, omit_defaults=True):
    """How an attempt ended: with this status of HTTP (0: without answer). ``last``: no more will follow."""

    delivery: str
    status: int
    error: Annotated[str, Meta(max_length=500)] = ""
    last: bool = False


# --- addresses -----------------------------------------------------------------------------------
_CLOSED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # This network (RFC 791), the unspecified address.
        "10.0.0.0/8",  # Private (RFC 1918), and two more below.
        "100.64.0.0/10",  # Carrier-grade NAT (RFC 6598).
        "127.0.0.0/8",  # Loopback.
        "169.254.0.0/16",  # Link-local, and clouds' metadata.
        "172.16.0.0/12",
        "192.0.0.0/24",  # Protocol assignments (RFC 6890).
        "192.0.2.0/24",  # Documentation (RFC 5737), and two more below.
        "192.88.99.0/24",  # 6to4 relays (RFC 7526).
        "192.168.0.0/16",
        "198.18.0.0/15",  # Benchmarks (RFC 2544).
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # Multicast.
        "240.0.0.0/4",  # Reserved, broadcast.
    )
)
# Of IPv6 only global unicast is open; loopback, mapped, NAT64, ULA, link-local, multicast lie outside.
_OPEN_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # Protocol assignments: Teredo and others that hold an IPv4 address.
        "2001:db8::/32",  # Documentation.
        "2002::/16",  # 6to4: an IPv4 address in disguise.
        "3fff::/20",  # Documentation (RFC 9637).
    )
)


def is_public(address: Address) -> bool:
    """Whether an address is the open internet's, and nobody's own network."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    return address in _OPEN_V6 and not any(address in network for network in _CLOSED_V6)


def is_open(address: Address, networks: tuple[Network, ...]) -> bool:
    """Whether webhooks may go there: it is public, or one of the ``networks`` that the operator opened."""
    return is_public(address) or is_opened(address, networks)


def is_opened(address: Address, networks: tuple[Network, ...]) -> bool:
    """Whether the operator opened it, though it is not public."""
    return any(address.version == network.version and address in network for network in networks)


def read_networks(text: str) -> tuple[Network, ...]:
    """The setting ``webhook_networks``. Raises ValueError."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


class Target(Struct, frozen=True):
    """An address of a receiver, taken apart."""

    secure: bool
    host: str
    port: int
    path: str
    """With its query."""

    @property
    def authority(self) -> str:
        """The ``Host`` of a request (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def read_url(url: str, networks: tuple[Network, ...]) -> Target:
    """Takes a receiver's address apart. Raises ValueError with a sentence for people.

    What a name leads to is checked when it is used, each time; a literal address also here.
    """
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > WEBHOOK_URL_CHARS_MAX:
        raise ValueError("The address has characters that do not belong there, or is too long.")
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and networks):
        raise ValueError("The address must begin with https://.")
    host, port = parts.hostname, parts.port  # The port raises ValueError itself.
    if not host or port == 0 or "%" in host or "\\" in url:
        raise ValueError("The address names no host.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("The address must have no user, password or fragment.")
    literal = _literal(host)
    if literal is not None and not is_open(literal, networks):
        raise ValueError("This address is not on the open internet.")
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(secure, host, port or (443 if secure else 80), path)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
