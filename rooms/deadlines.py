"""Time in the rules: what happens when nothing happens.

The service wakes a room at ``next_deadline`` with ``deadline_passed``. Deciding by the later of the
wake-up time and now, a wake-up always finds what it came for, whatever the clock of its host says.
"""

from collections.abc import Iterator

from rooms.lifecycle import ending
from rooms.roster import timeouts
from rooms.state import RoomState
from schemas.commands import DeadlinePassed
from schemas.envelope import Event
from schemas.limits import EMPTY_SESSION_END_S, SESSION_HOURS_MAX

_EMPTY_MS = int(EMPTY_SESSION_END_S * 1000)
_SESSION_MS = SESSION_HOURS_MAX * 3_600_000


def next_deadline(state: RoomState) -> int | None:
    """When this room must be woken, in Unix milliseconds; None: never by itself."""
    return min(_deadlines(state), default=None)


def _deadlines(state: RoomState) -> Iterator[int]:
    if state.live is None:
        return
    yield state.live.started_at + _SESSION_MS
    if state.empty_since is not None:
        yield state.empty_since + _EMPTY_MS
    for participant in state.participants.values():
        if participant.grace_until is not None:
            yield participant.grace_until


def decide(state: RoomState, command: DeadlinePassed, now: int) -> tuple[Event, ...]:
    """What is due at this time; nothing if meanwhile it is no longer."""
    time = max(now, command.due)
    if state.live is None:
        return ()
    if time >= state.live.started_at + _SESSION_MS:
        return ending(state, now, "time_limit")
    if state.empty_since is not None and time >= state.empty_since + _EMPTY_MS:
        return ending(state, now, "empty")
    return timeouts(state, time)
