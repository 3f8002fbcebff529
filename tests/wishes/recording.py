"""Wishes about recording, consent, retention and redaction."""

from random import Random

from rooms.retention import waiting_for_work
from rooms.state import RoomState
from schemas.artifacts import Artifact, ArtifactKind
from schemas.commands import Command
from schemas.commands.recording import (
    AddArtifact,
    AgreeToRecording,
    CompleteRecording,
    DeclineRecording,
    DeleteRecording,
    LeaveOut,
    PauseRecording,
    RenameRecording,
    ReportErased,
    ReportStep,
    ResumeRecording,
    SetRetention,
    StartRecording,
    StopRecording,
    TakeIn,
)
from schemas.commands.redaction import Redact
from schemas.ids import ArtifactId, MessageId, ParticipantId, RecordingId
from tests.wishes.cast import SERVICE, Cast, Wish

_R, _P = RecordingId("r1"), ParticipantId("p1")
_FILM = Artifact(ArtifactId("a1"), ArtifactKind.COMPOSED, "k", "video/mp4", 9, "0" * 64)

EXAMPLES: tuple[Command, ...] = (
    StartRecording(),
    StopRecording(),
    PauseRecording(),
    ResumeRecording(),
    RenameRecording(_R, "Vectors"),
    SetRetention(_R, 0),
    DeleteRecording(_R),
    AgreeToRecording(_R),
    DeclineRecording(_R),
    LeaveOut(_P),
    TakeIn(_P),
    ReportStep(_R, "capture", "started"),
    AddArtifact(_R, _FILM),
    CompleteRecording(_R, 1_000),
    ReportErased(_R),
    Redact("message", message=MessageId("m1")),
    Redact("person", participant=_P),
    Redact("span", recording=_R, since_ms=0, until_ms=1_000),
)


def wishes(state: RoomState, chance: Random, cast: Cast) -> list[Wish]:
    """What somebody may want now."""
    who = cast.anyone(chance)
    one = chance.choice([*(a.participant for a in cast.everyone if a.participant), ParticipantId("nobody")])
    recording = chance.choice([*state.shelf, RecordingId("gone")])
    running = state.consents.recording or recording
    message = chance.choice([*(m.id for m in state.messages), MessageId("gone")])
    since = chance.randrange(3_000)
    live: list[Wish] = [
        (cast.host, StartRecording()),
        (cast.host, PauseRecording()),
        (cast.host, ResumeRecording()),
        (who, AgreeToRecording(running)),
        (who, DeclineRecording(running)),
        (who, LeaveOut(one)),
        (cast.host, LeaveOut(one)),
        (cast.host, TakeIn(one)),
    ]
    kept: list[Wish] = [
        (cast.host, StopRecording()),
        (cast.host, RenameRecording(recording, chance.choice(["Vectors", "Forces", " "]))),
        (cast.host, SetRetention(recording, chance.choice([0, state.at + 3_000, state.at + 60_000]))),
        (who, DeleteRecording(recording)),
        (cast.host, Redact("span", recording=recording, since_ms=since, until_ms=since + 500)),
        (cast.host, Redact("message", chance.choice(["", "A private number."]), message=message)),
        (cast.host, Redact("person", participant=one)),
    ]
    return [*live, *live, *kept, *_workers(state, chance)]


def _workers(state: RoomState, chance: Random) -> list[Wish]:
    """What workers report of what waits for them, and of what does not."""
    found: list[Wish] = [(SERVICE, ReportErased(RecordingId("gone")))]
    for work in waiting_for_work(state):
        if work.kind == "purge":
            found.append((SERVICE, ReportErased(work.recording)))
        else:
            version = state.shelf[work.recording].version
            found.append((SERVICE, ReportStep(work.recording, "capture", "started", version=version)))
    for recording, shelved in state.shelf.items():
        if shelved.work == "working":
            step = chance.choice(["started", "finished", "failed"])
            report = ReportStep(recording, "capture", step, version=shelved.version)
            found.append((SERVICE, report))
            found.append((SERVICE, AddArtifact(recording, _FILM, version=shelved.version)))
            found.append((SERVICE, CompleteRecording(recording, 9_000, version=shelved.version)))
    return found
