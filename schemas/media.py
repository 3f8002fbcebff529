"""Words that commands, events and views share about people and their media."""

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.limits import QUALITY_BPS_MAX, QUALITY_MS_MAX, QUALITY_SAMPLES_MAX


class Role(StrEnum):
    """What a participant is in a class. A role grants permissions through ``rooms.permissions``."""

    HOST = "host"
    CO_HOST = "co_host"
    SPEAKER = "speaker"
    VIEWER = "viewer"


Device = Literal["desktop", "phone", "tablet", ""]
"""What somebody is in class with, coarsely; empty: unknown."""


class MediaKind(StrEnum):
    """ORTC media kind."""

    AUDIO = "audio"
    VIDEO = "video"


class Source(StrEnum):
    """What a track shows or sounds like to people."""

    MICROPHONE = "microphone"
    CAMERA = "camera"
    SCREEN = "screen"
    SCREEN_AUDIO = "screen_audio"


KIND_OF_SOURCE: dict[Source, MediaKind] = {
    Source.MICROPHONE: MediaKind.AUDIO,
    Source.CAMERA: MediaKind.VIDEO,
    Source.SCREEN: MediaKind.VIDEO,
    Source.SCREEN_AUDIO: MediaKind.AUDIO,
}


Samples = Annotated[int, Meta(ge=1, le=QUALITY_SAMPLES_MAX)]
LineMs = Annotated[float, Meta(ge=0, le=QUALITY_MS_MAX)]
LossShare = Annotated[float, Meta(ge=0, le=1)]


class LineQuality(Struct, frozen=True):
    """One direction of a person's media over the samples in which something flowed: means, and the worst.

    ``loss`` is the share of packets that did not come (of several streams: weighted by their bit rates),
    ``jitter_ms`` that of the worst stream, ``bitrate_bps`` that of all streams together.
    """

    samples: Samples
    bitrate_bps: Annotated[int, Meta(ge=0, le=QUALITY_BPS_MAX)]
    loss: LossShare
    loss_worst: LossShare
    jitter_ms: LineMs
    jitter_ms_worst: LineMs
