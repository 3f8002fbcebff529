"""The room: ``decide`` and ``evolve``, dispatching to one file per topic; nothing else.

::

    decide(state, envelope, now)  ->  events | rejection      what a command leads to
    evolve(state, event, at)      ->  state                   what an event means
    apply(state, commit)          ->  state                   the same for a stored commit
    recall(state, envelope)       ->  seq | None              the answer a command already got
    secret_of(state, command)     ->  name | None             the secret that hides its author

Where ``secret_of`` names a secret, the service makes an alias with it and hands it to ``decide``,
``recall`` and ``author``: the log then knows the alias and nobody.

No events means: accepted, and nothing had to happen.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from rooms import (
    boards,
    breakouts,
    chat,
    consent,
    files,
    floor,
    lifecycle,
    lobby,
    media,
    notes,
    polls,
    pulse,
    questions,
    recording,
    redaction,
    retention,
    rights,
    roster,
    studio,
    timer,
    tracks,
)
from rooms.asker import asker
from rooms.state import Remembered, RoomState
from rooms.topic import Stamp, Topic
from schemas.commands import SERVICE_COMMANDS, Command
from schemas.commands.deadlines import DeadlinePassed
from schemas.commands.lifecycle import CreateRoom
from schemas.commands.polls import AnswerPoll
from schemas.commands.pulse import SendPulse
from schemas.envelope import Commit, Envelope, Event, RecordedActor, UnknownEvent
from schemas.events import EventData
from schemas.ids import CommandId, RoomKey
from schemas.limits import COMMAND_MEMORY_ACTORS, COMMAND_MEMORY_PER_ACTOR, COMMAND_MEMORY_TOTAL
from schemas.rejections import Code, Rejection, rejection

TOPICS: tuple[Topic, ...] = (
    lifecycle.TOPIC,
    rights.TOPIC,
    lobby.TOPIC,
    roster.TOPIC,
    floor.TOPIC,
    tracks.TOPIC,
    chat.TOPIC,
    questions.TOPIC,
    polls.TOPIC,
    pulse.TOPIC,
    studio.TOPIC,
    notes.TOPIC,
    timer.TOPIC,
    boards.TOPIC,
    files.TOPIC,
    breakouts.TOPIC,
    recording.TOPIC,
    consent.TOPIC,
    retention.TOPIC,
    redaction.TOPIC,
    media.TOPIC,
)
"""In the order in which they hear of a fact that several understand."""

_BY_COMMAND: dict[type[Command], Topic] = {c: topic for topic in TOPICS for c in topic.commands}
_BY_FACT: dict[type[EventData], tuple[Callable[[RoomState, Any, Stamp], RoomState], ...]] = {
    fact: tuple(topic.evolve for topic in TOPICS if fact in topic.facts)
    for topic in TOPICS
    for fact in topic.facts
}


def initial(key: RoomKey) -> RoomState:
    """A room of which the log says nothing."""
    return RoomState(key)


def decide(
    state: RoomState, envelope: Envelope, now_ms: int, alias: str = ""
) -> tuple[Event, ...] | Rejection:
    """The events that a command causes now, or why it is refused."""
    command = envelope.command
    if isinstance(command, SERVICE_COMMANDS) and envelope.actor.kind != "service":
        return rejection(Code.FORBIDDEN)
    if not state.exists and not isinstance(command, CreateRoom):
        return rejection(Code.NO_SUCH_ROOM)
    if isinstance(command, DeadlinePassed):
        return _due(state, max(now_ms, command.due))
    return _BY_COMMAND[type(command)].decide(state, asker(state, envelope, alias), command, now_ms)


def evolve(state: RoomState, event: EventData, at: int) -> RoomState:
    """The room after the next event of its log. One of an unknown type only counts."""
    stamp = Stamp(state.seq + 1, at)
    assert type(event) in _BY_FACT or isinstance(event, UnknownEvent), f"no meaning for {event.type}"
    for understand in _BY_FACT.get(type(event), ()):
        state = understand(state, event, stamp)
    return replace(state, seq=stamp.seq)


def apply(state: RoomState, commit: Commit) -> RoomState:
    """The room after the next commit of its log."""
    assert commit.seq == state.seq + 1, f"{state.key}: commit {commit.seq} after event {state.seq}"
    for event in commit.events:
        state = evolve(state, event.data, commit.at)
    return _remember(replace(state, at=commit.at), commit)


def topic(command: Command) -> str:
    """The topic under which a command's commit is published."""
    return "lifecycle" if isinstance(command, DeadlinePassed) else _BY_COMMAND[type(command)].name


# --- time ----------------------------------------------------------------------------------------
def next_deadline(state: RoomState) -> int | None:
    """When this room must be woken by ``deadline_passed``, in Unix milliseconds; None: never by itself."""
    return min((due for topic in TOPICS for due in topic.deadlines(state)), default=None)


def _due(state: RoomState, time: int) -> tuple[Event, ...]:
    """What happens by itself, one topic at a time: the room is woken again for the next.

    ``time`` is the later of the wake-up's time and now: a wake-up always finds what it came for,
    whatever the clock of its host says.
    """
    return next((events for topic in TOPICS if (events := topic.due(state, time))), ())


# --- authors -------------------------------------------------------------------------------------
def author(envelope: Envelope, alias: str = "") -> RecordedActor:
    """Who is recorded as the author of what a command causes."""
    actor = envelope.actor
    if alias:
        return RecordedActor("anonymous", alias)
    return RecordedActor(actor.kind, actor.id, actor.participant)


def secret_of(state: RoomState, command: Command) -> str | None:
    """The name of the secret under which this command's author is hidden; None: the author is recorded."""
    match command:
        case AnswerPoll():
            return polls.secret_of(state, command)
        case SendPulse():
            return pulse.secret_of(state, command)
        case _:
            return None


def secrets_of(state: RoomState) -> frozenset[str]:
    """The names of the secrets that may still exist. Every other one is to be destroyed."""
    return frozenset((*polls.secrets(state), *pulse.secrets(state)))


# --- memory of answers ---------------------------------------------------------------------------
def recall(state: RoomState, envelope: Envelope, alias: str = "") -> int | None:
    """The seq with which this very command was answered before."""
    known = state.commands.get(_actor(author(envelope, alias)), ())
    return next((r.seq for r in reversed(known) if r.id == envelope.id), None)


def _actor(actor: RecordedActor) -> str:
    return f"{actor.kind}.{actor.id}"


def _remember(state: RoomState, commit: Commit) -> RoomState:
    """Bounded per actor, in actors and in total; the actor silent for longest is forgotten first."""
    actor, cause = _actor(commit.actor), Remembered(CommandId(commit.cause), commit.last_seq)
    commands = dict(state.commands)
    before = commands.pop(actor, ())
    commands[actor] = (*before, cause)[-COMMAND_MEMORY_PER_ACTOR:]
    held = state.commands_held + len(commands[actor]) - len(before)
    while len(commands) > COMMAND_MEMORY_ACTORS or held > COMMAND_MEMORY_TOTAL:
        held -= len(commands.pop(next(iter(commands))))
    return replace(state, commands=commands, commands_held=held)
