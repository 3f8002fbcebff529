"""What is true in a room: frozen values, bounded, and equal to the fold of its log.

State is replaced, never edited: the dictionaries here are never changed after they were put in.
Times are Unix milliseconds of the commits; nothing here has a clock.
"""

from typing import Literal

from msgspec import Struct

from rooms.state.boards import Boards
from rooms.state.breakouts import Breakouts
from rooms.state.chat import Message
from rooms.state.consent import Consents
from rooms.state.files import Files
from rooms.state.floor import Floor
from rooms.state.lobby import Lobby
from rooms.state.notes import Notes
from rooms.state.polls import Polls
from rooms.state.pulse import Pulse
from rooms.state.questions import Questions
from rooms.state.rights import Rights
from rooms.state.shelf import Shelved
from rooms.state.studio import Studio
from rooms.state.timer import Timer
from schemas.artifacts import Artifact
from schemas.ids import (
    CommandId,
    ConnectionId,
    CourseId,
    EdgeId,
    NodeId,
    ParticipantId,
    RecordingId,
    RoomKey,
    SeriesId,
    SessionId,
    TrackId,
    UserId,
)
from schemas.media import MediaKind, Role, Source
from schemas.policy import Policy
from schemas.room_settings import RoomSettings


class PlannedSession(Struct, frozen=True):
    """A class in the time table."""

    id: SessionId
    title: str
    starts_at: int
    minutes: int
    series: SeriesId | None = None


class Session(Struct, frozen=True):
    """The running class, or the last one; ``planned`` if it came from the time table.

    ``ends_at`` is when it ends by itself, once that was put off or ``ending_announced``.
    """

    id: SessionId
    title: str
    started_at: int
    ended_at: int | None = None
    planned: PlannedSession | None = None
    ends_at: int | None = None
    ending_announced: bool = False


class Participant(Struct, frozen=True):
    """A person in the class.

    ``custom_role`` names one of the tenant's, of which ``role`` is then the base.
    ``grace_until`` is set while the page is gone, and ``gone_since`` is then its last sign of life.
    """

    id: ParticipantId
    person: str
    display_name: str
    role: Role
    guest: bool
    edge: EdgeId
    connection: ConnectionId
    joined_at: int
    grace_until: int | None = None
    gone_since: int | None = None
    edge_lost: bool = False
    custom_role: str = ""

    @property
    def connected(self) -> bool:
        """Whether the page is there; if not, the person is in grace time."""
        return self.grace_until is None


class GivenRole(Struct, frozen=True):
    """A role that somebody was given; ``custom_role`` names the tenant's own of which it is the base."""

    role: Role
    custom_role: str = ""


class Hand(Struct, frozen=True):
    """A raised hand."""

    participant: ParticipantId
    raised_at: int


class Track(Struct, frozen=True):
    """A microphone, camera or screen on the node of ``epoch``."""

    id: TrackId
    participant: ParticipantId
    kind: MediaKind
    source: Source
    mime_type: str
    clock_rate_hz: int
    channels: int
    layers: int
    epoch: int
    muted: bool
    muted_by: ParticipantId | None = None


class Step(Struct, frozen=True):
    """Where one step of a recording's pipeline stands."""

    step: str
    status: Literal["started", "finished", "failed"]
    progress_percent: int
    detail: str


RecordingStatus = Literal["recording", "paused", "processing", "ready", "failed"]


class Pause(Struct, frozen=True, array_like=True):
    """A time of which nothing is kept; ``until`` is None while it lasts."""

    since: int
    until: int | None = None


class Recording(Struct, frozen=True):
    """A recording: kept from ``started_at`` to ``stopped_at`` but for its pauses, then worked on.

    ``title`` is empty while it has none of its own; ``keep_until`` as in ``Shelved``.
    """

    id: RecordingId
    session: SessionId
    started_at: int
    by: ParticipantId | None = None
    status: RecordingStatus = "recording"
    stopped_at: int | None = None
    duration_ms: int | None = None
    steps: tuple[Step, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    title: str = ""
    pauses: tuple[Pause, ...] = ()
    keep_until: int | None = None


class Placement(Struct, frozen=True):
    """The media node of the class. ``epoch`` only grows; with no node it is that of the last one."""

    node: NodeId | None = None
    epoch: int = 0


class Remembered(Struct, frozen=True, array_like=True):
    """A command that was carried out, and the seq with which it was answered."""

    id: CommandId
    seq: int


class RoomState(Struct, frozen=True):
    """Everything that decisions about a room depend on.

    ``seq`` is the last event's, ``at`` the last commit's time. ``session`` is the running class or
    the last one. ``given_roles`` and ``removed`` hold until the class ends, also for those who went
    out and come back. ``wrote_at`` is who wrote when, in slow mode only. ``commands`` is the memory of
    answers per actor, longest silent actor first.
    """

    key: RoomKey
    seq: int = 0
    at: int = 0
    title: str = ""
    owner: UserId | None = None
    members: dict[ParticipantId, GivenRole] = {}
    scheduled: tuple[PlannedSession, ...] = ()
    session: Session | None = None
    empty_since: int | None = None
    participants: dict[ParticipantId, Participant] = {}
    given_roles: dict[ParticipantId, GivenRole] = {}
    removed: tuple[ParticipantId, ...] = ()
    hands: tuple[Hand, ...] = ()
    tracks: dict[TrackId, Track] = {}
    messages: tuple[Message, ...] = ()
    wrote_at: dict[ParticipantId, int] = {}
    recordings: tuple[Recording, ...] = ()
    placement: Placement = Placement()
    settings: RoomSettings = RoomSettings()
    archived: bool = False
    course: CourseId | None = None
    policy: Policy = Policy()
    rights: Rights = Rights()
    lobby: Lobby = Lobby()
    floor: Floor = Floor()
    questions: Questions = Questions()
    polls: Polls = Polls()
    pulse: Pulse = Pulse()
    studio: Studio = Studio()
    notes: Notes = Notes()
    timer: Timer = Timer()
    boards: Boards = Boards()
    files: Files = Files()
    breakouts: Breakouts = Breakouts()
    consents: Consents = Consents()
    shelf: dict[RecordingId, Shelved] = {}
    commands: dict[str, tuple[Remembered, ...]] = {}
    commands_held: int = 0

    @property
    def exists(self) -> bool:
        """Whether the room was created."""
        return self.owner is not None

    @property
    def live(self) -> Session | None:
        """The running class."""
        return self.session if self.session is not None and self.session.ended_at is None else None

    @property
    def recording(self) -> Recording | None:
        """The recording that is running or paused."""
        return next((r for r in reversed(self.recordings) if r.status in {"recording", "paused"}), None)

    def tracks_of(self, participant: ParticipantId) -> tuple[Track, ...]:
        """The tracks of one person."""
        return tuple(t for t in self.tracks.values() if t.participant == participant)

    def has_hand_up(self, participant: ParticipantId) -> bool:
        """Whether this person's hand is up."""
        return any(h.participant == participant for h in self.hands)
