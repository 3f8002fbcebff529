"""A class of hundreds: who of it is shown to everybody, and what of the roster is everybody's business.

Above ``CROWD_FROM`` people a page is told how many are there and who is to be seen: staff, who sends a
track, who speaks, stands in the spotlight or has a hand up, and the viewer. Everybody else comes and
goes without a word to others: ten thousand joining would be a hundred million lines (limits-facts §3).
"""

from collections.abc import Collection, Iterator
from itertools import chain, islice

from msgspec.structs import replace

from rooms.state import Participant, RoomState
from schemas.envelope import STAFF, Commit, Event
from schemas.events.roster import (
    ParticipantConnected,
    ParticipantDisconnected,
    ParticipantJoined,
    ParticipantLeft,
)
from schemas.ids import ParticipantId
from schemas.limits import CROWD_FROM, CROWD_SHOWN_MAX, CROWD_UNTIL


def is_crowd(state: RoomState, *, was: bool = False) -> bool:
    """Whether the class is too large to name everybody. One that was stays so until it is clearly not."""
    return len(state.participants) > (CROWD_UNTIL if was else CROWD_FROM)


def shown(state: RoomState) -> dict[ParticipantId, Participant]:
    """The people of a crowd that everybody sees, the important first, bounded."""
    people = state.participants
    named = dict.fromkeys(who for who in _candidates(state) if who in people)
    return {who: people[who] for who in islice(named, CROWD_SHOWN_MAX)}


def _candidates(state: RoomState) -> Iterator[ParticipantId]:
    floor = state.floor
    return chain(
        floor.spotlight,
        (p.id for p in state.participants.values() if p.role in STAFF),
        (track.participant for track in state.tracks.values()),
        floor.speaking,
        (hand.participant for hand in state.hands),
    )


def changes_sight(commit: Commit, seen: Collection[ParticipantId]) -> bool:
    """Whether other people may be seen after it; false for most of what happens when a crowd gathers."""
    return any(
        _unseen(event, seen) is None
        or (isinstance(event.data, ParticipantJoined) and event.data.role in STAFF)
        for event in commit.events
    )


def quieted(commit: Commit, seen: Collection[ParticipantId]) -> Commit:
    """The commit as a crowd is told of it: that somebody unseen comes or goes is their own business."""
    events = tuple(
        event if (who := _unseen(event, seen)) is None else Event(event.data, (who,))
        for event in commit.events
    )
    return replace(commit, events=events)


def _unseen(event: Event, seen: Collection[ParticipantId]) -> ParticipantId | None:
    """Who it is that comes or goes without being seen."""
    match event.data:
        case (
            ParticipantJoined(participant=who)
            | ParticipantLeft(participant=who)
            | ParticipantConnected(participant=who)
            | ParticipantDisconnected(participant=who)
        ) if who not in seen:
            return who
        case _:
            return None
