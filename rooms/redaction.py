"""Redaction: taking a person, a span of a film or a message out of everything that is kept.

The event is the tombstone: whoever folds the log from now on leaves out what it names. Recordings that
may show it are withdrawn at once and come back when they were rebuilt without it.
"""

from typing import assert_never, get_args

from msgspec.structs import replace

from rooms.asker import Asker, new_id
from rooms.permissions import Permission
from rooms.state import RoomState
from rooms.topic import Stamp, Topic
from schemas.commands.redaction import Redact
from schemas.envelope import Event
from schemas.events.redaction import REMOVED_PERSON, ReasonGiven, Redacted
from schemas.ids import ParticipantId, RecordingId, RedactionId
from schemas.limits import RECORDING_VERSIONS_MAX
from schemas.rejections import Code, Rejection, rejection

Command = Redact
Fact = Redacted | ReasonGiven


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> tuple[Event, ...] | Rejection:
    """What a wish to redact leads to. The reason is for staff only."""
    if not asks.may(Permission.REDACT):
        return rejection(Code.FORBIDDEN)
    redaction = RedactionId(new_id(state, asks, "x"))
    tombstone = _tombstone(state, command, redaction)
    if isinstance(tombstone, Rejection):
        return tombstone
    reason = command.reason.strip()
    told = (Event(ReasonGiven(redaction, reason), "staff"),) if reason else ()
    return (Event(tombstone), *told)


def _tombstone(state: RoomState, command: Redact, redaction: RedactionId) -> Redacted | Rejection:
    match command.what:
        case "person":
            return _person(state, command, redaction)
        case "span":
            return _span(state, command, redaction)
        case "message":
            if command.message is None:
                return rejection(Code.MALFORMED, "Which message?")
            return Redacted(redaction, "message", None, (), 0, 0, command.message)
        case _:
            assert_never(command.what)


def _person(state: RoomState, command: Redact, redaction: RedactionId) -> Redacted | Rejection:
    """Every recording that is over is looked at again: only the log's readers know who is in which."""
    if command.participant is None:
        return rejection(Code.MALFORMED, "Which person?")
    if command.participant in state.participants:
        return rejection(Code.SESSION_LIVE, "This person is in the class now.")
    if command.participant in state.lobby.waiting:
        return rejection(Code.SESSION_LIVE, "This person is at the door now.")
    kept = tuple(r for r in state.shelf if _can_be_rebuilt(state, r))
    return Redacted(redaction, "person", command.participant, kept, 0, 0, None)


def _span(state: RoomState, command: Redact, redaction: RedactionId) -> Redacted | Rejection:
    recording = command.recording
    if recording is None or command.since_ms >= command.until_ms:
        return rejection(Code.MALFORMED, "Which time of which recording?")
    shelved = state.shelf.get(recording)
    if shelved is None or shelved.work == "purge":
        return rejection(Code.NO_SUCH_RECORDING)
    if shelved.stopped_at is None:
        return rejection(Code.ALREADY_RECORDING, "Stop the recording first.")
    if not _can_be_rebuilt(state, recording):
        return rejection(Code.LIMIT_REACHED)
    return Redacted(redaction, "span", None, (recording,), command.since_ms, command.until_ms, None)


def _can_be_rebuilt(state: RoomState, recording: RecordingId) -> bool:
    shelved = state.shelf[recording]
    return (
        shelved.stopped_at is not None
        and shelved.work != "purge"
        and shelved.version < RECORDING_VERSIONS_MAX
    )


def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The room without what was redacted. Recordings are the business of their own topics."""
    match fact:
        case Redacted(what="message", message=message):
            return replace(state, messages=tuple(m for m in state.messages if m.id != message))
        case Redacted(what="person", participant=who):
            return state if who is None else _without_name(state, who)
        case Redacted() | ReasonGiven():
            return state
        case _:
            assert_never(fact)


def _without_name(state: RoomState, who: ParticipantId) -> RoomState:
    """Their words stay, and the list of those who were sent out; both without the name."""
    messages = tuple(
        replace(m, display_name=REMOVED_PERSON) if m.participant == who else m for m in state.messages
    )
    removed = {k: REMOVED_PERSON if k == who else name for k, name in state.rights.removed.items()}
    return replace(state, messages=messages, rights=replace(state.rights, removed=removed))


TOPIC = Topic("redaction", (Redact,), get_args(Fact), decide, evolve)
