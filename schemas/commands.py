"""Commands: wishes, in the imperative. Each is one struct; its wire name is its tag.

A command travels on ``class.<tenant>.<room>.cmd.<name>`` with its body as JSON and everything about
the asker in headers (``schemas.envelope``), stamped by the edge and never taken from the client.
``CLIENT_COMMANDS`` are those that a browser or an operator may send; the rest belong to services.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from schemas.artifacts import Artifact
from schemas.ids import (
    ConnectionToken,
    EdgeToken,
    NodeToken,
    ParticipantToken,
    RecordingToken,
    SessionToken,
    TrackToken,
    UserToken,
)
from schemas.limits import MESSAGE_CHARS_MAX, NAME_CHARS_MAX, TITLE_CHARS_MAX
from schemas.media import MediaKind, Role, Source

Name = Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
Title = Annotated[str, Meta(min_length=1, max_length=TITLE_CHARS_MAX)]
Text = Annotated[str, Meta(min_length=1, max_length=MESSAGE_CHARS_MAX)]
Milliseconds = Annotated[int, Meta(ge=0, le=1 << 53)]  # Unix time or span; exact in JavaScript.


class Command(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all commands. ``name`` is the last token of the subject."""

    name: ClassVar[str]


# --- lifecycle -----------------------------------------------------------------------------------
class CreateRoom(Command, frozen=True, forbid_unknown_fields=True):
    """Creates the room that the subject names. Needs the capability ``teach`` or ``administer``."""

    name: ClassVar[str] = "create_room"
    title: Title
    default_role: Literal["speaker", "viewer"] = "speaker"


class ScheduleSession(Command, frozen=True, forbid_unknown_fields=True):
    """Plans a class: start in Unix milliseconds, length in minutes."""

    name: ClassVar[str] = "schedule_session"
    title: Title
    starts_at: Milliseconds
    minutes: Annotated[int, Meta(ge=1, le=720)] = 60


class StartSession(Command, frozen=True, forbid_unknown_fields=True):
    """Starts a scheduled session, or an unscheduled one when none is named."""

    name: ClassVar[str] = "start_session"
    session: SessionToken | None = None


class EndSession(Command, frozen=True, forbid_unknown_fields=True):
    """Ends the running class for everybody."""

    name: ClassVar[str] = "end_session"


# --- roster --------------------------------------------------------------------------------------
class JoinSession(Command, frozen=True, forbid_unknown_fields=True):
    """The asker enters the running class under this display name."""

    name: ClassVar[str] = "join_session"
    display_name: Name


class LeaveSession(Command, frozen=True, forbid_unknown_fields=True):
    """The asker leaves the running class."""

    name: ClassVar[str] = "leave_session"


class RemoveParticipant(Command, frozen=True, forbid_unknown_fields=True):
    """A host sends a person out until the class ends."""

    name: ClassVar[str] = "remove_participant"
    participant: ParticipantToken


class ChangeRole(Command, frozen=True, forbid_unknown_fields=True):
    """A host gives a person another role."""

    name: ClassVar[str] = "change_role"
    participant: ParticipantToken
    role: Role


class ResumeConnection(Command, frozen=True, forbid_unknown_fields=True):
    """An edge reports that a participant's page is connected again, on this edge and socket."""

    name: ClassVar[str] = "resume_connection"
    participant: ParticipantToken
    connection: ConnectionToken
    edge: EdgeToken


class LoseConnection(Command, frozen=True, forbid_unknown_fields=True):
    """An edge reports that a participant's socket is gone. Grace time starts."""

    name: ClassVar[str] = "lose_connection"
    participant: ParticipantToken
    connection: ConnectionToken


class LoseEdge(Command, frozen=True, forbid_unknown_fields=True):
    """``rooms`` closes the connections of an edge process whose lease ran out at ``last_beat``."""

    name: ClassVar[str] = "lose_edge"
    edge: EdgeToken
    last_beat: Milliseconds


# --- floor ---------------------------------------------------------------------------------------
class RaiseHand(Command, frozen=True, forbid_unknown_fields=True):
    """The asker wants to speak."""

    name: ClassVar[str] = "raise_hand"


class LowerHand(Command, frozen=True, forbid_unknown_fields=True):
    """Lowers the asker's hand, or, by a host, another's."""

    name: ClassVar[str] = "lower_hand"
    participant: ParticipantToken | None = None


# --- tracks --------------------------------------------------------------------------------------
class PublishTrack(Command, frozen=True, forbid_unknown_fields=True):
    """A node reports a new producer of a participant and asks whether it may be heard or seen."""

    name: ClassVar[str] = "publish_track"
    track: TrackToken
    participant: ParticipantToken
    kind: MediaKind
    source: Source
    mime_type: Annotated[str, Meta(max_length=40)]
    clock_rate_hz: Annotated[int, Meta(ge=8_000, le=192_000)]
    epoch: Annotated[int, Meta(ge=1)]
    channels: Annotated[int, Meta(ge=1, le=2)] = 1
    layers: Annotated[int, Meta(ge=1, le=3)] = 1
    muted: bool = False


class MuteTrack(Command, frozen=True, forbid_unknown_fields=True):
    """Mutes one's own track, or, by a host, another's."""

    name: ClassVar[str] = "mute_track"
    track: TrackToken


class UnmuteTrack(Command, frozen=True, forbid_unknown_fields=True):
    """Opens one's own track again. Nobody can open another's."""

    name: ClassVar[str] = "unmute_track"
    track: TrackToken


class CloseTrack(Command, frozen=True, forbid_unknown_fields=True):
    """Ends one's own track, or, by a host, another's; sent by a node when the transport is gone."""

    name: ClassVar[str] = "close_track"
    track: TrackToken


# --- chat ----------------------------------------------------------------------------------------
class PostMessage(Command, frozen=True, forbid_unknown_fields=True):
    """Writes to everybody in the class."""

    name: ClassVar[str] = "post_message"
    text: Text


# --- recording -----------------------------------------------------------------------------------
class StartRecording(Command, frozen=True, forbid_unknown_fields=True):
    """Starts recording all tracks of the class."""

    name: ClassVar[str] = "start_recording"


class StopRecording(Command, frozen=True, forbid_unknown_fields=True):
    """Stops the recording; its artifacts follow."""

    name: ClassVar[str] = "stop_recording"


class ReportStep(Command, frozen=True, forbid_unknown_fields=True):
    """A worker reports where a recording's pipeline stands."""

    name: ClassVar[str] = "report_step"
    recording: RecordingToken
    step: Annotated[str, Meta(max_length=40, pattern=r"^[a-z_]+$")]
    status: Literal["started", "finished", "failed"]
    progress_percent: Annotated[int, Meta(ge=0, le=100)] = 0
    detail: Annotated[str, Meta(max_length=500)] = ""


class AddArtifact(Command, frozen=True, forbid_unknown_fields=True):
    """A worker announces a finished artifact that is already in the object store."""

    name: ClassVar[str] = "add_artifact"
    recording: RecordingToken
    artifact: Artifact


class CompleteRecording(Command, frozen=True, forbid_unknown_fields=True):
    """A worker says that every artifact of the recording is there."""

    name: ClassVar[str] = "complete_recording"
    recording: RecordingToken
    duration_ms: Milliseconds


# --- media placement -----------------------------------------------------------------------------
class PlaceRoom(Command, frozen=True, forbid_unknown_fields=True):
    """``rooms`` places the running class on a media node (from its register of nodes)."""

    name: ClassVar[str] = "place_room"
    node: NodeToken


class LoseNode(Command, frozen=True, forbid_unknown_fields=True):
    """``rooms`` says that a media node is gone; ``place_room`` follows when another is there."""

    name: ClassVar[str] = "lose_node"
    node: NodeToken


# --- time ----------------------------------------------------------------------------------------
class DeadlinePassed(Command, frozen=True, forbid_unknown_fields=True):
    """``rooms`` wakes a room whose ``next_deadline(state)`` was ``due`` (Unix milliseconds)."""

    name: ClassVar[str] = "deadline_passed"
    due: Milliseconds


# A user id travels only between services: who owns, who is enrolled.
class AddMember(Command, frozen=True, forbid_unknown_fields=True):
    """Gives a user a lasting role in the room (a co-teacher, a speaker in a room of viewers)."""

    name: ClassVar[str] = "add_member"
    user: UserToken
    role: Role


CLIENT_COMMANDS: tuple[type[Command], ...] = (
    CreateRoom,
    ScheduleSession,
    StartSession,
    EndSession,
    JoinSession,
    LeaveSession,
    RemoveParticipant,
    ChangeRole,
    RaiseHand,
    LowerHand,
    MuteTrack,
    UnmuteTrack,
    CloseTrack,
    PostMessage,
    StartRecording,
    StopRecording,
    AddMember,
)

SERVICE_COMMANDS: tuple[type[Command], ...] = (
    ResumeConnection,
    LoseConnection,
    LoseEdge,
    PublishTrack,
    ReportStep,
    AddArtifact,
    CompleteRecording,
    PlaceRoom,
    LoseNode,
    DeadlinePassed,
)

COMMANDS: dict[str, type[Command]] = {c.name: c for c in CLIENT_COMMANDS + SERVICE_COMMANDS}
CLIENT_COMMAND_NAMES: frozenset[str] = frozenset(c.name for c in CLIENT_COMMANDS)
