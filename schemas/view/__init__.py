"""What one person sees of a room: the snapshot a browser starts from, and then folds events onto.

``rooms.view`` makes it from the state for a role; the browser's fold must reach the same view from
the same events (``tests/golden/fold``). Times are Unix milliseconds.
"""

from typing import Literal

from msgspec import Struct

from schemas.artifacts import Artifact
from schemas.ids import (
    CourseId,
    ParticipantId,
    RecordingId,
    RoomId,
    SeriesId,
    SessionId,
    TenantId,
    TrackId,
)
from schemas.media import MediaKind, Role, Source
from schemas.room_settings import RoomSettings
from schemas.view.boards import BoardsView
from schemas.view.breakouts import BreakoutsView
from schemas.view.chat import MessageView
from schemas.view.consent import ConsentsView
from schemas.view.files import FilesView
from schemas.view.floor import FloorView
from schemas.view.lobby import LobbyView
from schemas.view.notes import NotesView
from schemas.view.polls import PollsView
from schemas.view.pulse import PulseView
from schemas.view.questions import QuestionsView
from schemas.view.rights import RightsView
from schemas.view.studio import StudioView
from schemas.view.timer import TimerView


class SessionView(Struct, frozen=True):
    """A class: planned, running or over.

    ``starts_at`` and ``minutes`` are the plan, ``started_at`` and ``ended_at`` what became of it.
    ``ends_at`` is when a running class ends by itself, once that is near or was put off.
    """

    id: SessionId
    title: str
    status: Literal["scheduled", "live", "ended"]
    starts_at: int | None
    minutes: int | None
    started_at: int | None
    ended_at: int | None
    series: SeriesId | None
    ends_at: int | None


class ParticipantView(Struct, frozen=True):
    """A person in the class. A disconnected one is in grace time.

    ``custom_role`` names one of the tenant's own of which ``role`` is the base; empty: none.
    """

    id: ParticipantId
    display_name: str
    role: Role
    guest: bool
    connected: bool
    joined_at: int
    custom_role: str


class HandView(Struct, frozen=True):
    """A raised hand; the list is in order of raising."""

    participant: ParticipantId
    raised_at: int


class TrackView(Struct, frozen=True):
    """A microphone, camera or screen that can be consumed."""

    id: TrackId
    participant: ParticipantId
    kind: MediaKind
    source: Source
    mime_type: str
    layers: int
    muted: bool
    muted_by: ParticipantId | None


class StepView(Struct, frozen=True):
    """Where one step of a recording's pipeline stands."""

    step: str
    status: Literal["started", "finished", "failed"]
    progress_percent: int
    detail: str


class PauseView(Struct, frozen=True):
    """A time of which nothing was kept; ``until`` is None while it lasts."""

    since: int
    until: int | None


class RecordingView(Struct, frozen=True):
    """A recording of this room; the latest ones are kept in the view.

    ``title`` is empty while it has none of its own. ``keep_until`` None: as the tenant's policy says;
    0: for ever.
    """

    id: RecordingId
    session: SessionId
    status: Literal["recording", "paused", "processing", "ready", "failed"]
    started_at: int
    stopped_at: int | None
    duration_ms: int | None
    steps: tuple[StepView, ...]
    artifacts: tuple[Artifact, ...]
    title: str
    pauses: tuple[PauseView, ...]
    keep_until: int | None


class MeView(Struct, frozen=True):
    """The viewer. ``role`` is None outside a session; ``permissions`` hold there and then."""

    participant: ParticipantId | None
    role: Role | None
    permissions: tuple[str, ...]


class RoomView(Struct, frozen=True):
    """Everything a browser knows of a room after the event ``seq``.

    ``session`` is the running class or the last one; ``epoch`` 0 means: no media node yet. ``crowd`` is how
    many are in a class so large that ``participants`` are only those to be seen; else null.
    """

    tenant: TenantId
    room: RoomId
    seq: int
    title: str
    settings: RoomSettings
    archived: bool
    course: CourseId | None
    me: MeView
    session: SessionView | None
    scheduled: tuple[SessionView, ...]
    participants: tuple[ParticipantView, ...]
    hands: tuple[HandView, ...]
    tracks: tuple[TrackView, ...]
    messages: tuple[MessageView, ...]
    recordings: tuple[RecordingView, ...]
    epoch: int
    rights: RightsView
    lobby: LobbyView
    floor: FloorView
    questions: QuestionsView
    polls: PollsView
    pulse: PulseView
    studio: StudioView
    notes: NotesView
    timer: TimerView
    boards: BoardsView
    files: FilesView
    breakouts: BreakoutsView
    consents: ConsentsView
    crowd: int | None = None
