"""RTP in and out: known bytes, and laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu import retransmit, rtp
from sfu.errors import RemotePacketError
from sfu.interface import Extensions
from sfu.rtp import HeaderWriter
from tests.unit.sfu.browser import SENT, SHOWN, packet_bytes

# Marker, type 96, number 0x1234, time 0x01020304, SSRC 0xdeadbeef; mid "1" (id 4), a zero byte of
# padding between elements, audio level (id 1); payload "abc"; three bytes of padding.
SAMPLE = bytes.fromhex("b0e01234 01020304 deadbeef bede0002 4031 00 10 94 000000 616263 000003")


def test_sample_is_read() -> None:
    packet = rtp.parse(SAMPLE)
    assert (packet.marker, packet.payload_type, packet.sequence) == (0x80, 96, 0x1234)
    assert (packet.timestamp, packet.ssrc) == (0x01020304, 0xDEADBEEF)
    assert packet.extensions == {4: b"1", 1: b"\x94"}
    assert packet.payload == b"abc"


def test_contributing_sources_are_skipped() -> None:
    packet = rtp.parse(bytes.fromhex("82600001 00000000 00000001 aaaaaaaa bbbbbbbb 7878"))
    assert packet.payload == b"xx"


@pytest.mark.parametrize(
    "data",
    [
        "",
        "80600001000000000000",
        "40600001 00000000 00000001",
        "8f600001 00000000 00000001",
        "90600001 00000000 00000001",
        "90600001 00000000 00000001 bede0002 40310000",
        "90600001 00000000 00000001 bede0001 4f313233",
        "90600001 00000000 00000001 10000001 04093132",
        "a0600001 00000000 00000001 6100",
        "a0600001 00000000 00000001 61ff",
    ],
)
def test_malformed_packet_is_refused(data: str) -> None:
    with pytest.raises(RemotePacketError):
        rtp.parse(bytes.fromhex(data))


@given(st.binary(max_size=120) | st.binary(max_size=120).map(lambda tail: b"\x90" + tail))
def test_noise_raises_only_the_remote_error(data: bytes) -> None:
    try:
        rtp.parse(data)
    except RemotePacketError:
        return


ELEMENTS = st.dictionaries(st.integers(1, 14), st.binary(min_size=1, max_size=16), max_size=8)
LARGE = st.dictionaries(st.integers(1, 255), st.binary(max_size=60), max_size=8)


@given(elements=ELEMENTS | LARGE, payload=st.binary(max_size=40), padding=st.integers(0, 40))
def test_extensions_survive_writing_and_reading(
    elements: dict[int, bytes], payload: bytes, padding: int
) -> None:
    data = packet_bytes(
        payload_type=96,
        sequence=1,
        timestamp=2,
        ssrc=3,
        payload=payload,
        elements=elements.items(),
        padding=padding,
    )
    packet = rtp.parse(data)
    assert packet.extensions == elements
    assert packet.payload == payload


IDS = st.lists(st.integers(0, 14), min_size=9, max_size=9, unique_by=lambda i: i or object()).map(
    lambda ids: Extensions(*ids)
)


@given(
    source=IDS,
    target=IDS,
    mid=st.text("abc0", max_size=16),
    elements=ELEMENTS,
    large=st.booleans(),
    sequence=st.integers(0, 65_535),
)
def test_viewer_reads_what_was_written_for_him(
    source: Extensions, target: Extensions, mid: str, elements: dict[int, bytes], large: bool, sequence: int
) -> None:
    if large and source.dependency_descriptor:
        elements = {**elements, source.dependency_descriptor: bytes(40)}
    packet = rtp.parse(
        packet_bytes(
            payload_type=96, sequence=5, timestamp=6, ssrc=7, payload=b"picture", elements=elements.items()
        )
    )
    writer = HeaderWriter(ssrc=9, payload_type=101, mid=mid, extensions=target, source=source)
    written = rtp.parse(writer.write(packet, sequence, 77, 0xABCDEF, 0x1234, b"++"))
    assert (written.ssrc, written.payload_type, written.sequence, written.timestamp) == (9, 101, sequence, 77)
    assert written.payload == b"++picture"
    expected = {
        target.mid: mid.encode(),
        target.abs_send_time: b"\xab\xcd\xef",
        target.transport_cc: b"\x124",
    }
    if not mid:
        del expected[target.mid]
    for name in ("audio_level", "video_orientation", "playout_delay", "dependency_descriptor"):
        if (value := elements.get(getattr(source, name))) is not None and getattr(source, name):
            expected[getattr(target, name)] = value
    expected.pop(0, None)
    assert written.extensions == expected


def test_elements_are_made_once_for_viewers_with_the_same_ids() -> None:
    packet = rtp.parse(
        packet_bytes(
            payload_type=96,
            sequence=1,
            timestamp=2,
            ssrc=3,
            payload=b"x",
            elements=[(SENT.video_orientation, b"\x01")],
        )
    )
    writers = [
        HeaderWriter(ssrc=n, payload_type=101, mid=str(n), extensions=SHOWN, source=SENT) for n in (1, 2)
    ]
    first = rtp.parse(writers[0].write(packet, 1, 1, 1, 1))
    made = packet.carried
    second = rtp.parse(writers[1].write(packet, 1, 1, 1, 1))
    assert packet.carried is made
    assert first.extensions[SHOWN.video_orientation] == second.extensions[SHOWN.video_orientation] == b"\x01"


@given(sequence=st.integers(0, 65_535), payload=st.binary(max_size=60))
def test_rtx_unwraps_to_what_was_wrapped(sequence: int, payload: bytes) -> None:
    data = packet_bytes(
        payload_type=97, sequence=1, timestamp=2, ssrc=3, payload=retransmit.wrap(sequence) + payload
    )
    assert retransmit.unwrap(rtp.parse(data)) == (sequence, payload)


@pytest.mark.parametrize("payload", [b"", b"\x01"])
def test_empty_rtx_is_padding(payload: bytes) -> None:
    data = packet_bytes(payload_type=97, sequence=1, timestamp=2, ssrc=3, payload=payload)
    with pytest.raises(RemotePacketError, match="rtx_padding"):
        retransmit.unwrap(rtp.parse(data))
