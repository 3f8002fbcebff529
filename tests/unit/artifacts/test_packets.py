"""Packets back in order and in time, and frames of them: loss, repeats, wrap, switches, nonsense."""

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.depayload import Frame, depayload, opus_samples
from artifacts.errors import RemotePacketError
from artifacts.reorder import Reorder
from artifacts.unroll import Packet, Unroll, nearest, parse
from schemas.artifacts import TapPacket, TapReport

PAUSE_US = 2_000_000


def rtp(seq: int, timestamp: int, payload: bytes = b"x", *, marker: bool = True, ssrc: int = 7) -> bytes:
    head = bytes([0x80, 96 | (0x80 if marker else 0)]) + (seq & 0xFFFF).to_bytes(2, "big")
    return head + (timestamp & 0xFFFFFFFF).to_bytes(4, "big") + ssrc.to_bytes(4, "big") + payload


def packet(seq: int, arrived_us: int = 0, run: int = 0) -> Packet:
    return Packet(0, run, seq, seq * 960, arrived_us, True, b"x")


def ordered(packets: list[Packet]) -> list[int]:
    reorder = Reorder()
    found = [p.seq for pushed in packets for p in reorder.push(pushed)]
    return found + [p.seq for p in reorder.flush()]


# --- RTP -----------------------------------------------------------------------------------------
def test_extensions_sources_and_padding_are_left_out() -> None:
    sources, extension = b"\0\0\0\1", b"\xbe\xde\x00\x01\x10\x31\x00\x00"
    body = bytes([0xB1, 0xEF]) + rtp(5, 9)[2:12] + sources + extension + b"payload" + b"\0\0\3"
    read = parse(body)
    assert (read.seq, read.timestamp, read.ssrc, read.marker, read.payload) == (5, 9, 7, True, b"payload")


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(RemotePacketError):
        parse(data)


@given(st.integers(0, 1 << 40), st.integers(-(1 << 15) + 1, (1 << 15) - 1))
def test_the_nearest_number_is_found_across_the_wrap(near: int, step: int) -> None:
    assert nearest((near + step) & 0xFFFF, near, 16) == near + step


# --- one number line -----------------------------------------------------------------------------
def test_sequence_and_timestamp_do_not_wrap() -> None:
    unroll = Unroll(48_000)
    found = [
        unroll.packet(0, TapPacket(n * 20_000, rtp(65_500 + n, 0xFFFF_0000 + n * 960))) for n in range(200)
    ]
    assert [p.seq for p in found] == list(range(65_500, 65_700))
    assert [p.timestamp for p in found] == [0xFFFF_0000 + n * 960 for n in range(200)]
    assert {p.segment for p in found} == {0}


@pytest.mark.parametrize(
    ("second", "segments", "runs"),
    [
        # Muted: nothing came for a while, the clock went on.
        ((0, 7, 40_000, PAUSE_US, 96_000 + 960), [0, 0], [0, 1]),
        # Paused: the clock stood still meanwhile.
        ((0, 7, 2, PAUSE_US, 960), [0, 1], [0, 1]),
        # The tap switched its layer.
        ((1, 7, 2, 20_000, 960), [0, 1], [0, 1]),
        # The sender began anew.
        ((0, 8, 2, 20_000, 960), [0, 1], [0, 1]),
        # A jump of the count alone.
        ((0, 7, 20_000, 20_000, 960), [0, 0], [0, 1]),
        # The usual.
        ((0, 7, 2, 20_000, 960), [0, 0], [0, 0]),
        # A stall of the network: late, but its time says when it was meant.
        ((0, 7, 2, 400_000, 960), [0, 0], [0, 0]),
    ],
)
def test_pauses_switches_and_jumps(
    second: tuple[int, int, int, int, int], segments: list[int], runs: list[int]
) -> None:
    switch, ssrc, seq, arrived_us, timestamp = second
    unroll = Unroll(48_000)
    found = [
        unroll.packet(0, TapPacket(0, rtp(1, 0))),
        unroll.packet(switch, TapPacket(arrived_us, rtp(seq, timestamp, ssrc=ssrc))),
    ]
    assert [p.segment for p in found] == segments
    assert [p.run for p in found] == runs


def test_a_report_speaks_of_the_segment_at_hand() -> None:
    unroll = Unroll(48_000)
    assert unroll.report(0, TapReport(0, 5, 0)) is None
    unroll.packet(0, TapPacket(0, rtp(1, 0xFFFF_FFF0)))
    assert unroll.report(0, TapReport(0, 0x10, 0)) == (0, 0x1_0000_0010)
    assert unroll.report(1, TapReport(0, 0x10, 0)) is None


# --- order ---------------------------------------------------------------------------------------
@given(st.randoms(use_true_random=False), st.integers(1, 120))
def test_shuffled_within_the_wait_and_doubled_comes_out_once_in_order(
    chance: random.Random, count: int
) -> None:
    packets = [packet(n, n * 1_000) for n in range(count)]
    packets += [p for p in packets if chance.random() < 0.2]
    chance.shuffle(packets)
    assert ordered(packets) == list(range(count))


@given(st.sets(st.integers(0, 299), max_size=299), st.integers(0, 2**31))
def test_what_is_lost_is_left_out_and_the_rest_is_in_order(lost: set[int], seed: int) -> None:
    chance = random.Random(seed)
    sent = [packet(n, n * 20_000 + chance.randrange(50_000)) for n in range(300) if n not in lost]
    arrived = sorted(sent, key=lambda p: p.arrived_us)
    assert ordered(arrived) == [n for n in range(300) if n not in lost]


def test_a_repair_within_the_wait_takes_its_place_and_a_later_one_is_left_out() -> None:
    in_time = [packet(1, 0), packet(3, 20_000), packet(2, 900_000)]
    assert ordered(in_time) == [1, 2, 3]
    reorder = Reorder()
    late = [packet(1, 0), packet(3, 20_000), packet(4, 1_100_000), packet(2, 1_200_000), packet(5, 1_300_000)]
    found = [p.seq for pushed in late for p in reorder.push(pushed)]
    assert found == [1, 3, 4, 5]
    assert (reorder.lost, reorder.late) == (1, 1)


def test_a_new_run_ends_the_waiting_of_the_old_one() -> None:
    assert ordered([packet(5, 0), packet(7, 1), packet(100, 2, run=1), packet(101, 3, run=1)]) == [
        5,
        7,
        100,
        101,
    ]


# --- frames --------------------------------------------------------------------------------------
def vp8(n: int, *, key: bool, pieces: int = 1) -> list[tuple[int, bytes, bool]]:
    """A VP8 frame's packets: timestamp, payload, marker."""
    body = bytes([0 if key else 1]) + bytes([n % 256]) * 20
    size = -(-len(body) // pieces)
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    return [
        (n * 3_000, bytes([0x10 if i == 0 else 0]) + part, i == len(parts) - 1)
        for i, part in enumerate(parts)
    ]


def frames(mime_type: str, packets: list[tuple[int, int, bytes, bool]], segment: int = 0) -> list[Frame]:
    """Frames of packets: seq, timestamp, payload, marker."""
    make = depayload(mime_type)
    assert make is not None
    return [
        frame
        for seq, timestamp, payload, marker in packets
        for frame in make.push(Packet(segment, 0, seq, timestamp, 0, marker, payload))
    ]


def numbered(packets: list[tuple[int, bytes, bool]]) -> list[tuple[int, int, bytes, bool]]:
    return [(seq, *packet) for seq, packet in enumerate(packets)]


def test_a_video_begins_at_a_key_frame() -> None:
    packets = numbered([p for n in range(6) for p in vp8(n, key=n == 2, pieces=3)])
    found = frames("video/VP8", packets)
    assert [f.timestamp for f in found] == [6_000, 9_000, 12_000, 15_000]
    assert [f.is_key for f in found] == [True, False, False, False]
    assert found[0].data == b"\0" + b"\2" * 20


@pytest.mark.parametrize("piece", [0, 1, 2])
def test_a_frame_with_a_hole_is_left_out(piece: int) -> None:
    packets = numbered([p for n in range(4) for p in vp8(n, key=n == 0, pieces=3)])
    del packets[3 + piece]
    make = depayload("video/VP8")
    assert make is not None
    found = [f for s, t, p, m in packets for f in make.push(Packet(0, 0, s, t, 0, m, p))]
    assert [f.timestamp for f in found] == [0, 6_000, 9_000]
    assert make.broken == 1


def test_a_whole_frame_lost_breaks_no_other() -> None:
    packets = numbered([p for n in range(4) for p in vp8(n, key=n == 0, pieces=2)])
    del packets[2:4]
    assert [f.timestamp for f in frames("video/VP8", packets)] == [0, 6_000, 9_000]


def test_padding_between_frames_is_nothing() -> None:
    packets = [*vp8(0, key=True), (0, b"", False), (0, b"", False), *vp8(1, key=False)]
    assert [f.timestamp for f in frames("video/VP8", numbered(packets))] == [0, 3_000]


def test_without_a_marker_the_next_timestamp_ends_the_frame() -> None:
    packets = [(t, p, False) for n in range(3) for t, p, _ in vp8(n, key=n == 0, pieces=2)]
    assert [f.timestamp for f in frames("video/VP8", numbered(packets))] == [0, 3_000]


def test_every_form_of_vp8_descriptor_is_taken_off() -> None:
    body = b"\0body"
    for descriptor in (b"\x10", b"\x90\x00", b"\x90\x80\x05", b"\x90\x80\x85\x05", b"\x90\xe0\x05\x01\x20"):
        assert frames("video/VP8", [(0, 0, descriptor + body, True)])[0].data == body


def test_h264_units_are_put_together() -> None:
    stap = b"\x78" + b"\x00\x02\x67\xaa" + b"\x00\x02\x68\xbb"
    fragments = [b"\x7c\x85one", b"\x7c\x05two", b"\x7c\x45three"]
    packets = [
        (0, stap, False),
        *[(0, f, f is fragments[-1]) for f in fragments],
        (3_000, b"\x41single", True),
    ]
    found = frames("video/H264", numbered(packets))
    assert found[0].data == (b"\0\0\0\1\x67\xaa" + b"\0\0\0\1\x68\xbb" + b"\0\0\0\1\x65onetwothree")
    assert [f.is_key for f in found] == [True, False]


@pytest.mark.parametrize("mime_type", ["video/VP8", "video/H264", "audio/opus"])
@given(data=st.lists(st.tuples(st.binary(max_size=12), st.booleans(), st.integers(0, 2)), max_size=30))
def test_any_payloads_give_frames_or_nothing(mime_type: str, data: list[tuple[bytes, bool, int]]) -> None:
    seq, packets = 0, []
    for payload, marker, step in data:
        seq += step
        packets.append((seq, seq // 3 * 3_000, payload, marker))
    for frame in frames(mime_type, packets):
        assert frame.data


@pytest.mark.parametrize(
    ("head", "samples"),
    [
        (b"\x78", 960),
        (b"\x7b\x02", 1920),
        (b"\xe0", 120),
        (b"\x08", 960),
        (b"\x18", 2880),
        (b"\x68", 960),
        (b"\x79", 1920),
    ],
)
def test_the_length_of_an_opus_frame_is_read(head: bytes, samples: int) -> None:
    assert opus_samples(head + b"x") == samples
