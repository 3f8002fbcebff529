"""Events of tracks."""

from typing import ClassVar, Literal

from schemas.events.common import EventData
from schemas.ids import (
    ParticipantId,
    TrackId,
)
from schemas.media import MediaKind, Source


class TrackPublished(EventData, frozen=True):
    """A microphone, camera or screen can be consumed on the node of this epoch."""

    type: ClassVar[str] = "track.published"
    track: TrackId
    participant: ParticipantId
    kind: MediaKind
    source: Source
    mime_type: str
    clock_rate_hz: int
    channels: int
    layers: int
    epoch: int
    muted: bool


class TrackMuted(EventData, frozen=True):
    """The node forwards nothing of this track; ``by`` is who closed it."""

    type: ClassVar[str] = "track.muted"
    track: TrackId
    by: ParticipantId | None


class TrackUnmuted(EventData, frozen=True):
    """The track flows again."""

    type: ClassVar[str] = "track.unmuted"
    track: TrackId


class TrackClosed(EventData, frozen=True):
    """The track is gone for good. ``role`` and ``floor``: its owner may not share it any more."""

    type: ClassVar[str] = "track.closed"
    track: TrackId
    reason: Literal[
        "closed", "by_host", "left", "transport_closed", "node_lost", "role", "floor", "session_ended"
    ]


EVENTS: tuple[type[EventData], ...] = (
    TrackPublished,
    TrackMuted,
    TrackUnmuted,
    TrackClosed,
)
