"""STUN against the vectors of RFC 5769, and against noise."""

import socket
from struct import unpack_from

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sfu import stun
from sfu.errors import RemotePacketError
from sfu.ice import Address, IceLite
from tests.unit.sfu.browser import Browser

# RFC 5769 §2.1: sample request, short-term credentials.
REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36000600096576746a3a683676592020200008"
    "00149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
)
PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"


def test_sample_request_of_the_rfc_is_read() -> None:
    request = stun.read_request(REQUEST)
    assert request.username_fragment == "evtj"
    assert not request.nominates
    assert stun.has_integrity(request, PASSWORD)
    assert not stun.has_integrity(request, PASSWORD + b"x")


@pytest.mark.parametrize(
    ("host", "packed"),
    [
        ("192.0.2.1", socket.inet_pton(socket.AF_INET, "192.0.2.1")),
        ("::ffff:192.0.2.1", socket.inet_pton(socket.AF_INET, "192.0.2.1")),
        ("2001:db8::5", socket.inet_pton(socket.AF_INET6, "2001:db8::5")),
        ("fe80::5%eth0", socket.inet_pton(socket.AF_INET6, "fe80::5")),
    ],
)
def test_answer_maps_the_address(host: str, packed: bytes) -> None:
    request = stun.read_request(REQUEST)
    answer = stun.success(request, host, 32853, PASSWORD)
    kind, length = unpack_from("!HH", answer)
    assert (kind, length) == (0x0101, len(answer) - 20)
    family, port = unpack_from("!xBH", answer, 24)
    mask = bytes.fromhex("2112a442") + request.transaction
    masked = answer[28 : 28 + len(packed)]
    assert bytes(a ^ b for a, b in zip(masked, mask, strict=False)) == packed
    assert (family, port ^ 0x2112) == (1 if len(packed) == 4 else 2, 32853)


def test_answer_is_the_one_of_the_rfc_but_for_its_software() -> None:
    """RFC 5769 §2.2 carries SOFTWARE, which we do not say; address and keys are the same."""
    answer = stun.success(stun.read_request(REQUEST), "192.0.2.1", 32853, PASSWORD)
    assert bytes.fromhex("002000080001a147e112a643") in answer


@given(st.binary(max_size=200))
@example(REQUEST[:-1])
@example(REQUEST[:20])
def test_noise_raises_only_the_remote_error(datagram: bytes) -> None:
    with pytest.raises(RemotePacketError):
        stun.read_request(datagram)


@given(place=st.integers(0, len(REQUEST) - 1), bit=st.integers(0, 7))
def test_no_changed_bit_of_a_signed_request_passes(place: int, bit: int) -> None:
    changed = bytearray(REQUEST)
    changed[place] ^= 1 << bit
    try:
        request = stun.read_request(bytes(changed))
    except RemotePacketError:
        return
    # The checksum's own type may change: integrity still holds, as the checksum is not covered.
    outside = place >= len(REQUEST) - 8
    assert outside or not stun.has_integrity(request, PASSWORD)


# --- ICE-lite ------------------------------------------------------------------------------------
HOME: Address = ("192.0.2.1", 1000)
AWAY: Address = ("198.51.100.7", 2000)


def connected() -> tuple[IceLite[str], Browser]:
    ice: IceLite[str] = IceLite()
    browser = Browser("t")
    ice.add("owner", browser.fragment, browser.password)
    ice.receive(browser.check(), HOME, 0.0)
    return ice, browser


def test_consent_ends_fifteen_seconds_after_the_last_check() -> None:
    ice, browser = connected()
    ice.receive(browser.check(), HOME, 10.0)
    assert not ice.expire(24.9)
    (lost,) = ice.expire(25.1)
    assert lost.owner == "owner"
    assert lost.send_address is None
    assert not ice.expire(26.0)


def test_address_without_checks_is_forgotten_and_the_chosen_one_is_not() -> None:
    ice, browser = connected()
    ice.receive(browser.check(nominate=False), AWAY, 0.0)
    ice.receive(browser.check(), HOME, 10.0)
    ice.expire(16.0)
    assert AWAY not in ice.by_address
    assert HOME in ice.by_address


def test_addresses_of_one_transport_are_bounded() -> None:
    ice, browser = connected()
    for port in range(100):
        ice.receive(browser.check(nominate=False), ("192.0.2.1", 2000 + port), 1.0)
    assert len(ice.by_address) == 16
    assert HOME in ice.by_address


def test_removed_agent_leaves_nothing() -> None:
    ice, browser = connected()
    agent = ice.by_address[HOME]
    ice.restart(agent, "again", "secret")
    ice.remove(agent)
    assert not ice.by_address
    with pytest.raises(RemotePacketError, match="stun_unknown_user"):
        ice.receive(browser.check(), HOME, 1.0)


def test_address_moves_to_the_transport_that_proves_it_last() -> None:
    ice, _browser = connected()
    other = Browser("other")
    agent = ice.add("other", other.fragment, other.password)
    first = ice.by_address[HOME]
    ice.receive(other.check(), HOME, 1.0)
    assert ice.by_address[HOME] is agent
    assert first.send_address is None
    ice.remove(first)
    assert ice.by_address[HOME] is agent
