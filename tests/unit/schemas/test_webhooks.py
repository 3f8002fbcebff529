"""What receivers are told, and which addresses are not theirs to name."""

import ipaddress

import msgspec
import pytest

from schemas.events.lifecycle import RoomRenamed, SessionEnded, SessionStarted
from schemas.events.recording import RecordingCompleted
from schemas.events.roster import ParticipantJoined, ParticipantLeft
from schemas.ids import ConnectionId, EdgeId, ParticipantId, RecordingId, SessionId
from schemas.media import Role
from schemas.webhooks import is_open, is_public, read_networks, read_url, told

JOINED = ParticipantJoined(
    ParticipantId("p1"), "u1", "Sam Student", Role.SPEAKER, False, EdgeId("e1"), ConnectionId("c1")
)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (SessionStarted(SessionId("s1"), "Physics"), "session.started"),
        (SessionEnded(SessionId("s1"), "ended"), "session.ended"),
        (JOINED, "participant.joined"),
        (ParticipantLeft(ParticipantId("p1"), "left", 5), "participant.left"),
        (RecordingCompleted(RecordingId("rec1"), 60_000), "recording.ready"),
    ],
)
def test_five_kinds_of_events_are_told(event: object, kind: str) -> None:
    found = told(event)  # type: ignore[arg-type]
    assert found is not None
    assert found[0] == kind


def test_other_events_are_not_told() -> None:
    assert told(RoomRenamed("Chemistry")) is None


def test_nobody_is_told_names_accounts_or_edges() -> None:
    found = told(JOINED)
    assert found is not None
    assert set(found[1]) == {"participant", "role", "guest"}
    assert b"Sam" not in msgspec.json.encode(found[1])


CLOSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2001::1",
    "2001:0:4136:e378::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "5f00::1",
]
OPEN = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "192.0.1.1",
    "198.17.0.1",
    "198.20.0.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450::1",
    "2001:4860:4860::8888",
    "3fff:1000::1",
]


@pytest.mark.parametrize("text", CLOSED)
def test_closed_addresses(text: str) -> None:
    """Nothing of our own network, in whatever disguise."""
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", OPEN)
def test_open_addresses(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


def test_an_operator_may_open_a_network_of_their_own() -> None:
    networks = read_networks("10.1.0.0/16, ::1/128")
    assert is_open(ipaddress.ip_address("10.1.2.3"), networks)
    assert is_open(ipaddress.ip_address("::1"), networks)
    assert not is_open(ipaddress.ip_address("10.2.0.1"), networks)
    with pytest.raises(ValueError, match="host bits"):
        read_networks("10.1.2.3/8")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "https://",
        "https:///path",
        "https://user:secret@example.org/",
        "https://example.org/#here",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://exa mple.org/",
        "https://example.org/\r\nhost: other",
        "https://example.org\\@127.0.0.1/",
        "https://münchen.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[::ffff:10.0.0.1]/",
        "https://example.org/" + "a" * 2_000,
    ],
)
def test_addresses_that_are_refused_as_they_are_written(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_url(url, ())


def test_an_address_is_taken_apart() -> None:
    target = read_url("https://hooks.example.org/in?school=1", ())
    assert (target.host, target.port, target.path) == ("hooks.example.org", 443, "/in?school=1")
    assert target.authority == "hooks.example.org"
    plain = read_url("http://[::1]:8080", read_networks("::1/128"))
    assert (plain.secure, plain.authority, plain.path) == (False, "[::1]:8080", "/")
