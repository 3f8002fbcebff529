"""What stays after a class: artifacts of a recording, and the RTP batches they are made from."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from schemas.ids import ArtifactToken, RecordingToken, TrackToken


class ArtifactKind(StrEnum):
    """Results of a recording's pipeline."""

    TRACK = "track"  # One WebM per track (MP4 for H.264, which WebM has not), not transcoded.
    COMPOSED = "composed"  # One MP4 of the whole class.
    POSTER = "poster"  # One JPEG for the list.


class Artifact(Struct, frozen=True, forbid_unknown_fields=True):
    """A finished object: ``key`` is its address in the store, ``sha256`` that of its bytes (hex).

    ``offset_ms`` is where it begins in the film, which has no pauses in it.
    """

    id: ArtifactToken
    kind: ArtifactKind
    key: Annotated[str, Meta(max_length=300)]
    media_type: Annotated[str, Meta(max_length=80)]
    bytes: Annotated[int, Meta(ge=0)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
    duration_ms: Annotated[int, Meta(ge=0)] = 0
    offset_ms: Annotated[int, Meta(ge=0)] = 0
    track: TrackToken | None = None
    width_px: Annotated[int, Meta(ge=0, le=16_384)] = 0
    height_px: Annotated[int, Meta(ge=0, le=16_384)] = 0


class TapReport(Struct, frozen=True, array_like=True):
    """An RTCP sender report as the tap saw it: 64-bit NTP time, RTP timestamp, arrival (RFC 3550 §6.4.1)."""

    ntp: int
    rtp_timestamp: int
    arrived_us: int


class TapPacket(Struct, frozen=True, array_like=True):
    """One decrypted RTP packet of the recorded layer, and when it arrived (Unix microseconds)."""

    arrived_us: int
    packet: bytes


class RtpBatch(Struct, frozen=True):
    """One REC message, MessagePack. ``index`` counts from 0 per track and recording; a hole is a loss.

    ``end`` marks the last batch: the track closed or the recording stopped. ``muted`` intervals have
    no packets. Sequence numbers and timestamps are the sender's own; a simulcast source is tapped at
    its highest flowing layer, and a layer change starts at a key frame and bumps ``switch``, after
    which sequence numbers and timestamps begin anew.
    """

    recording: RecordingToken
    track: TrackToken
    index: int
    switch: int
    packets: tuple[TapPacket, ...]
    reports: tuple[TapReport, ...] = ()
    end: bool = False
