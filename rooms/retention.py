"""Retention: how long recordings are kept, and what of them waits for a worker.

Every recording stands on the shelf from its start until a worker says that no object of it is left. It
expires when its own time is over, or that of the tenant's policy when it has none; or staff delete it.
From that moment nobody sees it; then its objects are erased.
"""

from collections.abc import Iterator
from typing import Literal, assert_never, get_args

from msgspec import Struct
from msgspec.structs import replace

from rooms.asker import Asker
from rooms.permissions import Permission
from rooms.state import RoomState
from rooms.state.shelf import Shelved
from rooms.topic import Stamp, Topic
from schemas.commands.recording import DeleteRecording, ReportErased, SetRetention
from schemas.envelope import Event
from schemas.events.recording import (
    RecordingCompleted,
    RecordingDeleted,
    RecordingErased,
    RecordingExpired,
    RecordingStarted,
    RecordingStepReported,
    RecordingStopped,
    RetentionSet,
)
from schemas.events.redaction import Redacted
from schemas.ids import RecordingId
from schemas.limits import EXPIRIES_PER_COMMIT_MAX
from schemas.rejections import Code, Rejection, rejection

Command = SetRetention | DeleteRecording | ReportErased
Fact = (
    RecordingStarted
    | RecordingStopped
    | RecordingStepReported
    | RecordingCompleted
    | RetentionSet
    | RecordingExpired
    | RecordingDeleted
    | RecordingErased
    | Redacted
)

_DAY_MS = 86_400_000


class Work(Struct, frozen=True):
    """A job that a recording waits for: make its artifacts (``record``) or erase them (``purge``).

    ``id`` is the job's: the same for the same work, another for each rebuild.
    """

    kind: Literal["record", "purge"]
    recording: RecordingId
    id: str


def waiting_for_work(state: RoomState) -> tuple[Work, ...]:
    """What no worker has taken up yet, or done: artifacts to make, and objects to erase."""
    return tuple(
        Work("purge", recording, f"{recording}-purge")
        if shelved.work == "purge"
        else Work("record", recording, f"{recording}-{shelved.version}" if shelved.version else recording)
        for recording, shelved in state.shelf.items()
        if shelved.work in {"record", "purge"}
    )


def decide(state: RoomState, asks: Asker, command: Command, now: int) -> tuple[Event, ...] | Rejection:
    """What a wish about keeping recordings leads to."""
    shelved = state.shelf.get(command.recording)
    match command:
        case ReportErased(recording):
            erasing = shelved is not None and shelved.work == "purge"
            return (Event(RecordingErased(recording)),) if erasing else ()
        case _ if not asks.may(Permission.REDACT):
            return rejection(Code.FORBIDDEN)
        case _ if shelved is None:
            return rejection(Code.NO_SUCH_RECORDING)
        case SetRetention(recording, keep_until):
            if shelved.work == "purge":
                return rejection(Code.NO_SUCH_RECORDING)
            if 0 < keep_until <= now:
                return rejection(Code.MALFORMED, "This time is over. Delete the recording instead.")
            same = shelved.keep_until == keep_until
            return () if same else (Event(RetentionSet(recording, keep_until)),)
        case DeleteRecording(recording):
            if shelved.work == "purge":
                return ()
            if shelved.stopped_at is None:
                return rejection(Code.ALREADY_RECORDING, "Stop the recording first.")
            return (Event(RecordingDeleted(recording, asks.participant)),)
        case _:
            assert_never(command)


# --- time ----------------------------------------------------------------------------------------
def expiry(state: RoomState, shelved: Shelved) -> int | None:
    """When a recording expires (Unix milliseconds); None: never, or not while it runs."""
    if shelved.stopped_at is None or shelved.work == "purge":
        return None
    if shelved.keep_until is not None:
        return shelved.keep_until or None
    days = state.policy.keep_recordings_days
    return shelved.stopped_at + days * _DAY_MS if days else None


def deadlines(state: RoomState) -> Iterator[int]:
    """The ends of all retention times."""
    return (at for shelved in state.shelf.values() if (at := expiry(state, shelved)) is not None)


def due(state: RoomState, now: int) -> tuple[Event, ...]:
    """Recordings whose time is over; a bounded number per commit, the rest at once after."""
    over = [
        recording
        for recording, shelved in state.shelf.items()
        if (at := expiry(state, shelved)) is not None and at <= now
    ]
    return tuple(Event(RecordingExpired(recording)) for recording in over[:EXPIRIES_PER_COMMIT_MAX])


# --- facts ---------------------------------------------------------------------------------------
def evolve(state: RoomState, fact: Fact, stamp: Stamp) -> RoomState:
    """The shelf after a fact about a recording."""
    match fact:
        case RecordingStarted(recording):
            return replace(state, shelf={**state.shelf, recording: Shelved()})
        case RecordingStopped(recording):
            return _change(state, recording, stopped_at=stamp.at, work="record")
        case RecordingStepReported(recording):
            waits = recording in state.shelf and state.shelf[recording].work == "record"
            return _change(state, recording, work="working") if waits else state
        case RecordingCompleted(recording):
            return _change(state, recording, work="")
        case RetentionSet(recording, keep_until):
            return _change(state, recording, keep_until=keep_until)
        case RecordingExpired(recording) | RecordingDeleted(recording):
            return _change(state, recording, work="purge")
        case RecordingErased(recording):
            return replace(state, shelf={k: v for k, v in state.shelf.items() if k != recording})
        case Redacted(recordings=recordings):
            for recording in recordings:
                if recording in state.shelf:
                    version = state.shelf[recording].version + 1
                    state = _change(state, recording, version=version, work="record")
            return state
        case _:
            assert_never(fact)


def _change(state: RoomState, recording: RecordingId, **changes: object) -> RoomState:
    shelved = state.shelf.get(recording)
    if shelved is None:
        return state
    return replace(state, shelf={**state.shelf, recording: replace(shelved, **changes)})


TOPIC = Topic("recording", get_args(Command), get_args(Fact), decide, evolve, deadlines, due)
