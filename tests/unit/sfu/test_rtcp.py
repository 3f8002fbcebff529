"""RTCP: what browsers send, known bytes and noise."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu import rtcp
from sfu.errors import RemotePacketError

BLOCK = rtcp.ReportBlock(0x11111111, 25, -3, 70_000, 12, 0xAABBCCDD, 65_536)


def test_reports_survive_writing_and_reading() -> None:
    report = rtcp.SenderReport(1, 0x83AA7E80_80000000, 2, 3, 4, (BLOCK,))
    data = rtcp.sender_report(report) + rtcp.description(1, "tess") + rtcp.receiver_report(9, [BLOCK, BLOCK])
    compound = rtcp.parse(data)
    assert compound == rtcp.Compound((report, rtcp.ReceiverReport(9, (BLOCK, BLOCK))), 0)


def test_description_ends_on_a_word_and_with_a_zero() -> None:
    assert rtcp.description(1, "tess") == bytes.fromhex("81ca0003 00000001 0104 74657373 0000")


@pytest.mark.parametrize(
    ("sequences", "entries"),
    [
        ([10], "000a0000"),
        ([10, 11, 26], "000a8001"),
        ([10, 27], "000a0000001b0000"),
        ([65_535, 0, 3], "ffff0009"),
    ],
)
def test_neighbours_share_a_nack_entry(sequences: list[int], entries: str) -> None:
    data = rtcp.nack(1, 2, sequences)
    assert data[12:].hex() == entries
    assert rtcp.parse(data).messages == (rtcp.Nack(2, tuple(sequences)),)


def test_key_frame_requests_are_read_in_both_forms() -> None:
    fir = bytes.fromhex("84ce0006 00000001 00000000 00000002 05000000 00000003 06000000")
    messages = rtcp.parse(rtcp.picture_loss(1, 7) + fir).messages
    assert messages == (rtcp.KeyFrameRequest(7), rtcp.KeyFrameRequest(2), rtcp.KeyFrameRequest(3))


def test_remb_is_mantissa_times_power() -> None:
    data = bytes.fromhex("8fce0005 00000001 00000000 52454d42 010a8000 00000002")
    (limit,) = rtcp.parse(data).messages
    assert limit == rtcp.BitrateLimit(0x28000 << 2)


def test_padded_feedback_does_not_lose_the_compound() -> None:
    """aiortc's parser threw away 121 of 194 packets of Chromium for this."""
    data = rtcp.transport_feedback(1, 2, b"\x01\xf4\x00\x01\x00\x00\x01\x00\x20\x01\x0f")
    assert data[0] & 0x20
    assert rtcp.parse(data).messages == (
        rtcp.TransportFeedback(b"\x01\xf4\x00\x01\x00\x00\x01\x00\x20\x01\x0f"),
    )


def test_report_with_a_profile_extension_is_read() -> None:
    report = rtcp.receiver_report(1, [BLOCK])
    longer = report[:2] + pack("!H", len(report) // 4) + report[4:] + b"more"
    assert rtcp.parse(longer).messages == (rtcp.ReceiverReport(1, (BLOCK,)),)


def test_unknown_parts_are_skipped() -> None:
    xr = bytes.fromhex("80cf0002 00000001 04000000")
    assert rtcp.parse(xr + rtcp.picture_loss(1, 2)).messages == (rtcp.KeyFrameRequest(2),)


def test_unreadable_part_is_counted_and_the_rest_read() -> None:
    short_report = bytes.fromhex("81c90001 00000001")
    compound = rtcp.parse(short_report + rtcp.picture_loss(1, 2))
    assert compound == rtcp.Compound((rtcp.KeyFrameRequest(2),), 1)


def test_goodbye_names_its_streams() -> None:
    assert rtcp.parse(bytes.fromhex("82cb0002 00000001 00000002")).messages == (rtcp.Goodbye((1, 2)),)


HEADS = st.tuples(st.integers(0x80, 0xBF), st.integers(200, 207), st.integers(0, 12)).map(
    lambda head: pack("!BBH", *head)
)


@given(st.binary(max_size=80) | st.tuples(HEADS, st.binary(max_size=80)).map(b"".join))
def test_noise_raises_only_the_remote_error(data: bytes) -> None:
    try:
        rtcp.parse(data)
    except RemotePacketError:
        return


@given(st.lists(st.integers(0, 65_535), min_size=1, max_size=60))
def test_nack_names_every_missing_number(sequences: list[int]) -> None:
    (message,) = rtcp.parse(rtcp.nack(1, 2, sequences)).messages
    assert isinstance(message, rtcp.Nack)
    assert set(message.sequences) == set(sequences)
