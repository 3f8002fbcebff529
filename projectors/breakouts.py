"""Breakout rooms and who was where."""

from projectors.model import Fact, Model, Write, queries
from schemas.events.breakouts import (
    AnnouncementMade,
    BreakoutsClosed,
    BreakoutsEndMoved,
    BreakoutsOpened,
    ClosedAsChild,
    DoorOpened,
    HelpQueued,
    HelpUnqueued,
    OpenedAsChild,
    ParticipantMoved,
    SpeakingToAllStarted,
    SpeakingToAllStopped,
    VisitEnded,
    VisitStarted,
)
from schemas.events.lifecycle import SessionEnded, SessionStarted
from schemas.events.roster import ParticipantLeft

_sql = queries("breakouts")


def writes(fact: Fact) -> tuple[Write, ...]:
    """What a fact changes in it."""
    match fact.data:
        case SessionStarted(session=session):
            return (_write(fact, "lesson", session),)
        case BreakoutsOpened():
            return _opened(fact, fact.data)
        case ParticipantMoved(participant=who, group=group):
            displaced = _write(fact, "displace", who, fact.at)
            if group is None:
                return (displaced,)
            return (displaced, _write(fact, "place", who, group, fact.at, fact.seq))
        case BreakoutsClosed() | SessionEnded():
            return (
                _write(fact, "displace", None, fact.at),
                _write(fact, "end_visit", None, None, fact.at),
                _write(fact, "close", fact.at),
            )
        case ParticipantLeft(participant=who, reason=reason):
            removed = (_write(fact, "displace", who, fact.at),) if reason == "removed" else ()
            return (*removed, _write(fact, "end_visit", who, None, fact.at))
        case OpenedAsChild() as child:
            link = (child.opening, child.parent, child.session, child.group, child.group_name, fact.at)
            return (_write(fact, "become_child", *link),)
        case ClosedAsChild(opening=opening):
            return (_write(fact, "close_child", opening, fact.at),)
        case _:
            return _while_open(fact)


def _while_open(fact: Fact) -> tuple[Write, ...]:
    match fact.data:
        case DoorOpened(group=group, child=child):
            return (_write(fact, "door", group, child),)
        case BreakoutsEndMoved(ends_at=ends_at):
            return (_write(fact, "move_end", ends_at),)
        case AnnouncementMade() as told:
            return (_write(fact, "text", told.number, fact.at, told.text, fact.actor.participant),)
        case HelpQueued(group=group, number=number):
            return (_write(fact, "call", group, number, fact.at),)
        case HelpUnqueued(group=group, number=number, answered=answered):
            return (_write(fact, "end_call", group, number, fact.at, answered),)
        case VisitStarted(participant=who, group=group, mode=mode):
            ended = _write(fact, "end_visit", who, True, fact.at)
            return (ended, _write(fact, "visit", who, group, mode, fact.at, fact.seq))
        case VisitEnded(participant=who):
            return (_write(fact, "end_visit", who, True, fact.at),)
        case SpeakingToAllStarted(participant=who):
            return (_write(fact, "visit", who, None, "speak", fact.at, fact.seq),)
        case SpeakingToAllStopped(participant=who):
            return (_write(fact, "end_visit", who, False, fact.at),)
    return ()


def _write(fact: Fact, query: str, *args: object) -> Write:
    return Write(_sql[query], (fact.key.tenant, fact.key.room, *args))


def _opened(fact: Fact, opened: BreakoutsOpened) -> tuple[Write, ...]:
    opening = (opened.opening, fact.at, opened.ends_at, opened.free_choice, list(opened.carry))
    groups = (
        _write(fact, "group", opened.opening, group.id, position, group.name)
        for position, group in enumerate(opened.groups)
    )
    places = (
        _write(fact, "place", who, g.id, fact.at, fact.seq) for g in opened.groups for who in g.participants
    )
    return (_write(fact, "open", *opening), *groups, *places)


MODEL = Model(
    "breakouts",
    (
        "breakout_lessons",
        "breakout_openings",
        "breakout_groups",
        "breakout_places",
        "breakout_visits",
        "breakout_calls",
        "breakout_texts",
        "breakout_children",
    ),
    _sql["tables"],
    writes,
)
