"""A class by the real rules, in a time of the test's choosing: decides each command at once, on a log."""

from collections.abc import Awaitable, Callable

from msgspec import structs

from bus.interface import Log
from rooms.room import apply, decide, initial, recall, topic
from schemas.commands import Command
from schemas.commands.lifecycle import CreateRoom, StartSession
from schemas.commands.media import PlaceRoom
from schemas.commands.recording import StartRecording, StopRecording
from schemas.commands.roster import JoinSession, LeaveSession
from schemas.commands.tracks import MuteTrack, PublishTrack, UnmuteTrack
from schemas.envelope import Accepted, Actor, Commit, Envelope, Outcome, RecordedActor, Rejected
from schemas.ids import (
    CommandId,
    ConnectionId,
    EdgeId,
    NodeId,
    RecordingId,
    RoomId,
    RoomKey,
    TenantId,
    TrackId,
    participant_id,
)
from schemas.media import KIND_OF_SOURCE, Source
from schemas.rejections import Rejection

START_MS = 1_763_719_200_000
NODE = Actor("service", "node1")
KEY = RoomKey(TenantId("school"), RoomId("room1"))

# Called with each command before and after it is decided: where a worker can be killed.
Watch = Callable[[Command, str], Awaitable[None]]


class Clerk:
    """``bus.commands`` for one room, without a service in between."""

    def __init__(self, log: Log) -> None:
        self.now_ms = START_MS
        self.state = initial(KEY)
        self.watch: Watch | None = None
        self._log = log
        self._stream_seq = 0
        self._count = 0

    async def submit(self, envelope: Envelope, *, attempt_s: float = 2.0) -> Outcome:
        """Decides, stores, and answers; a repeated command is answered as before."""
        await self._tell(envelope.command, "before")
        outcome = await self._decide(envelope)
        await self._tell(envelope.command, "after")
        return outcome

    async def ask(self, actor: Actor, command: Command) -> int:
        """A command that must be accepted; returns its seq."""
        self._count += 1
        envelope = Envelope(KEY, command, CommandId(f"c{self._count}"), actor, self.now_ms + 10_000)
        outcome = await self._decide(envelope)
        assert isinstance(outcome, Accepted), outcome
        return outcome.seq

    async def _tell(self, command: Command, when: str) -> None:
        if self.watch is not None:
            await self.watch(command, when)

    async def _decide(self, envelope: Envelope) -> Outcome:
        answered = recall(self.state, envelope)
        if answered is not None:
            return Accepted(answered)
        events = decide(self.state, envelope, self.now_ms)
        if isinstance(events, Rejection):
            return Rejected(events.code, events.message)
        if not events:
            return Accepted(self.state.seq)
        actor = RecordedActor(envelope.actor.kind, envelope.actor.id, envelope.actor.participant)
        commit = Commit(self.state.seq + 1, self.now_ms, envelope.id, actor, events)
        self._stream_seq = await self._log.append(
            KEY, commit, topic=topic(envelope.command), expected_stream_seq=self._stream_seq
        )
        self.state = apply(self.state, structs.replace(commit, stream_seq=self._stream_seq))
        return Accepted(commit.last_seq)


def person(name: str) -> Actor:
    """A signed-in user at an edge; the first one asked is the teacher."""
    return Actor(
        "user",
        name,
        participant_id(KEY, name),
        name.title(),
        ("teach",),
        connection=ConnectionId(f"x-{name}"),
        edge=EdgeId("e1"),
    )


TEACHER, STUDENT = person("tess"), person("sam")


class Class:
    """A running class; every method is what somebody does at a time counted from its start."""

    def __init__(self, clerk: Clerk) -> None:
        self.clerk = clerk

    async def begin(self, *people: Actor) -> None:
        """The room is made, the class starts, all join, and a node has it."""
        await self.clerk.ask(TEACHER, CreateRoom("Physics"))
        await self.clerk.ask(TEACHER, StartSession())
        for actor in people:
            await self.join(0, actor)
        await self.clerk.ask(Actor("service", "rooms"), PlaceRoom(NodeId("node1")))

    async def join(self, at_ms: int, actor: Actor) -> None:
        """Somebody enters."""
        self._at(at_ms)
        await self.clerk.ask(actor, JoinSession(actor.display_name))

    async def leave(self, at_ms: int, actor: Actor) -> None:
        """Somebody leaves."""
        self._at(at_ms)
        await self.clerk.ask(actor, LeaveSession())

    async def publish(self, at_ms: int, actor: Actor, source: Source, mime_type: str) -> TrackId:
        """A node reports a track."""
        self._at(at_ms)
        track = TrackId(f"t-{actor.id}-{source}")
        assert actor.participant is not None
        rate = 48_000 if mime_type == "audio/opus" else 90_000
        kind = KIND_OF_SOURCE[source]
        epoch = self.clerk.state.placement.epoch
        await self.clerk.ask(
            NODE, PublishTrack(track, actor.participant, kind, source, mime_type, rate, epoch)
        )
        return track

    async def mute(self, at_ms: int, actor: Actor, track: TrackId) -> None:
        """Somebody mutes a track."""
        self._at(at_ms)
        await self.clerk.ask(actor, MuteTrack(track))

    async def unmute(self, at_ms: int, actor: Actor, track: TrackId) -> None:
        """Somebody opens a track again."""
        self._at(at_ms)
        await self.clerk.ask(actor, UnmuteTrack(track))

    async def record(self, at_ms: int) -> RecordingId:
        """The recording starts."""
        self._at(at_ms)
        await self.clerk.ask(TEACHER, StartRecording())
        assert self.clerk.state.recording is not None
        return self.clerk.state.recording.id

    async def stop(self, at_ms: int) -> None:
        """The recording stops."""
        self._at(at_ms)
        await self.clerk.ask(TEACHER, StopRecording())

    async def ask(self, at_ms: int, actor: Actor, command: Command) -> None:
        """Somebody asks something else."""
        self._at(at_ms)
        await self.clerk.ask(actor, command)

    def _at(self, at_ms: int) -> None:
        self.clerk.now_ms = START_MS + at_ms
