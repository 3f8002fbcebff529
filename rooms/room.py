"""The room: ``decide`` and ``evolve``, dispatching to one file per topic; nothing else.

::

    decide(state, envelope, now)  ->  events | rejection      what a command leads to
    evolve(state, event, at)      ->  state                   what an event means
    apply(state, commit)          ->  state                   the same for a stored commit
    recall(state, envelope)       ->  seq | None              the answer a command already got

No events means: accepted, and nothing had to happen.
"""

from msgspec.structs import replace

from rooms import chat, deadlines, floor, lifecycle, media, recording, roster, tracks
from rooms.asker import asker
from rooms.deadlines import next_deadline
from rooms.state import Remembered, RoomState
from schemas.commands import SERVICE_COMMANDS, Command, CreateRoom, DeadlinePassed, PostMessage
from schemas.envelope import Actor, Commit, Envelope, Event, RecordedActor, UnknownEvent
from schemas.events import EventData, MessagePosted
from schemas.ids import CommandId, RoomKey
from schemas.limits import COMMAND_MEMORY_ACTORS, COMMAND_MEMORY_PER_ACTOR, COMMAND_MEMORY_TOTAL
from schemas.rejections import Code, Rejection, rejection

__all__ = ["apply", "decide", "evolve", "initial", "next_deadline", "recall", "topic"]


def initial(key: RoomKey) -> RoomState:
    """A room of which the log says nothing."""
    return RoomState(key)


def decide(state: RoomState, envelope: Envelope, now_ms: int) -> tuple[Event, ...] | Rejection:
    """The events that a command causes now, or why it is refused."""
    command = envelope.command
    if isinstance(command, SERVICE_COMMANDS) and envelope.actor.kind != "service":
        return rejection(Code.FORBIDDEN)
    if not state.exists and not isinstance(command, CreateRoom):
        return rejection(Code.NO_SUCH_ROOM)
    asks = asker(state, envelope)
    if isinstance(command, lifecycle.Command):
        return lifecycle.decide(state, asks, command, now_ms)
    if isinstance(command, roster.Command):
        return roster.decide(state, asks, command, now_ms)
    if isinstance(command, floor.Command):
        return floor.decide(state, asks, command)
    if isinstance(command, tracks.Command):
        return tracks.decide(state, asks, command)
    if isinstance(command, PostMessage):
        return chat.decide(state, asks, command)
    if isinstance(command, recording.Command):
        return recording.decide(state, asks, command)
    if isinstance(command, media.Command):
        return media.decide(state, command)
    assert isinstance(command, DeadlinePassed), f"no rule for {command.name}"
    return deadlines.decide(state, command, now_ms)


def evolve(state: RoomState, event: EventData, at: int) -> RoomState:
    """The room after the next event of its log. One of an unknown type only counts."""
    seq = state.seq + 1
    return replace(_evolve(state, event, seq, at), seq=seq)


def _evolve(state: RoomState, event: EventData, seq: int, at: int) -> RoomState:
    if isinstance(event, lifecycle.Fact):
        return lifecycle.evolve(state, event, at)
    if isinstance(event, roster.Fact):
        return roster.evolve(state, event, at)
    if isinstance(event, floor.Fact):
        return floor.evolve(state, event, at)
    if isinstance(event, tracks.Fact):
        return tracks.evolve(state, event)
    if isinstance(event, MessagePosted):
        return chat.evolve(state, event, seq, at)
    if isinstance(event, recording.Fact):
        return recording.evolve(state, event, at)
    if isinstance(event, media.Fact):
        return media.evolve(state, event)
    assert isinstance(event, UnknownEvent), f"no meaning for {event.type}"
    return state


def apply(state: RoomState, commit: Commit) -> RoomState:
    """The room after the next commit of its log."""
    assert commit.seq == state.seq + 1, f"{state.key}: commit {commit.seq} after event {state.seq}"
    for event in commit.events:
        state = evolve(state, event.data, commit.at)
    return _remember(replace(state, at=commit.at), commit)


def topic(command: Command) -> str:
    """The topic under which a command's commit is published."""
    if isinstance(command, roster.Command):
        return "roster"
    if isinstance(command, floor.Command):
        return "floor"
    if isinstance(command, tracks.Command):
        return "track"
    if isinstance(command, PostMessage):
        return "chat"
    if isinstance(command, recording.Command):
        return "recording"
    if isinstance(command, media.Command):
        return "media"
    return "lifecycle"


# --- memory of answers ---------------------------------------------------------------------------
def recall(state: RoomState, envelope: Envelope) -> int | None:
    """The seq with which this very command was answered before."""
    known = state.commands.get(_actor(envelope.actor), ())
    return next((r.seq for r in reversed(known) if r.id == envelope.id), None)


def _actor(actor: Actor | RecordedActor) -> str:
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
