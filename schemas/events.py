"""Events: facts, in the past tense, stored for ever.

An event's wire type is ``topic.verb``. Names and meanings never change; a field may be added with a
default. Each stored event has a golden file in ``tests/golden/events/v1``. Followers skip a type
they do not know.
"""

from typing import ClassVar, Literal

from msgspec import Struct

from schemas.artifacts import Artifact
from schemas.ids import (
    ConnectionId,
    EdgeId,
    MessageId,
    NodeId,
    ParticipantId,
    RecordingId,
    SessionId,
    TrackId,
    UserId,
)
from schemas.media import MediaKind, Role, Source


class EventData(Struct, frozen=True):
    """Base of all events. ``type`` is the wire type."""

    type: ClassVar[str]


# --- lifecycle -----------------------------------------------------------------------------------
class RoomCreated(EventData, frozen=True):
    """The room exists; ``owner`` hosts every class in it."""

    type: ClassVar[str] = "lifecycle.room_created"
    title: str
    owner: UserId
    default_role: Role


class SessionScheduled(EventData, frozen=True):
    """A class is planned."""

    type: ClassVar[str] = "lifecycle.session_scheduled"
    session: SessionId
    title: str
    starts_at: int
    minutes: int


class SessionStarted(EventData, frozen=True):
    """A class is live."""

    type: ClassVar[str] = "lifecycle.session_started"
    session: SessionId
    title: str


class SessionEnded(EventData, frozen=True):
    """The class is over: everybody still in it has left, every track is closed, no hand is up.

    The same commit says so one by one, but for the tail of a very large class
    (``DEPARTURES_PER_COMMIT_MAX``): followers close what is still open at this event.
    """

    type: ClassVar[str] = "lifecycle.session_ended"
    session: SessionId
    reason: Literal["ended", "empty", "time_limit"]


# --- roster --------------------------------------------------------------------------------------
class MemberAdded(EventData, frozen=True):
    """A user has a lasting role in the room. Staff only: it names an account."""

    type: ClassVar[str] = "roster.member_added"
    user: UserId
    role: Role


class ParticipantJoined(EventData, frozen=True):
    """A person entered the class. ``person`` is the user or guest id, for read models only."""

    type: ClassVar[str] = "roster.joined"
    participant: ParticipantId
    person: str
    display_name: str
    role: Role
    guest: bool
    edge: EdgeId
    connection: ConnectionId


class ParticipantConnected(EventData, frozen=True):
    """A participant's page is connected (again), on this edge and socket."""

    type: ClassVar[str] = "roster.connected"
    participant: ParticipantId
    edge: EdgeId
    connection: ConnectionId


class ParticipantDisconnected(EventData, frozen=True, omit_defaults=True):
    """The socket is gone; the participant stays until ``grace_until`` (Unix milliseconds).

    ``since`` is when it was last known alive: whoever does not come back has left then.
    """

    type: ClassVar[str] = "roster.disconnected"
    participant: ParticipantId
    grace_until: int
    since: int = 0
    edge_lost: bool = False


class ParticipantLeft(EventData, frozen=True):
    """A person is out of the class since ``left_at`` (Unix milliseconds)."""

    type: ClassVar[str] = "roster.left"
    participant: ParticipantId
    reason: Literal["left", "removed", "timeout", "edge_lost", "session_ended"]
    left_at: int


class RoleChanged(EventData, frozen=True):
    """A participant has another role."""

    type: ClassVar[str] = "roster.role_changed"
    participant: ParticipantId
    before: Role
    after: Role


# --- floor ---------------------------------------------------------------------------------------
class HandRaised(EventData, frozen=True):
    """A participant wants to speak."""

    type: ClassVar[str] = "floor.hand_raised"
    participant: ParticipantId


class HandLowered(EventData, frozen=True):
    """A hand is down, lowered by its owner or by a host."""

    type: ClassVar[str] = "floor.hand_lowered"
    participant: ParticipantId
    by: ParticipantId | None = None


# --- tracks --------------------------------------------------------------------------------------
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
    """The track is gone for good."""

    type: ClassVar[str] = "track.closed"
    track: TrackId
    reason: Literal["closed", "by_host", "left", "transport_closed", "node_lost", "role", "session_ended"]


# --- chat ----------------------------------------------------------------------------------------
class MessagePosted(EventData, frozen=True):
    """Plain text to everybody."""

    type: ClassVar[str] = "chat.posted"
    message: MessageId
    participant: ParticipantId
    display_name: str
    text: str


# --- recording -----------------------------------------------------------------------------------
class RecordingStarted(EventData, frozen=True):
    """Everything that flows from now on is kept."""

    type: ClassVar[str] = "recording.started"
    recording: RecordingId
    session: SessionId
    by: ParticipantId | None


class RecordingStopped(EventData, frozen=True):
    """Nothing more is kept; the pipeline begins."""

    type: ClassVar[str] = "recording.stopped"
    recording: RecordingId
    reason: Literal["stopped", "session_ended"]


class RecordingStepReported(EventData, frozen=True):
    """Where the pipeline of a recording stands."""

    type: ClassVar[str] = "recording.step_reported"
    recording: RecordingId
    step: str
    status: Literal["started", "finished", "failed"]
    progress_percent: int
    detail: str


class ArtifactAdded(EventData, frozen=True):
    """An artifact is in the object store."""

    type: ClassVar[str] = "recording.artifact_added"
    recording: RecordingId
    artifact: Artifact


class RecordingCompleted(EventData, frozen=True):
    """Every artifact of the recording is there."""

    type: ClassVar[str] = "recording.completed"
    recording: RecordingId
    duration_ms: int


# --- media placement -----------------------------------------------------------------------------
class RoomPlaced(EventData, frozen=True):
    """The class runs on this node; transports of an older epoch are void."""

    type: ClassVar[str] = "media.placed"
    node: NodeId
    epoch: int


class NodeLost(EventData, frozen=True):
    """The class has no media node until it is placed again."""

    type: ClassVar[str] = "media.node_lost"
    node: NodeId
    epoch: int


EVENTS: dict[str, type[EventData]] = {
    e.type: e
    for e in (
        RoomCreated,
        SessionScheduled,
        SessionStarted,
        SessionEnded,
        MemberAdded,
        ParticipantJoined,
        ParticipantConnected,
        ParticipantDisconnected,
        ParticipantLeft,
        RoleChanged,
        HandRaised,
        HandLowered,
        TrackPublished,
        TrackMuted,
        TrackUnmuted,
        TrackClosed,
        MessagePosted,
        RecordingStarted,
        RecordingStopped,
        RecordingStepReported,
        ArtifactAdded,
        RecordingCompleted,
        RoomPlaced,
        NodeLost,
    )
}
