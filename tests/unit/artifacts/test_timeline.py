"""What the log says of a recording."""

import pytest

from artifacts.timeline import RecordingUnknownError, Span, Timeline, TimelineFold
from schemas.envelope import Commit, Event, RecordedActor
from schemas.events import EventData
from schemas.events.lifecycle import SessionEnded, SessionStarted
from schemas.events.recording import (
    RecordingCompleted,
    RecordingStarted,
    RecordingStepReported,
    RecordingStopped,
)
from schemas.events.roster import ParticipantJoined, ParticipantLeft, RoleChanged
from schemas.events.tracks import TrackClosed, TrackMuted, TrackPublished, TrackUnmuted
from schemas.ids import CommandId, ConnectionId, EdgeId, ParticipantId, RecordingId, SessionId, TrackId
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
    assert (fold(*happened).started_at, fold(*happened).duration_ms) == (100, 200)
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
