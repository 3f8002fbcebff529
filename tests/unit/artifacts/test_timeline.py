"""What the log says of a recording."""

import pytest

from artifacts.pieces import Piece
from artifacts.timeline import RecordingUnknownError, Span, Timeline, TimelineFold
from schemas.artifacts import Artifact, ArtifactKind
from schemas.envelope import Commit, Event, RecordedActor
from schemas.events import EventData
from schemas.events.lifecycle import SessionEnded, SessionStarted
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
from schemas.ids import (
    ArtifactId,
    CommandId,
    ConnectionId,
    EdgeId,
    ParticipantId,
    RecordingId,
    RedactionId,
    SessionId,
    TrackId,
)
from schemas.media import MediaKind, Role, Source

ANNA, BEN = ParticipantId("anna"), ParticipantId("ben")
R, S, T = RecordingId("r1"), SessionId("s1"), TrackId("t1")
BY = RecordedActor("service", "test")


def joined(participant: ParticipantId, name: str = "") -> ParticipantJoined:
    return ParticipantJoined(
        participant, "u", name or participant, Role.SPEAKER, False, EdgeId("e"), ConnectionId("c")
    )


def published(track: TrackId = T, *, muted: bool = False) -> TrackPublished:
    return TrackPublished(
        track, ANNA, MediaKind.AUDIO, Source.MICROPHONE, "audio/opus", 48_000, 2, 1, 1, muted
    )


def fold(*happened: tuple[int, EventData], recording: RecordingId = R) -> Timeline:
    folding = TimelineFold(recording)
    for seq, (at, data) in enumerate(happened, 1):
        folding.commit(Commit(seq, at, CommandId("c"), BY, (Event(data),)))
    return folding.timeline()


START, STOP = RecordingStarted(R, S, None), RecordingStopped(R, "stopped")


@pytest.mark.parametrize(
    ("happened", "flowing"),
    [
        ([(10, published()), (100, START), (300, STOP)], [(0, 200)]),
        ([(100, START), (150, published()), (300, STOP)], [(50, 200)]),
        ([(100, START), (150, published()), (250, TrackClosed(T, "closed")), (300, STOP)], [(50, 150)]),
        (
            [
                (10, published()),
                (100, START),
                (150, TrackMuted(T, None)),
                (200, TrackUnmuted(T)),
                (300, STOP),
            ],
            [(0, 50), (100, 200)],
        ),
        ([(10, published(muted=True)), (100, START), (200, TrackUnmuted(T)), (300, STOP)], [(100, 200)]),
        ([(10, published()), (20, TrackMuted(T, None)), (100, START), (300, STOP)], None),
        ([(10, published()), (20, TrackClosed(T, "left")), (100, START), (300, STOP)], None),
        ([(100, START), (300, STOP), (310, published())], None),
        ([(10, published()), (100, START), (200, TrackUnmuted(T)), (300, STOP)], [(0, 200)]),
        ([(10, published()), (100, START), (300, STOP), (301, TrackClosed(T, "left"))], [(0, 200)]),
        ([(10, published()), (100, START), (300, SessionEnded(S, "ended")), (300, STOP)], [(0, 200)]),
    ],
)
def test_a_track_flows_while_it_is_published_and_not_muted(
    happened: list[tuple[int, EventData]], flowing: list[tuple[int, int]] | None
) -> None:
    tracks = fold(*happened).tracks
    found = [[(span.since_ms, span.until_ms) for span in track.flowing] for track in tracks]
    assert found == ([flowing] if flowing else [])


def test_people_are_present_between_joining_and_leaving_under_their_last_name_and_role() -> None:
    found = fold(
        (10, joined(ANNA, "Anna")),
        (100, START),
        (120, joined(BEN)),
        (150, ParticipantLeft(ANNA, "left", 140)),
        (200, joined(ANNA, "Anna Maria")),
        (210, RoleChanged(ANNA, Role.SPEAKER, Role.CO_HOST)),
        (300, STOP),
    )
    anna, ben = found.people
    assert (anna.display_name, anna.role) == ("Anna Maria", Role.CO_HOST)
    assert anna.present == (Span(0, 40), Span(100, 200))
    assert ben.present == (Span(20, 200),)


def test_another_days_class_is_forgotten() -> None:
    found = fold(
        (1, joined(BEN)),
        (2, published(TrackId("old"))),
        (3, SessionEnded(SessionId("s0"), "ended")),
        (4, SessionStarted(S, "Today")),
        (100, START),
        (300, STOP),
    )
    assert (found.people, found.tracks) == ((), ())


def test_another_recording_of_the_same_class_does_not_end_this_one() -> None:
    first = RecordingId("r0")
    happened = (
        (50, RecordingStarted(first, S, None)),
        (60, RecordingStopped(first, "stopped")),
        (100, START),
        (300, STOP),
        (310, RecordingCompleted(first, 10)),
    )
    assert fold(*happened).pieces == (Piece(100, 300, 0),)
    assert fold(*happened).duration_ms == 200
    assert not fold(*happened).is_completed
    assert fold(*happened, recording=first).duration_ms == 10
    assert fold(*happened, recording=first).is_completed


def test_only_finished_steps_of_this_recording_count() -> None:
    found = fold(
        (100, START),
        (300, STOP),
        (310, RecordingStepReported(R, "capture", "finished", 100, "")),
        (320, RecordingStepReported(R, "compose", "failed", 10, "x")),
        (330, RecordingStepReported(RecordingId("r0"), "compose", "finished", 100, "")),
    )
    assert found.steps_finished == {"capture"}


@pytest.mark.parametrize(
    "happened", [[], [(100, START)], [(100, RecordingStarted(RecordingId("r0"), S, None))]]
)
def test_what_is_not_over_has_no_timeline(happened: list[tuple[int, EventData]]) -> None:
    with pytest.raises(RecordingUnknownError):
        fold(*happened)


# --- pauses --------------------------------------------------------------------------------------
PAUSE, RESUME = RecordingPaused(R, None), RecordingResumed(R, None)


def spans(found: Timeline) -> list[list[tuple[int, int]]]:
    return [[(span.since_ms, span.until_ms) for span in track.flowing] for track in found.tracks]


def test_a_pause_is_not_in_the_film() -> None:
    found = fold((10, published()), (100, START), (150, PAUSE), (250, RESUME), (300, STOP))
    assert found.duration_ms == 100
    assert found.pieces == (Piece(100, 150, 0), Piece(250, 300, 50))
    assert spans(found) == [[(0, 50), (50, 100)]], "what a pause parts begins anew"


def test_a_recording_that_stops_in_a_pause_ends_with_it() -> None:
    found = fold((10, published()), (100, START), (150, PAUSE), (300, STOP))
    assert found.pieces == (Piece(100, 150, 0),)
    assert spans(found) == [[(0, 50)]]


def test_who_was_there_only_in_a_pause_is_not_in_the_film() -> None:
    found = fold(
        (100, START),
        (150, PAUSE),
        (160, joined(BEN)),
        (170, ParticipantLeft(BEN, "left", 170)),
        (250, RESUME),
        (300, STOP),
    )
    assert found.people == ()


# --- people who are left out ---------------------------------------------------------------------
ASKING = RecordingStarted(R, S, None, asks_consent=True)
OUT, IN = PersonLeftOut(R, ANNA, "person"), PersonTakenIn(R, ANNA)


@pytest.mark.parametrize(
    ("happened", "flowing"),
    [
        ([(100, START), (200, OUT), (300, STOP)], []),
        ([(100, START), (150, OUT), (200, IN), (300, STOP)], [[(0, 50), (100, 200)]]),
        ([(100, START), (150, OUT), (200, IN), (250, OUT), (300, STOP)], []),
        ([(100, ASKING), (300, STOP)], []),
        ([(100, ASKING), (150, IN), (300, STOP)], [[(50, 200)]]),
        ([(100, ASKING), (150, IN), (200, OUT), (300, STOP)], []),
        ([(100, START), (150, PersonLeftOut(RecordingId("r0"), ANNA, "staff")), (300, STOP)], [[(0, 200)]]),
        ([(100, START), (300, STOP), (310, OUT)], [[(0, 200)]]),
        (
            [(100, START), (150, PAUSE), (160, OUT), (170, IN), (250, RESUME), (300, STOP)],
            [[(0, 50), (50, 100)]],
        ),
    ],
)
def test_who_is_out_at_the_end_is_not_in_it_and_who_was_out_for_a_while_not_then(
    happened: list[tuple[int, EventData]], flowing: list[list[tuple[int, int]]]
) -> None:
    found = fold((5, joined(ANNA)), (10, published()), *happened)
    assert spans(found) == flowing
    present = [[(s.since_ms, s.until_ms) for s in person.present] for person in found.people]
    assert present == flowing, "neither seen nor named"


# --- redaction and deletion ----------------------------------------------------------------------
def film(name: str, kind: ArtifactKind = ArtifactKind.TRACK) -> Artifact:
    return Artifact(ArtifactId(name), kind, name, "video/mp4", 1, "0" * 64)


def span(since_ms: int, until_ms: int) -> Redacted:
    return Redacted(RedactionId("x"), "span", None, (R,), since_ms, until_ms, None)


def person(who: ParticipantId, *recordings: RecordingId) -> Redacted:
    return Redacted(RedactionId("x"), "person", who, recordings, 0, 0, None)


CAPTURED = RecordingStepReported(R, "capture", "finished", 100, "")
CLASS = ((5, joined(ANNA)), (6, joined(BEN)), (10, published()), (100, START), (300, STOP))


def test_a_redacted_span_is_cut_and_what_follows_moves_up() -> None:
    found = fold(*CLASS, (400, span(50, 100)))
    assert found.pieces == (Piece(100, 150, 0), Piece(200, 300, 50))
    assert (found.version, found.duration_ms) == (1, 150)


def test_a_span_is_counted_in_the_film_as_it_was_then() -> None:
    found = fold(*CLASS, (400, span(50, 100)), (500, span(50, 60)))
    assert found.pieces == (Piece(100, 150, 0), Piece(210, 300, 50))
    assert found.version == 2


def test_a_version_is_made_from_the_latest_that_was_captured() -> None:
    found = fold(
        *CLASS,
        (310, ArtifactAdded(R, film("a1"))),
        (320, CAPTURED),
        (330, RecordingCompleted(R, 200)),
        (400, span(50, 100)),
        (410, ArtifactAdded(R, film("a2"))),
        (500, span(0, 10)),
    )
    assert (found.artifacts, found.steps_finished, found.is_completed) == ({}, frozenset(), False)
    assert found.earlier is not None
    assert found.earlier.artifacts == (film("a1"),)
    assert found.earlier.pieces == (Piece(100, 300, 0),)
    assert not found.earlier.is_same


def test_what_was_never_captured_is_made_from_the_packets() -> None:
    assert fold(*CLASS, (400, span(50, 100))).earlier is None


def test_a_redacted_person_is_not_in_it() -> None:
    found = fold(*CLASS, (320, CAPTURED), (330, RecordingCompleted(R, 200)), (400, person(ANNA, R)))
    assert [p.participant for p in found.people] == [BEN]
    assert found.tracks == ()
    assert found.earlier is not None
    assert not found.earlier.is_same


def test_who_was_not_in_it_changes_nothing() -> None:
    stranger = ParticipantId("stranger")
    found = fold(*CLASS, (320, CAPTURED), (330, RecordingCompleted(R, 200)), (400, person(stranger, R)))
    assert found.earlier is not None
    assert found.earlier.is_same


def test_a_person_redacted_before_the_recording_may_come_back_and_one_redacted_meanwhile_is_out() -> None:
    early = fold((1, person(ANNA)), *CLASS)
    assert len(early.people) == 2
    late = fold((5, joined(ANNA)), (100, START), (200, person(ANNA)), (300, STOP))
    assert (late.people, late.version) == ((), 0)


@pytest.mark.parametrize("gone", [RecordingDeleted(R, None), RecordingExpired(R)])
def test_a_deleted_or_expired_recording_is_gone(gone: EventData) -> None:
    assert fold(*CLASS, (400, gone)).is_gone
    assert not fold(*CLASS).is_gone
