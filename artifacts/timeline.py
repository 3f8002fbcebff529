"""What the log says of a recording: how long it is, who was there, and what flowed when. Pure.

Times are milliseconds from the start of the recording. A span is half open: ``[since_ms, until_ms)``.
"""

from msgspec import Struct

from schemas.artifacts import Artifact
from schemas.envelope import Commit
from schemas.events import EventData
from schemas.events.lifecycle import SessionEnded
from schemas.events.recording import (
    ArtifactAdded,
    RecordingCompleted,
    RecordingStarted,
    RecordingStepReported,
    RecordingStopped,
)
from schemas.events.roster import ParticipantJoined, ParticipantLeft, RoleChanged
from schemas.events.tracks import TrackClosed, TrackMuted, TrackPublished, TrackUnmuted
from schemas.ids import ArtifactId, ParticipantId, RecordingId, SessionId, TrackId
from schemas.media import MediaKind, Role, Source


class RecordingUnknownError(Exception):
    """The room's log does not have this recording, or it is not over yet."""


class Span(Struct, frozen=True):
    """A time within the recording."""

    since_ms: int
    until_ms: int

    def holds(self, at_ms: float) -> bool:
        """Whether this moment lies within."""
        return self.since_ms <= at_ms < self.until_ms


class TrackLine(Struct, frozen=True):
    """A track that existed during the recording, and when it flowed (published and not muted)."""

    track: TrackId
    participant: ParticipantId
    kind: MediaKind
    source: Source
    mime_type: str
    clock_rate_hz: int
    flowing: tuple[Span, ...]


class PersonLine(Struct, frozen=True):
    """A person who was in class during the recording, under the last name and role, and when."""

    participant: ParticipantId
    display_name: str
    role: Role
    present: tuple[Span, ...]


class Timeline(Struct, frozen=True):
    """A recording, as the log tells it. ``artifacts`` and ``steps_finished`` are those already announced."""

    recording: RecordingId
    session: SessionId
    started_at: int
    duration_ms: int
    tracks: tuple[TrackLine, ...]
    people: tuple[PersonLine, ...]
    artifacts: dict[ArtifactId, Artifact]
    steps_finished: frozenset[str]
    is_completed: bool


class _Presence:
    """Open and closed spans of one thing, in Unix milliseconds."""

    def __init__(self) -> None:
        self.closed: list[tuple[int, int]] = []
        self.since: int | None = None

    def open(self, at: int) -> None:
        if self.since is None:
            self.since = at

    def close(self, at: int) -> None:
        if self.since is not None:
            self.closed.append((self.since, max(at, self.since)))
            self.since = None

    def within(self, start: int, end: int) -> tuple[Span, ...]:
        """What of it lies in a window, counted from the window's start."""
        spans = [*self.closed, *([(self.since, end)] if self.since is not None else [])]
        clipped = ((max(since, start), min(until, end)) for since, until in spans)
        return tuple(Span(since - start, until - start) for since, until in clipped if since < until)


class TimelineFold:
    """Folds a room's log, from its first commit, into a recording's timeline.

    What happens after the recording's end only adds to what is announced of it.
    """

    def __init__(self, recording: RecordingId) -> None:
        self.recording = recording
        self.started: tuple[SessionId, int] | None = None
        self.stopped_at: int | None = None
        self.tracks: dict[TrackId, tuple[TrackPublished, _Presence]] = {}
        self.people: dict[ParticipantId, tuple[str, Role, _Presence]] = {}
        self.artifacts: dict[ArtifactId, Artifact] = {}
        self.steps_finished: set[str] = set()
        self.is_completed = False

    def commit(self, commit: Commit) -> None:
        """Takes the next commit of the room."""
        for event in commit.events:
            self._see(event.data, commit.at)

    def _see(self, data: EventData, at: int) -> None:
        match data:
            case ArtifactAdded(self.recording, artifact):
                self.artifacts[artifact.id] = artifact
            case RecordingStepReported(self.recording, step, "finished"):
                self.steps_finished.add(step)
            case RecordingCompleted(self.recording):
                self.is_completed = True
            case _ if self.stopped_at is None:
                self._see_class(data, at)

    def _see_class(self, data: EventData, at: int) -> None:
        match data:
            case RecordingStarted(self.recording, session):
                self.started = (session, at)
            case RecordingStopped(self.recording):
                self.stopped_at = at
            case ParticipantJoined(participant, _, name, role):
                presence = self.people[participant][2] if participant in self.people else _Presence()
                presence.open(at)
                self.people[participant] = (name, role, presence)
            case RoleChanged(participant, _, after) if participant in self.people:
                name, _, presence = self.people[participant]
                self.people[participant] = (name, after, presence)
            case ParticipantLeft(participant, _, left_at) if participant in self.people:
                self.people[participant][2].close(left_at)
            case SessionEnded() if self.started is None:
                self.people.clear()  # A class of another day.
                self.tracks.clear()
            case SessionEnded():
                for _, _, presence in self.people.values():
                    presence.close(at)
                for _, presence in self.tracks.values():
                    presence.close(at)
            case _:
                self._see_track(data, at)

    def _see_track(self, data: EventData, at: int) -> None:
        match data:
            case TrackPublished():
                presence = _Presence()
                self.tracks[data.track] = (data, presence)
                if not data.muted:
                    presence.open(at)
            case TrackUnmuted(track) if track in self.tracks:
                self.tracks[track][1].open(at)
            case TrackMuted(track) | TrackClosed(track) if track in self.tracks:
                self.tracks[track][1].close(at)

    def timeline(self) -> Timeline:
        """The timeline. Raises RecordingUnknownError when the log has no such recording, or not its end."""
        if self.started is None or self.stopped_at is None:
            raise RecordingUnknownError(f"recording {self.recording} is not on the log, or not over")
        session, start = self.started
        end = max(self.stopped_at, start)
        tracks = (
            _track_line(published, presence.within(start, end))
            for published, presence in self.tracks.values()
        )
        people = (
            PersonLine(participant, name, role, presence.within(start, end))
            for participant, (name, role, presence) in self.people.items()
        )
        return Timeline(
            self.recording,
            session,
            start,
            end - start,
            tuple(line for line in tracks if line.flowing),
            tuple(line for line in people if line.present),
            self.artifacts,
            frozenset(self.steps_finished),
            self.is_completed,
        )


def _track_line(published: TrackPublished, flowing: tuple[Span, ...]) -> TrackLine:
    return TrackLine(
        published.track,
        published.participant,
        published.kind,
        published.source,
        published.mime_type,
        published.clock_rate_hz,
        flowing,
    )
