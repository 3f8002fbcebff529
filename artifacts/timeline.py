"""What the log says of a recording: how long it is, who was there, and what flowed when. Pure.

Times are milliseconds of the film (``artifacts.pieces``): pauses and redacted spans are not in it. A span
is half open: ``[since_ms, until_ms)``. Who was left out of the recording at its end, or redacted later,
is not in the timeline at all; who was left out for a while is not in it for that while.
"""

from msgspec import Struct

from artifacts import pieces as film
from artifacts.pieces import Pieces
from schemas.artifacts import Artifact
from schemas.envelope import Commit
from schemas.events import EventData
from schemas.events.lifecycle import SessionEnded
from schemas.events.recording import (
    ArtifactAdded,
    PersonLeftOut,
    PersonTakenIn,
    RecordingCompleted,
    RecordingDeleted,
    RecordingExpired,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
    RecordingStepReported,
    RecordingStopped,
)
from schemas.events.redaction import Redacted
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
    """A track that existed during the recording, and when it flowed (published and not muted).

    ``pieces`` are those of the film that its person is in.
    """

    track: TrackId
    participant: ParticipantId
    kind: MediaKind
    source: Source
    mime_type: str
    clock_rate_hz: int
    flowing: tuple[Span, ...]
    pieces: Pieces


class PersonLine(Struct, frozen=True):
    """A person who was in class during the recording, under the last name and role, and when."""

    participant: ParticipantId
    display_name: str
    role: Role
    present: tuple[Span, ...]


class Earlier(Struct, frozen=True):
    """The latest version whose tracks were captured: what a rebuild is made from.

    ``is_same``: nothing of it has to change, so its artifacts are announced as they are.
    """

    pieces: Pieces
    artifacts: tuple[Artifact, ...]
    is_same: bool


class Timeline(Struct, frozen=True):
    """A recording, as the log tells it. ``artifacts`` and ``steps_finished`` are those already announced
    of this ``version``; ``is_gone``: it was deleted, or its time is over."""

    recording: RecordingId
    session: SessionId
    version: int
    pieces: Pieces
    duration_ms: int
    tracks: tuple[TrackLine, ...]
    people: tuple[PersonLine, ...]
    artifacts: dict[ArtifactId, Artifact]
    steps_finished: frozenset[str]
    earlier: Earlier | None
    is_completed: bool
    is_gone: bool


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

    def until(self, end: int) -> list[tuple[int, int]]:
        """All spans, the open one ending here."""
        return [*self.closed, *([(self.since, end)] if self.since is not None else [])]


class _Announced:
    """What the workers said of one version."""

    def __init__(self) -> None:
        self.artifacts: dict[ArtifactId, Artifact] = {}
        self.steps_finished: set[str] = set()
        self.is_completed = False


class TimelineFold:
    """Folds a room's log, from its first commit, into a recording's timeline.

    What happens after the recording's end only adds to what is announced of it, or takes away from it.
    """

    def __init__(self, recording: RecordingId) -> None:
        self.recording = recording
        self.started: RecordingStarted | None = None
        self.started_at = 0
        self.stopped_at: int | None = None
        self.pauses = _Presence()
        self.tracks: dict[TrackId, tuple[TrackPublished, _Presence]] = {}
        self.people: dict[ParticipantId, tuple[str, Role, _Presence]] = {}
        self.consents: dict[ParticipantId, _Presence] = {}
        self.redactions: list[Redacted] = []
        self.versions: list[tuple[_Announced, int]] = []  # Each with the redactions it had in it.
        self.announced = _Announced()
        self.is_gone = False

    def commit(self, commit: Commit) -> None:
        """Takes the next commit of the room."""
        for event in commit.events:
            self._see(event.data, commit.at)

    def _see(self, data: EventData, at: int) -> None:
        match data:
            case ArtifactAdded(self.recording, artifact):
                self.announced.artifacts[artifact.id] = artifact
            case RecordingStepReported(self.recording, step, "finished"):
                self.announced.steps_finished.add(step)
            case RecordingCompleted(self.recording):
                self.announced.is_completed = True
            case RecordingDeleted(self.recording) | RecordingExpired(self.recording):
                self.is_gone = True
            case Redacted() if self.started is not None:
                self._redact(data)
            case _ if self.stopped_at is None:
                self._see_class(data, at)

    def _redact(self, redacted: Redacted) -> None:
        """A person who was redacted while this recording ran is not in it either, without a rebuild."""
        if self.recording in redacted.recordings:
            self.versions.append((self.announced, len(self.redactions)))
            self.announced = _Announced()
        if self.recording in redacted.recordings or redacted.what == "person":
            self.redactions.append(redacted)

    def _see_class(self, data: EventData, at: int) -> None:
        match data:
            case RecordingStarted(self.recording):
                self.started, self.started_at = data, at
            case RecordingStopped(self.recording):
                self.stopped_at = at
            case RecordingPaused(self.recording):
                self.pauses.open(at)
            case RecordingResumed(self.recording):
                self.pauses.close(at)
            case PersonLeftOut(self.recording, participant):
                self._consent(participant).close(at)
            case PersonTakenIn(self.recording, participant):
                self._consent(participant).open(at)
            case SessionEnded() if self.started is None:
                self.people.clear()  # A class of another day.
                self.tracks.clear()
            case SessionEnded():
                for _, _, presence in self.people.values():
                    presence.close(at)
                for _, presence in self.tracks.values():
                    presence.close(at)
            case _:
                self._see_person(data, at)
                self._see_track(data, at)

    def _consent(self, participant: ParticipantId) -> _Presence:
        """When this person is in the recording: from its start where nobody had to agree."""
        if participant not in self.consents:
            self.consents[participant] = _Presence()
            if self.started is not None and not self.started.asks_consent:
                self.consents[participant].open(self.started_at)
        return self.consents[participant]

    def _see_person(self, data: EventData, at: int) -> None:
        match data:
            case ParticipantJoined(participant, _, name, role):
                presence = self.people[participant][2] if participant in self.people else _Presence()
                presence.open(at)
                self.people[participant] = (name, role, presence)
            case RoleChanged(participant, _, after) if participant in self.people:
                name, _, presence = self.people[participant]
                self.people[participant] = (name, after, presence)
            case ParticipantLeft(participant, _, left_at) if participant in self.people:
                self.people[participant][2].close(left_at)

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

    # --- the result ------------------------------------------------------------------------------
    def timeline(self) -> Timeline:
        """The timeline. Raises RecordingUnknownError when the log has no such recording, or not its end."""
        if self.started is None or self.stopped_at is None:
            raise RecordingUnknownError(f"recording {self.recording} is not on the log, or not over")
        pieces = self._pieces(len(self.redactions))
        end = max(self.stopped_at, self.started_at)
        tracks, people = self._lines(pieces, end)
        return Timeline(
            self.recording,
            self.started.session,
            len(self.versions),
            pieces,
            film.length_ms(pieces),
            tracks,
            people,
            self.announced.artifacts,
            frozenset(self.announced.steps_finished),
            self._earlier(pieces),
            self.announced.is_completed,
            self.is_gone,
        )

    def _pieces(self, redactions: int) -> Pieces:
        """The film after so many redactions."""
        assert self.stopped_at is not None
        end = max(self.stopped_at, self.started_at)
        pieces = film.between(self.started_at, end, self.pauses.until(end))
        for redacted in self.redactions[:redactions]:
            if redacted.what == "span":
                pieces = film.without(pieces, redacted.since_ms, redacted.until_ms)
        return pieces

    def _lines(self, pieces: Pieces, end: int) -> tuple[tuple[TrackLine, ...], tuple[PersonLine, ...]]:
        tracks = (
            _track_line(published, presence, self._pieces_of(published.participant, pieces), end)
            for published, presence in self.tracks.values()
        )
        people = (
            PersonLine(participant, name, role, _spans(self._pieces_of(participant, pieces), presence, end))
            for participant, (name, role, presence) in self.people.items()
        )
        return tuple(t for t in tracks if t.flowing), tuple(p for p in people if p.present)

    def _pieces_of(self, participant: ParticipantId, pieces: Pieces) -> Pieces:
        """What of the film this person is in."""
        assert self.started is not None
        assert self.stopped_at is not None
        if participant in _people(self.redactions):
            return ()
        consent = self.consents.get(participant)
        if consent is None:
            return () if self.started.asks_consent else pieces
        if consent.since is None:
            return ()
        return film.within(pieces, consent.until(max(self.stopped_at, consent.since)))

    def _earlier(self, pieces: Pieces) -> Earlier | None:
        for announced, redactions in reversed(self.versions):
            if "capture" in announced.steps_finished:
                before = self._pieces(redactions)
                gone = _people(self.redactions[redactions:]) - _people(self.redactions[:redactions])
                here = {*self.people, *(published.participant for published, _ in self.tracks.values())}
                is_same = announced.is_completed and before == pieces and not gone & here
                return Earlier(before, tuple(announced.artifacts.values()), is_same)
        return None


def _people(redactions: list[Redacted]) -> set[ParticipantId]:
    return {r.participant for r in redactions if r.what == "person" and r.participant is not None}


def _track_line(published: TrackPublished, presence: _Presence, pieces: Pieces, end: int) -> TrackLine:
    return TrackLine(
        published.track,
        published.participant,
        published.kind,
        published.source,
        published.mime_type,
        published.clock_rate_hz,
        _spans(pieces, presence, end),
        pieces,
    )


def _spans(pieces: Pieces, presence: _Presence, end: int) -> tuple[Span, ...]:
    found = film.spans_in_film(pieces, presence.until(end))
    return tuple(Span(since_ms, until_ms) for since_ms, until_ms in found)
