"""Negotiation: what is taken from a browser, what a viewer is told, and what is refused."""

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.media import MediaKind
from schemas.rtp import RtcpFeedback, RtpCapabilities, RtpParameters
from sfu import ortc
from sfu.errors import RemoteParametersError
from sfu.interface import ConsumerConfig, Encoding, Extensions
from tests.unit.sfu_control import browser

AUDIO, VIDEO = MediaKind.AUDIO, MediaKind.VIDEO


def take(raw: dict[str, Any], kind: MediaKind = VIDEO) -> ortc.Sent:
    return ortc.producer(producer_id="t1", transport="w1", kind=kind, parameters=browser.parameters(raw))


def give(sent: ortc.Sent, capabilities: RtpCapabilities) -> tuple[ConsumerConfig, RtpParameters] | None:
    return ortc.consumer(
        sent,
        capabilities,
        consumer_id="c1",
        transport="w2",
        mid="0",
        ssrc=5000,
        rtx_ssrc=5001,
        cname="ada",
    )


def test_simulcast_keeps_the_browsers_numbers_and_order() -> None:
    config = take(browser.camera()).config
    assert (config.mime_type, config.payload_type, config.rtx_payload_type, config.mid) == (
        "video/VP8",
        96,
        97,
        "1",
    )
    assert config.encodings == (Encoding(rid="r0"), Encoding(rid="r1"), Encoding(rid="r2"))
    assert config.extensions == Extensions(
        mid=4, rid=10, repaired_rid=11, transport_cc=3, video_orientation=13, playout_delay=5
    )
    assert config.nack
    assert config.paused


def test_layers_given_from_large_to_small_are_turned_around() -> None:
    raw = browser.camera()
    raw["encodings"].reverse()
    sent = take(raw)
    assert [e.rid for e in sent.config.encodings] == ["r0", "r1", "r2"]
    assert sent.scales == (4.0, 2.0, 1.0)


def test_layers_without_scales_are_halved_from_the_top() -> None:
    raw = browser.camera()
    for encoding in raw["encodings"]:
        del encoding["scaleResolutionDownBy"]
    assert take(raw).scales == (4.0, 2.0, 1.0)


def test_a_microphone_is_known_by_its_ssrc() -> None:
    config = take(browser.microphone(), AUDIO).config
    assert config.encodings == (Encoding(ssrc=1111),)
    assert config.rtx_payload_type is None
    assert not config.nack


def test_a_single_video_encoding_brings_its_repair_ssrc() -> None:
    raw = browser.camera()
    raw["encodings"] = [{"ssrc": 7, "rtx": {"ssrc": 8}}]
    assert take(raw).config.encodings == (Encoding(ssrc=7, rtx_ssrc=8),)


@pytest.mark.parametrize(
    ("profile", "is_taken"),
    [("42e01f", True), ("42c028", True), ("4dc01f", True), ("42001f", False), ("640034", False)],
)
def test_h264_is_taken_by_profile_whatever_the_level(profile: str, is_taken: bool) -> None:
    h264 = {"packetization-mode": 1, "profile-level-id": profile}
    codec = {"mimeType": "video/H264", "parameters": h264}
    if is_taken:
        assert take(browser.camera(codec)).codec.mime_type == "video/H264"
    else:
        with pytest.raises(RemoteParametersError, match="does not take"):
            take(browser.camera(codec))


def _broken() -> dict[str, tuple[str, dict[str, Any]]]:
    """By what is wrong: the code of the refusal, and the parameters."""
    video = browser.camera
    two_codecs = video()
    two_codecs["codecs"] += browser._video(browser.H264, 108)
    rtx_first = video()
    rtx_first["codecs"].reverse()
    orphan = video()
    orphan["codecs"][1]["parameters"]["apt"] = 99
    twice = video()
    twice["codecs"][1]["payloadType"] = 96
    no_mid = video()
    no_mid["mid"] = None
    no_rid_extension = video()
    no_rid_extension["headerExtensions"] = browser._extensions(mid=4)
    same_rid = video()
    same_rid["encodings"][1]["rid"] = "r0"
    nameless = video()
    nameless["encodings"] = [{"active": True}]
    zero = video()
    zero["encodings"] = [{"ssrc": 0}]
    four = video()
    four["encodings"].append({"rid": "r3"})
    none = video()
    none["encodings"] = []
    enlarged = video()
    enlarged["encodings"][0]["scaleResolutionDownBy"] = 0.5
    same_id = video()
    same_id["headerExtensions"][0]["id"] = 4
    wide_id = video()
    wide_id["headerExtensions"][0]["id"] = 15
    vp9 = video({"mimeType": "video/VP9", "parameters": {}})
    same_ssrc = video()
    same_ssrc["encodings"] = [{"ssrc": 7, "rtx": {"ssrc": 7}}]
    return {
        "two codecs": ("malformed", two_codecs),
        "repair before media": ("malformed", rtx_first),
        "repair of nothing": ("malformed", orphan),
        "payload type twice": ("malformed", twice),
        "rid without mid": ("malformed", no_mid),
        "rid without its extension": ("malformed", no_rid_extension),
        "rid twice": ("malformed", same_rid),
        "neither rid nor ssrc": ("malformed", nameless),
        "ssrc zero": ("malformed", zero),
        "four layers": ("unsupported", four),
        "no encoding": ("unsupported", none),
        "layer above its source": ("malformed", enlarged),
        "extension id twice": ("malformed", same_id),
        "two-byte extension id": ("unsupported", wide_id),
        "unknown codec": ("unsupported", vp9),
        "ssrc twice": ("malformed", same_ssrc),
    }


@pytest.mark.parametrize("what", _broken())
def test_parameters_that_make_no_sense_are_refused(what: str) -> None:
    code, raw = _broken()[what]
    with pytest.raises(RemoteParametersError) as refused:
        take(raw)
    assert refused.value.code == code


def test_sound_sent_as_video_is_refused() -> None:
    with pytest.raises(RemoteParametersError):
        take(browser.microphone(), VIDEO)


def test_a_viewer_gets_the_routers_numbers() -> None:
    found = give(take(browser.camera()), browser.receiving())
    assert found is not None
    config, told = found
    assert (config.payload_type, config.rtx_payload_type, config.ssrc, config.rtx_ssrc) == (
        101,
        102,
        5000,
        5001,
    )
    assert config.extensions == Extensions(mid=1, transport_cc=5, video_orientation=11, playout_delay=12)
    assert [c.payload_type for c in told.codecs] == [101, 102]
    assert told.codecs[1].parameters == {"apt": 101}


def test_the_first_payload_type_told_is_the_preferred_one() -> None:
    """``transport.consume`` of the library throws otherwise."""
    preferred = {c.preferred_payload_type for c in ortc.ROUTER_CAPABILITIES.codecs}
    for raw, kind in (
        (browser.microphone(), AUDIO),
        (browser.camera(), VIDEO),
        (browser.camera(browser.H264), VIDEO),
    ):
        found = give(take(raw, kind), browser.receiving())
        assert found is not None
        assert found[1].codecs[0].payload_type in preferred
        assert len(found[1].encodings) == 1


def test_the_probes_of_the_library_keep_their_numbers() -> None:
    payload_types = [c.preferred_payload_type for c in ortc.ROUTER_CAPABILITIES.codecs]
    assert ortc.PROBATOR_PAYLOAD_TYPE not in payload_types
    assert len(set(payload_types)) == len(payload_types)


def test_a_viewer_without_repair_gets_none() -> None:
    everything = browser.receiving()
    without = replace(everything, codecs=tuple(c for c in everything.codecs if "rtx" not in c.mime_type))
    found = give(take(browser.camera()), without)
    assert found is not None
    config, told = found
    assert (config.rtx_ssrc, config.rtx_payload_type) == (None, None)
    assert len(told.codecs) == 1
    assert told.encodings[0].rtx is None


def test_a_viewer_without_the_codec_gets_nothing() -> None:
    only_h264 = RtpCapabilities(
        tuple(c for c in browser.receiving().codecs if c.mime_type != "video/VP8"),
    )
    sent = take(browser.camera())
    assert not ortc.can_consume(sent, only_h264)
    assert give(sent, only_h264) is None
    assert ortc.can_consume(sent, browser.receiving())


def test_only_feedback_that_the_viewer_knows_is_told() -> None:
    everything = browser.receiving()
    deaf = replace(
        everything,
        codecs=tuple(replace(c, rtcp_feedback=(RtcpFeedback("ccm", "fir"),)) for c in everything.codecs),
    )
    found = give(take(browser.camera()), deaf)
    assert found is not None
    assert found[1].codecs[0].rtcp_feedback == (RtcpFeedback("ccm", "fir"),)
    assert not found[0].nack


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=40) | st.integers(), max_size=6))
def test_no_text_of_a_sender_reaches_a_viewers_sdp(parameters: dict[str, str | int]) -> None:
    raw = browser.microphone()
    raw["codecs"][0]["parameters"] = {"minptime": "10\r\na=evil", "stereo": 1, **parameters}
    found = give(take(raw, AUDIO), browser.receiving())
    assert found is not None
    told = found[1].codecs[0].parameters
    assert set(told) <= {
        "minptime",
        "useinbandfec",
        "usedtx",
        "stereo",
        "sprop-stereo",
        "maxaveragebitrate",
    }
    assert all(re.fullmatch("[0-9]+", str(value)) for value in told.values())


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_random_profiles_are_unknown_and_never_crash(data: bytes) -> None:
    assert ortc.h264_profile(data.decode(errors="replace")) in {
        None,
        "constrained_baseline",
        "baseline",
        "main",
        "extended",
        "high",
        "constrained_high",
    }


def test_what_is_told_survives_the_wire() -> None:
    found = give(take(browser.camera(browser.H264)), browser.receiving())
    assert found is not None
    wire = msgspec.json.encode(found[1])
    assert msgspec.json.decode(wire, type=RtpParameters) == found[1]
