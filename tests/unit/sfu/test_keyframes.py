"""Key frames by their first bytes, after the formats' own figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.keyframes import detector

KEY, OTHER = True, False


@pytest.mark.parametrize(
    ("mime_type", "payload", "starts", "why"),
    [
        ("video/VP8", "10 00 0000", KEY, "start of partition 0, P bit clear"),
        ("video/VP8", "10 01 0000", OTHER, "inter frame"),
        ("video/VP8", "00 00 0000", OTHER, "continues a partition"),
        ("video/VP8", "11 00 0000", OTHER, "start of partition 1"),
        ("video/VP8", "90 80 05 00", KEY, "7-bit picture id"),
        ("video/VP8", "90 80 8005 00", KEY, "15-bit picture id"),
        ("video/VP8", "90 e0 8005 01 40 00", KEY, "picture id, TL0PICIDX and TID"),
        ("video/VP8", "90 e0 8005 01 40 01", OTHER, "the same, inter frame"),
        ("video/VP8", "90 e0 80", OTHER, "cut in the descriptor"),
        ("video/H264", "67 42e01f", KEY, "SPS alone"),
        ("video/H264", "78 0004 6742e01f 0002 68ce", KEY, "STAP-A with SPS first"),
        ("video/H264", "78 0002 0610 0004 6742e01f", KEY, "STAP-A with SPS after SEI"),
        ("video/H264", "78 0002 68ce", OTHER, "STAP-A without SPS"),
        ("video/H264", "65 8884", OTHER, "IDR without its parameter sets"),
        ("video/H264", "7c 85 88", OTHER, "FU-A start of an IDR, parameter sets before it"),
        ("video/H264", "41 9a", OTHER, "non-IDR slice"),
        ("video/VP9", "88 05 00", KEY, "I and B set, no layers"),
        ("video/VP9", "80 05 00", OTHER, "B clear"),
        ("video/VP9", "c8 05 00", OTHER, "inter-predicted"),
        ("video/VP9", "a8 05 00", KEY, "spatial layer 0"),
        ("video/VP9", "a8 05 02", OTHER, "spatial layer 1"),
        ("video/AV1", "18 0a0b", KEY, "N bit"),
        ("video/AV1", "10 0a0b", OTHER, "N clear"),
        ("video/AV1", "98 0a0b", OTHER, "continues an OBU"),
        ("audio/opus", "01", KEY, "sound begins anywhere"),
    ],
)
def test_payload_starts_a_key_frame(mime_type: str, payload: str, starts: bool, why: str) -> None:
    assert detector(mime_type)(bytes.fromhex(payload)) is starts, why


@given(
    mime_type=st.sampled_from(["video/VP8", "video/H264", "video/VP9", "video/AV1", "audio/opus"]),
    payload=st.binary(max_size=40),
)
def test_no_payload_is_too_strange(mime_type: str, payload: bytes) -> None:
    assert detector(mime_type)(payload) in {True, False}
