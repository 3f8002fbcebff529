"""A seeded school: commits of many classes as ``rooms`` would write them, for tests of the read models."""

import random
from collections.abc import Sequence

from bus.interface import Bus
from schemas.artifacts import Artifact, ArtifactKind
from schemas.envelope import Commit, Event, RecordedActor
from schemas.events import EventData
from schemas.events.chat import MessagePosted
from schemas.events.floor import HandRaised
from schemas.events.lifecycle import RoomCreated, SessionEnded, SessionScheduled, SessionStarted
from schemas.events.recording import (
    ArtifactAdded,
    RecordingCompleted,
    RecordingStarted,
    RecordingStepReported,
    RecordingStopped,
)
from schemas.events.roster import (
    MemberAdded,
    ParticipantConnected,
    ParticipantDisconnected,
    ParticipantJoined,
    ParticipantLeft,
    RoleChanged,
)
from schemas.events.tracks import TrackClosed, TrackPublished
from schemas.ids import (
    ArtifactId,
    CommandId,
    ConnectionId,
    EdgeId,
    MessageId,
    ParticipantId,
    RecordingId,
    RoomId,
    RoomKey,
    SessionId,
    TenantId,
    TrackId,
    UserId,
)
from schemas.media import MediaKind, Role, Source

EPOCH_MS = 1_763_719_200_000
EDGE = EdgeId("e1")
SCHOOL = TenantId("school")


class RoomLog:
    """Writes one room's commits: seq is contiguous, time is the caller's."""

    def __init__(self, key: RoomKey) -> None:
        self.key = key
        self.seq = 1
        self.commits: list[Commit] = []

    def commit(self, at: int, *data: EventData) -> Commit:
        """One commit of these events."""
        cause, actor = CommandId(f"c{self.seq}"), RecordedActor("service", "test")
        return self.decided(at, cause, actor, tuple(Event(d) for d in data))

    def decided(self, at: int, cause: CommandId, actor: RecordedActor, events: tuple[Event, ...]) -> Commit:
        """One commit as the rules made it."""
        made = Commit(self.seq, at, cause, actor, events)
        self.seq += len(events)
        self.commits.append(made)
        return made


def joined(participant: str, person: str = "", role: Role = Role.SPEAKER) -> ParticipantJoined:
    """A person enters; the name is derived from the id."""
    return ParticipantJoined(
        ParticipantId(participant),
        person or f"u-{participant}",
        participant.title(),
        role,
        False,
        EDGE,
        ConnectionId(f"x-{participant}"),
    )


def connected(participant: str) -> ParticipantConnected:
    """A page is connected again."""
    return ParticipantConnected(ParticipantId(participant), EDGE, ConnectionId(f"y-{participant}"))


def a_class(room: str, people: int, messages: int, seed: int, *, end: bool = True) -> RoomLog:
    """A whole class with everything in it, random but for its seed."""
    chance = random.Random(f"{room}/{seed}")
    log = RoomLog(RoomKey(SCHOOL, RoomId(room)))
    at = EPOCH_MS + chance.randrange(1_000_000)
    session, recording = SessionId(f"s-{room}"), RecordingId(f"r-{room}")
    log.commit(at, RoomCreated(f"Room {room}", UserId("teacher"), Role.SPEAKER))
    log.commit(at + 1, MemberAdded(UserId("assistant"), Role.CO_HOST))
    log.commit(at + 2, SessionScheduled(session, "Algebra", at + 60_000, 45))
    log.commit(at + 3, SessionStarted(session, "Algebra"))
    names = [f"p{n}" for n in range(people)]
    inside: dict[str, bool] = {}
    for name in names:
        at += chance.randrange(500)
        log.commit(at, joined(name))
        inside[name] = True
        track = TrackId(f"t-{room}-{name}")
        log.commit(
            at + 1,
            TrackPublished(
                track,
                ParticipantId(name),
                MediaKind.AUDIO,
                Source.MICROPHONE,
                "audio/opus",
                48000,
                2,
                1,
                1,
                False,
            ),
        )
    log.commit(at + 2, RecordingStarted(recording, session, None))
    for n in range(messages):
        at += chance.randrange(1, 300)
        name = chance.choice(names)
        who = ParticipantId(name)
        match chance.randrange(8):
            case 0 if inside.get(name):
                log.commit(at, ParticipantDisconnected(who, at + 30_000))
                inside[name] = False
            case 1 if inside.get(name) is False:
                log.commit(at, connected(name))
                inside[name] = True
            case 2 if name in inside and chance.random() < 0.2:
                left = ParticipantLeft(who, "left", at - chance.randrange(200))
                closed = TrackClosed(TrackId(f"t-{room}-{name}"), "left")
                log.commit(at, left, closed)
                del inside[name]
            case 3 if name not in inside:
                log.commit(at, joined(name))
                inside[name] = True
            case 4:
                log.commit(at, HandRaised(who))
            case 5 if name in inside:
                log.commit(at, RoleChanged(who, Role.SPEAKER, Role.VIEWER))
            case _:
                log.commit(at, MessagePosted(MessageId(f"m{n}"), who, name.title(), f"Message {n} — ü"))
    log.commit(at + 5, RecordingStopped(recording, "stopped"))
    log.commit(at + 6, RecordingStepReported(recording, "capture", "started", 0, ""))
    log.commit(at + 7, RecordingStepReported(recording, "capture", "finished", 100, ""))
    artifact = Artifact(
        ArtifactId(f"a-{room}"),
        ArtifactKind.TRACK,
        f"school/{room}/a.webm",
        "video/webm",
        10,
        "0" * 64,
        1000,
        5,
        TrackId(f"t-{room}-p0"),
    )
    log.commit(at + 8, ArtifactAdded(recording, artifact))
    log.commit(at + 9, RecordingCompleted(recording, 1000))
    if end:
        gone = [ParticipantLeft(ParticipantId(n), "session_ended", at + 20) for n in inside]
        log.commit(at + 20, *gone, SessionEnded(session, "ended"))
    return log


async def append(bus: Bus, logs: Sequence[RoomLog], seed: int = 1) -> None:
    """Appends the commits of all rooms to the log: each room's in order, the rooms mixed."""
    chance = random.Random(seed)
    queues = [(log, list(reversed(log.commits))) for log in logs]
    last: dict[RoomKey, int] = {}
    while queues:
        log, commits = chance.choice(queues)
        position = last.get(log.key, 0)
        last[log.key] = await bus.log.append(
            log.key, commits.pop(), topic="test", expected_stream_seq=position
        )
        queues = [(log, commits) for log, commits in queues if commits]
