"""What the log says of who was in class, told so simply that it can be held against the read models.

The simulation and the real stack are judged by the same few lines.
"""

from itertools import pairwise

from msgspec import Struct

from schemas.envelope import Commit
from schemas.events.lifecycle import SessionEnded
from schemas.events.roster import (
    ParticipantConnected,
    ParticipantDisconnected,
    ParticipantJoined,
    ParticipantLeft,
)
from schemas.ids import ParticipantId


class Interval(Struct):
    """A time in class, Unix milliseconds; it lasts while ``end`` is None."""

    begin: int
    end: int | None = None


def attendance(log: list[Commit]) -> dict[ParticipantId, list[Interval]]:
    """When the log says people's pages were in class: a fold of its own, simpler than the read model."""
    times: dict[ParticipantId, list[Interval]] = {}

    def ends(who: ParticipantId, at: int) -> None:
        if times.get(who) and times[who][-1].end is None:
            times[who][-1].end = at

    for commit in log:
        for event in commit.events:
            match event.data:
                case ParticipantJoined(participant=who) | ParticipantConnected(participant=who):
                    if not times.get(who) or times[who][-1].end is not None:
                        times.setdefault(who, []).append(Interval(commit.at))
                case ParticipantDisconnected(participant=who, since=since):
                    ends(who, since or commit.at)
                case ParticipantLeft(participant=who, left_at=left_at):
                    ends(who, left_at)
                case SessionEnded():
                    for who in times:
                        ends(who, commit.at)
    return times


def classes_at_once(*logs: list[Commit]) -> list[str]:
    """Who was in two classes at once, from joining to having left, by the logs of these classes; a
    sentence for each."""
    times: dict[str, list[tuple[int, float]]] = {}
    for log in logs:
        for person, visits in _visits(log).items():
            times.setdefault(person, []).extend(visits)
    return [
        f"{person} is in two classes at {begin}"
        for person, visits in times.items()
        for (_, end), (begin, _) in pairwise(sorted(visits))
        if begin < end
    ]


def _visits(log: list[Commit]) -> dict[str, list[tuple[int, float]]]:
    """Who was in this class, from when to when; for ever, who never left."""
    visits: dict[str, list[tuple[int, float]]] = {}
    inside: dict[ParticipantId, tuple[str, int]] = {}

    def leaves(who: ParticipantId, at: float) -> None:
        person, begin = inside.pop(who)
        visits.setdefault(person, []).append((begin, at))

    for commit in log:
        for event in commit.events:
            match event.data:
                case ParticipantJoined(participant=who, person=person) if who not in inside:
                    inside[who] = (person, commit.at)
                case ParticipantLeft(participant=who) if who in inside:
                    leaves(who, commit.at)
                case SessionEnded():
                    for who in tuple(inside):
                        leaves(who, commit.at)
    for who in tuple(inside):
        leaves(who, float("inf"))
    return visits
