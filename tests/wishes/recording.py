"""Wishes about recording, retention and redaction."""

from random import Random
from typing import Literal

from rooms.retention import deadlines, waiting_for_work
from rooms.state import RoomState
from schemas.artifacts import Artifact, ArtifactKind
from schemas.commands import Command
from schemas.commands.deadlines import DeadlinePassed
from schemas.commands.recording import (
    AddArtifact,
    CompleteRecording,
    DeleteRecording,
    PauseRecording,
    RenameRecording,
    ReportErased,
    ReportStep,
    ResumeRecording,
    SetRetention,
    StartRecording,
    StopRecording,
)
from schemas.commands.redaction import Redact
from schemas.ids import ArtifactId, MessageId, ParticipantId, RecordingId
from tests.wishes.cast import SERVICE, Cast, Wish

_R, _P = RecordingId("r1"), ParticipantId("p1")
_FILM = Artifact(ArtifactId("a1"), ArtifactKind.COMPOSED, "k", "video/mp4", 9, "0" * 64)
_STATUSES: tuple[Literal["started", "finished", "failed"], ...] = ("started", "finished", "failed")

EXAMPLES: tuple[Command, ...] = (
    StartRecording(),
    StopRecording(),
    PauseRecording(),
    ResumeRecording(),
    RenameRecording(_R, "Vectors"),
    SetRetention(_R, 0),
    DeleteRecording(_R),
    ReportStep(_R, "capture", "started"),
    AddArtifact(_R, _FILM),
    CompleteRecording(_R, 1_000),
    ReportErased(_R),
    Redact("message", message=MessageId("m1")),
    Redact("person", participant=_P),
    Redact("span", recording=_R, since_ms=0, until_ms=1_000),
)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now: about the recording that runs, about those that are kept, and what
    workers and the clock have to say."""
    if state.consents.recording is None:
        return [*[(cast.host, StartRecording())] * 4, *_kept(state, chance, cast)]
    if chance.random() < 0.5:
        return _kept(state, chance, cast)
    return [
        (cast.host, PauseRecording()),
        (cast.host, ResumeRecording()),
        (cast.anyone(chance), PauseRecording()),
        (cast.host, StopRecording()),
    ]


def _kept(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    recording = chance.choice([*state.shelf, RecordingId("gone")])
    message = chance.choice([*(m.id for m in state.messages), MessageId("gone")])
    since = chance.randrange(3_000)
    why = chance.choice(["", "A private number.", "Asked by the parents."])
    one = chance.choice([a.participant for a in cast.everyone if a.participant])
    redaction = chance.choice(
        [
            Redact("span", why, recording=recording, since_ms=since, until_ms=since + 500),
            Redact("message", why, message=message),
            Redact("person", why, participant=one),
        ]
    )
    keep_until = chance.choice([0, state.at + 3_000, state.at + 9_000])
    found: list[Wish] = [
        (cast.host, RenameRecording(recording, chance.choice(["Vectors", "Forces", " "]))),
        (cast.host, SetRetention(recording, keep_until)),
        (cast.anyone(chance), DeleteRecording(recording)),
        (cast.host, DeleteRecording(recording)),
        (cast.host, redaction),
    ]
    due = min(deadlines(state), default=None)
    if due is not None:
        found += [(SERVICE, DeadlinePassed(due))] * 2
    return [*found, *_workers(state, chance)]


def _workers(state: RoomState, chance: Random) -> list[Wish]:
    """What workers report of what waits for them, and of what does not."""
    found: list[Wish] = [(SERVICE, ReportErased(RecordingId("gone")))]
    for work in waiting_for_work(state):
        if work.kind == "purge":
            found += [(SERVICE, ReportErased(work.recording))] * 3
        else:
            version = state.shelf[work.recording].version
            found.append((SERVICE, ReportStep(work.recording, "capture", "started", version=version)))
    for recording, shelved in state.shelf.items():
        if shelved.work == "working":
            status = chance.choice(_STATUSES)
            found.append((SERVICE, ReportStep(recording, "capture", status, version=shelved.version)))
            found.append((SERVICE, AddArtifact(recording, _FILM, version=shelved.version)))
            found.append((SERVICE, CompleteRecording(recording, 9_000, version=shelved.version)))
    return found
