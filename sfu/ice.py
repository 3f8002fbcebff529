"""ICE-lite for many transports on one socket (RFC 8445 §2.5, consent after RFC 7675).

Two rules that must stay true:

* Media and DTLS are accepted from every address that passed STUN integrity, because a browser that
  restarts ICE sends from its new port before it nominates it.
* The address *we* send to moves only by USE-CANDIDATE under the newest credentials seen, or a
  stranger's early check could draw a class's media to himself.

Until the first nomination the latest valid address is used: the DTLS handshake need not wait for it.
Time is an argument.
"""

from typing import Generic, TypeVar

from schemas import limits
from sfu import stun
from sfu.errors import RemotePacketError

Address = tuple[str, int] | tuple[str, int, int, int]
Owner = TypeVar("Owner")


class IceAgent(Generic[Owner]):
    """One transport's side of ICE: credentials, the peer's addresses, consent."""

    __slots__ = ("addresses", "consent_until", "credentials", "nominated", "owner", "send_address")

    def __init__(self, owner: Owner, username_fragment: str, password: str) -> None:
        self.owner = owner
        # Newest last; two while an ICE restart is under way.
        self.credentials: list[tuple[str, bytes]] = [(username_fragment, password.encode())]
        self.addresses: dict[Address, float] = {}
        self.send_address: Address | None = None
        self.nominated = False
        self.consent_until: float | None = None


class IceAnswer(Generic[Owner]):
    """What a valid check leads to: a reply, and a move of the send address when it ``selected`` one."""

    __slots__ = ("agent", "reply", "selected")

    def __init__(self, agent: IceAgent[Owner], reply: bytes, *, selected: bool) -> None:
        self.agent = agent
        self.reply = reply
        self.selected = selected


class IceLite(Generic[Owner]):
    """The node's table of credentials and addresses."""

    def __init__(self) -> None:
        self.by_address: dict[Address, IceAgent[Owner]] = {}
        self._by_fragment: dict[str, IceAgent[Owner]] = {}

    def add(self, owner: Owner, username_fragment: str, password: str) -> IceAgent[Owner]:
        """Answers checks for these credentials from now on."""
        assert username_fragment not in self._by_fragment, "username fragments are unique on a node"
        agent = IceAgent(owner, username_fragment, password)
        self._by_fragment[username_fragment] = agent
        return agent

    def restart(self, agent: IceAgent[Owner], username_fragment: str, password: str) -> None:
        """Adds new credentials; the old ones live until the new ones are nominated."""
        if agent.credentials[-1][0] == username_fragment:
            return
        assert username_fragment not in self._by_fragment, "username fragments are unique on a node"
        while len(agent.credentials) > 1:  # A restart during a restart replaces the unfinished one.
            del self._by_fragment[agent.credentials.pop()[0]]
        agent.credentials.append((username_fragment, password.encode()))
        self._by_fragment[username_fragment] = agent

    def remove(self, agent: IceAgent[Owner]) -> None:
        """Forgets credentials and addresses."""
        for fragment, _ in agent.credentials:
            del self._by_fragment[fragment]
        for address in agent.addresses:
            del self.by_address[address]
        agent.credentials.clear()
        agent.addresses.clear()
        agent.send_address = None

    def receive(self, datagram: bytes, address: Address, now: float) -> IceAnswer[Owner]:
        """Handles one STUN datagram; anything but a valid check raises ``RemotePacketError``."""
        request = stun.read_request(datagram)
        agent = self._by_fragment.get(request.username_fragment)
        if agent is None:
            raise RemotePacketError("stun_unknown_user")
        password = next(word for fragment, word in agent.credentials if fragment == request.username_fragment)
        if not stun.has_integrity(request, password):
            raise RemotePacketError("stun_integrity")
        newest = agent.credentials[-1][0] == request.username_fragment
        self._validate(agent, address, now)
        selected = request.nominates and newest and self._nominate(agent, address)
        reply = stun.success(request, address[0], address[1], password)
        return IceAnswer(agent, reply, selected=selected)

    def expire(self, now: float) -> list[IceAgent[Owner]]:
        """Drops addresses that are no longer checked; returns the agents that just lost consent."""
        for address, agent in list(self.by_address.items()):
            if address != agent.send_address and agent.addresses[address] < now - limits.ICE_CONSENT_S:
                del agent.addresses[address]
                del self.by_address[address]
        lost = [
            agent
            for agent in set(self._by_fragment.values())
            if agent.consent_until is not None and agent.consent_until < now
        ]
        for agent in lost:
            agent.consent_until = None
            agent.send_address = None
            agent.nominated = False
        return lost

    def _validate(self, agent: IceAgent[Owner], address: Address, now: float) -> None:
        holder = self.by_address.get(address)
        if holder is not None and holder is not agent:
            # The browser reused its port for another transport; the newest valid check is right.
            del holder.addresses[address]
            if holder.send_address == address:
                holder.send_address = None
        agent.addresses.pop(address, None)
        agent.addresses[address] = now  # Newest last.
        self.by_address[address] = agent
        agent.consent_until = now + limits.ICE_CONSENT_S
        if not agent.nominated:
            agent.send_address = address
        while len(agent.addresses) > limits.ICE_ADDRESSES_PER_TRANSPORT_MAX:
            oldest = next(known for known in agent.addresses if known != agent.send_address)
            del agent.addresses[oldest]
            del self.by_address[oldest]

    def _nominate(self, agent: IceAgent[Owner], address: Address) -> bool:
        while len(agent.credentials) > 1:
            del self._by_fragment[agent.credentials.pop(0)[0]]
        if agent.nominated and agent.send_address == address:
            return False
        agent.nominated = True
        agent.send_address = address
        return True
