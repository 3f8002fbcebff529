"""What Chromium 156 with mediasoup-client 3.24.1 sends to a node, as values."""

from typing import Any

import msgspec

from schemas.rtp import RtpCapabilities, RtpParameters
from sfu.ortc import EXTENSION_URIS, ROUTER_CAPABILITIES

FEEDBACK = [
    {"type": "transport-cc", "parameter": ""},
    {"type": "ccm", "parameter": "fir"},
    {"type": "nack", "parameter": ""},
    {"type": "nack", "parameter": "pli"},
]


def _extensions(**ids: int) -> list[dict[str, Any]]:
    return [{"uri": EXTENSION_URIS[k], "id": v, "encrypt": False, "parameters": {}} for k, v in ids.items()]


def microphone(*, ssrc: int = 1111, mid: str = "0") -> dict[str, Any]:
    return {
        "mid": mid,
        "codecs": [
            {
                "mimeType": "audio/opus",
                "payloadType": 111,
                "clockRate": 48000,
                "channels": 2,
                "parameters": {"minptime": 10, "useinbandfec": 1},
                "rtcpFeedback": [{"type": "transport-cc", "parameter": ""}],
            }
        ],
        "headerExtensions": _extensions(audio_level=1, transport_cc=3, mid=4),
        "encodings": [{"ssrc": ssrc, "dtx": False}],
        "rtcp": {"cname": "x", "reducedSize": True},
        "msid": "s t",
    }


def _video(codec: dict[str, Any], payload_type: int) -> list[dict[str, Any]]:
    return [
        {"payloadType": payload_type, "clockRate": 90000, "rtcpFeedback": FEEDBACK, **codec},
        {
            "mimeType": "video/rtx",
            "payloadType": payload_type + 1,
            "clockRate": 90000,
            "parameters": {"apt": payload_type},
            "rtcpFeedback": [],
        },
    ]


VP8 = {"mimeType": "video/VP8", "parameters": {}}
H264 = {
    "mimeType": "video/H264",
    "parameters": {"level-asymmetry-allowed": 1, "packetization-mode": 1, "profile-level-id": "42e01f"},
}


def camera(codec: dict[str, Any] = VP8, payload_type: int = 96, mid: str = "1") -> dict[str, Any]:
    return {
        "mid": mid,
        "codecs": _video(codec, payload_type),
        "headerExtensions": _extensions(
            transport_cc=3, mid=4, playout_delay=5, rid=10, repaired_rid=11, video_orientation=13
        ),
        "encodings": [
            {"rid": f"r{i}", "active": True, "scaleResolutionDownBy": 4 >> i, "scalabilityMode": "L1T3"}
            for i in range(3)
        ],
        "rtcp": {"cname": "", "reducedSize": True},
        "msid": "s t",
    }


def parameters(raw: dict[str, Any]) -> RtpParameters:
    return msgspec.convert(raw, RtpParameters)


def receiving() -> RtpCapabilities:
    """What a browser that can take everything answers: the router's own numbers."""
    return ROUTER_CAPABILITIES
