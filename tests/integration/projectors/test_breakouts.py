"""Breakouts in the read model: where everybody was put, and where they were."""

import asyncpg

from bus.interface import Bus
from projectors.reads import breakouts as reads
from schemas.breakouts import Group
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
from schemas.events.lifecycle import RoomCreated, SessionEnded, SessionStarted
from schemas.events.roster import ParticipantLeft
from schemas.ids import GroupId, OpeningId, ParticipantId, RoomId, RoomKey, SessionId, TenantId, UserId
from schemas.media import Role
from tests.integration.projectors.classes import EPOCH_MS, SCHOOL, RoomLog, joined
from tests.integration.projectors.conftest import project

Pool = asyncpg.Pool
T = EPOCH_MS
SESSION, OPENING = SessionId("s1"), OpeningId("o1")
RED, BLUE = GroupId("g1"), GroupId("g2")
ANNA, BEN, TESS = ParticipantId("anna"), ParticipantId("ben"), ParticipantId("tess")
PARENT = RoomKey(SCHOOL, RoomId("room1"))
CHILD = RoomKey(SCHOOL, RoomId("bred"))


def parent() -> RoomLog:
    """A class with Anna in Red and Ben in Blue, then both in Red."""
    log = RoomLog(PARENT)
    log.commit(T, RoomCreated("Algebra", UserId("teacher"), Role.SPEAKER))
    log.commit(T, SessionStarted(SESSION, "Monday"))
    log.commit(T, *(joined(name) for name in ("tess", "anna", "ben")))
    log.commit(T + 5, ParticipantMoved(ANNA, RED))  # Nothing is open: a plan is not a place.
    groups = (Group(RED, "Red", (ANNA,)), Group(BLUE, "Blue", (BEN,)))
    log.commit(T + 10, BreakoutsOpened(OPENING, groups, T + 600, ("f1",), free_choice=False))
    log.commit(T + 11, DoorOpened(RED, CHILD.room))
    log.commit(T + 20, ParticipantMoved(BEN, RED))
    log.commit(T + 30, HelpQueued(RED, 1))
    log.commit(T + 31, HelpUnqueued(RED, 1, answered=True))
    log.commit(T + 40, VisitStarted(TESS, RED, CHILD.room, "listen"))
    log.commit(T + 45, SpeakingToAllStarted(TESS))
    log.commit(T + 50, SpeakingToAllStopped(TESS))
    log.commit(T + 55, VisitStarted(TESS, RED, CHILD.room, "visit"))
    log.commit(T + 60, AnnouncementMade(1, "Come back.", "Tess"))
    log.commit(T + 61, BreakoutsEndMoved(T + 90, closing=True))
    return log


def child() -> RoomLog:
    """Red's room: Anna was in it."""
    log = RoomLog(CHILD)
    opened = OpenedAsChild(PARENT.room, SESSION, OPENING, RED, "Red", (ANNA,), None, ())
    started = SessionStarted(SessionId("s-child"), "Red")
    log.commit(T + 10, RoomCreated("Algebra: Red", UserId("teacher"), Role.SPEAKER), opened, started)
    log.commit(T + 15, joined("x1", "u-anna"))
    log.commit(T + 16, AnnouncementMade(1, "Come back.", "Tess"))
    return log


async def test_who_was_put_where_and_what_happened_then(bus: Bus, tables: str, pool: Pool) -> None:
    log = parent()
    log.commit(T + 70, ParticipantLeft(ANNA, "removed", T + 70))
    log.commit(T + 90, BreakoutsClosed(OPENING))
    await project(bus, tables, [log])
    found = await reads.history(pool, PARENT, SESSION)
    (opening,) = found.openings
    assert (opening.opened_at, opening.ends_at, opening.closed_at) == (T + 10, T + 90, T + 90)
    assert [(g.name, g.child) for g in found.groups] == [("Red", "bred"), ("Blue", None)]
    assert [(p.participant, p.group, p.since - T, p.until) for p in found.places] == [
        (ANNA, RED, 10, T + 70),
        (BEN, BLUE, 10, T + 20),
        (BEN, RED, 20, T + 90),
    ]
    assert [(v.group, v.mode, v.since - T, v.until) for v in found.visits] == [
        (RED, "listen", 40, T + 55),
        (None, "speak", 45, T + 50),
        (RED, "visit", 55, T + 90),
    ]
    assert [(c.number, c.ended_at, c.answered) for c in found.calls] == [(1, T + 31, True)]
    assert [(t.text, t.display_name) for t in found.texts] == [("Come back.", "")], "no participant wrote it"


async def test_a_class_that_ends_closes_what_is_open(bus: Bus, tables: str, pool: Pool) -> None:
    log = parent()
    log.commit(T + 80, VisitEnded(TESS))
    log.commit(T + 100, SessionEnded(SESSION, "ended"))
    await project(bus, tables, [log])
    found = await reads.history(pool, PARENT, SESSION)
    assert found.openings[0].closed_at == T + 100
    assert {p.until for p in found.places} == {T + 20, T + 100}
    assert found.visits[-1].until == T + 80


async def test_attendance_of_the_groups_belongs_to_the_class(bus: Bus, tables: str, pool: Pool) -> None:
    red = child()
    red.commit(T + 25, joined("x2", "u-stranger"))
    red.commit(T + 40, ParticipantLeft(ParticipantId("x1"), "left", T + 40))
    await project(bus, tables, [parent(), red])
    rows = await reads.attendance(pool, PARENT, SESSION)
    assert [(r.group_name, r.child, r.participant, r.joined_at, r.left_at) for r in rows] == [
        ("Red", "bred", ANNA, T + 15, T + 40),
        ("Red", "bred", None, T + 25, None),
    ]
    assert rows[0].connected_ms == 25
    texts = (await reads.history(pool, PARENT, SESSION)).texts
    assert len(texts) == 1, "the child's copy is not kept again"


async def test_a_closed_child_is_no_part_of_what_comes_after(bus: Bus, tables: str, pool: Pool) -> None:
    red = child()
    red.commit(T + 50, ClosedAsChild(OPENING))
    red.commit(T + 60, SessionStarted(SessionId("s-later"), "Later"), joined("x3", "u-ben"))
    await project(bus, tables, [parent(), red])
    assert [r.participant for r in await reads.attendance(pool, PARENT, SESSION)] == [ANNA]


async def test_another_tenant_finds_nothing(bus: Bus, tables: str, pool: Pool) -> None:
    await project(bus, tables, [parent(), child()])
    stranger = RoomKey(TenantId("other"), PARENT.room)
    assert (await reads.history(pool, stranger, SESSION)).openings == ()
    assert await reads.attendance(pool, stranger, SESSION) == ()
