"""A room for tests that read as tables: given facts, when somebody asks, then these facts or a refusal.

``Class`` folds what the rules decide, so that "given" can be written as earlier wishes too.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from rooms.room import apply, author, decide, initial, secret_of
from rooms.service.secrets import alias_of
from rooms.state import RoomState
from schemas.commands import Command
from schemas.commands.lifecycle import CreateRoom, StartSession
from schemas.commands.media import PlaceRoom
from schemas.commands.roster import JoinSession
from schemas.commands.tracks import PublishTrack
from schemas.envelope import Actor, Capability, Commit, Envelope, Event, RecordedActor
from schemas.events import EventData
from schemas.ids import (
    CommandId,
    ConnectionId,
    EdgeId,
    NodeId,
    ParticipantId,
    RoomId,
    RoomKey,
    TenantId,
    TrackId,
    participant_id,
)
from schemas.media import KIND_OF_SOURCE, Role, Source
from schemas.rejections import Code, Rejection
from tests.unit.rooms.audiences import assert_audience

KEY = RoomKey(TenantId("demo"), RoomId("algebra"))
START = 1_763_719_200_000
SECOND = 1_000
EDGE = EdgeId("edge-1")
NODE = NodeId("node-1")

SERVICE = Actor("service", "rooms")
OPERATOR = Actor("operator", "ops")


def person(name: str, *capabilities: Capability, guest: bool = False) -> Actor:
    """Somebody with a page open."""
    return Actor(
        "guest" if guest else "user",
        name,
        participant_id(KEY, name),
        name.title(),
        capabilities,
        connection=ConnectionId(f"{name}-socket"),
        edge=EDGE,
    )


def who(actor: Actor) -> ParticipantId:
    """Who an actor is in the room."""
    assert actor.participant is not None
    return actor.participant


TESS = person("tess", "teach")  # Owns the room.
CORA = person("cora")
SAM = person("sam")
VERA = person("vera")
GUS = person("gus", guest=True)
ADA = person("ada", "administer")
PEOPLE = (TESS, CORA, SAM, VERA, GUS, ADA)


class Class:
    """A room, its log, and a clock that only moves when told."""

    def __init__(self) -> None:
        self.state: RoomState = initial(KEY)
        self.log: list[Commit] = []
        self.now = START
        self._commands = 0

    def ask(self, actor: Actor, command: Command, command_id: str | None = None) -> object:
        """Decides and folds; returns the facts' data, or the refusal's code."""
        self._commands += 1
        command_id = command_id or f"c{self._commands}"
        sent, alias = envelope(actor, command, command_id, self.now), self.alias(actor, command)
        outcome = decide(self.state, sent, self.now, alias)
        if isinstance(outcome, Rejection):
            return outcome.code
        for event in outcome:
            assert_audience(event)
        if outcome:
            self._store(author(sent, alias), command_id, outcome)
        return tuple(event.data for event in outcome)

    def store(self, actor: Actor, command_id: str, events: Sequence[Event]) -> None:
        """Puts a commit on the log."""
        self._store(RecordedActor(actor.kind, actor.id, actor.participant), command_id, events)

    def alias(self, actor: Actor, command: Command) -> str:
        """What stands for this person where the log must not know them, as the service makes it."""
        secret = secret_of(self.state, command)
        return alias_of(secret.encode(), actor) if secret else ""

    def _store(self, actor: RecordedActor, command_id: str, events: Sequence[Event]) -> None:
        commit = Commit(
            self.state.seq + 1, self.now, CommandId(command_id), actor, tuple(events), len(self.log) + 1
        )
        self.log.append(commit)
        self.state = apply(self.state, commit)

    def facts(self, actor: Actor, command: Command) -> tuple[EventData, ...]:
        """Like ``ask`` for what must be accepted."""
        outcome = self.ask(actor, command)
        assert isinstance(outcome, tuple), f"{command} of {actor.id}: {outcome}"
        return outcome

    def refusal(self, actor: Actor, command: Command) -> Code:
        """Like ``ask`` for what must be refused; nothing may have changed."""
        before = self.state
        outcome = self.ask(actor, command)
        assert isinstance(outcome, Code), f"{command} of {actor.id}: {outcome}"
        assert self.state is before
        return outcome

    def created(self, default_role: Role = Role.SPEAKER) -> "Class":
        """The room exists."""
        self.facts(TESS, CreateRoom("Algebra", "viewer" if default_role is Role.VIEWER else "speaker"))
        return self

    def live(self, *people: Actor, default_role: Role = Role.SPEAKER) -> "Class":
        """A class runs on a node, with these people in it."""
        self.created(default_role)
        self.facts(TESS, StartSession())
        self.facts(SERVICE, PlaceRoom(NODE))
        self.join(*people)
        return self

    def join(self, *people: Actor) -> "Class":
        """These people enter."""
        for actor in people:
            self.facts(actor, JoinSession(actor.display_name))
        return self

    def publish(self, actor: Actor, source: Source) -> TrackId:
        """This person's microphone, camera or screen is on."""
        command = publishing(actor, source, self.state.placement.epoch)
        self.facts(SERVICE, command)
        return command.track


def publishing(actor: Actor, source: Source, epoch: int = 1, track: str | None = None) -> PublishTrack:
    """What a node asks when somebody switches this on."""
    return PublishTrack(
        TrackId(track or f"{actor.id}-{source}"),
        who(actor),
        KIND_OF_SOURCE[source],
        source,
        "audio/opus" if source in {Source.MICROPHONE, Source.SCREEN_AUDIO} else "video/VP8",
        48_000 if source in {Source.MICROPHONE, Source.SCREEN_AUDIO} else 90_000,
        epoch,
    )


def envelope(actor: Actor, command: Command, command_id: str = "c1", now: int = START) -> Envelope:
    """A command on its way."""
    return Envelope(KEY, command, CommandId(command_id), actor, now + 10 * SECOND)


def on(actor: Actor, connection: str, edge: str = EDGE) -> Actor:
    """The same person on another page."""
    return replace(actor, connection=ConnectionId(connection), edge=EdgeId(edge))
