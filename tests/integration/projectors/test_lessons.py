"""Settings, the time table, and who knocked at the door, as the edge reads them."""

import asyncpg

from bus.interface import Bus
from projectors import reads
from projectors.reads import lessons
from schemas.events.lifecycle import (
    RoomArchived,
    RoomCreated,
    RoomRenamed,
    RoomRestored,
    SessionCancelled,
    SessionEnded,
    SessionMoved,
    SessionRenamed,
    SessionScheduled,
    SessionStarted,
    SettingsChanged,
)
from schemas.events.lobby import Admitted, Denied, Knocked, WaitingLeft
from schemas.events.roster import MemberAdded, MemberRemoved
from schemas.ids import ConnectionId, EdgeId, ParticipantId, RoomId, RoomKey, SeriesId, SessionId, UserId
from schemas.media import Role
from schemas.room_settings import RoomSettings
from tests.integration.projectors.classes import EPOCH_MS, SCHOOL, RoomLog, joined
from tests.integration.projectors.conftest import project

Pool = asyncpg.Pool
T = EPOCH_MS
DAY_MS = 86_400_000


def new_room(room: str = "room1") -> RoomLog:
    """A room of which nothing else is known."""
    log = RoomLog(RoomKey(SCHOOL, RoomId(room)))
    log.commit(T, RoomCreated("Algebra", UserId("teacher"), Role.SPEAKER))
    return log


def knocked(who: str, name: str = "") -> Knocked:
    """Somebody waits."""
    person = ParticipantId(who)
    return Knocked(person, f"u-{who}", name or who, True, EdgeId("e"), ConnectionId("c"), "")


async def test_every_wait_at_the_door_has_its_outcome(bus: Bus, tables: str, pool: Pool) -> None:
    """Who knocks again while waiting waits on; what is open when the class ends, ends with it."""
    log = new_room()
    session = SessionId("s1")
    log.commit(T + 1, SessionStarted(session, "Monday"))
    for at, fact in enumerate(
        (
            knocked("ann"),
            knocked("ben"),
            knocked("ann", "Anna"),
            knocked("cid"),
            knocked("dan"),
            knocked("eve"),
            Admitted(ParticipantId("ann")),
            Denied(ParticipantId("ben"), "No."),
            WaitingLeft(ParticipantId("cid"), "timeout"),
            joined("dan"),
            knocked("cid"),
        )
    ):
        log.commit(T + 2 + at, fact)
    log.commit(T + 20, SessionEnded(session, "ended"))
    later = SessionId("s2")
    log.commit(T + 30, SessionStarted(later, "Tuesday"))
    log.commit(T + 31, knocked("ben"))
    await project(bus, tables, [log])
    told = [
        (k.display_name, k.knocked_at - T, k.outcome, k.decided_at and k.decided_at - T)
        for k in await lessons.knocks(pool, log.key, session, 100)
    ]
    assert told == [
        ("Anna", 2, "admitted", 8),
        ("ben", 3, "denied", 9),
        ("cid", 5, "timeout", 10),
        ("dan", 6, "joined", 11),
        ("eve", 7, "session_ended", 20),
        ("cid", 12, "session_ended", 20),
    ]
    (open_knock,) = await lessons.knocks(pool, log.key, later, 100)
    assert (open_knock.outcome, open_knock.person) == (None, "u-ben")
    assert await lessons.knocks(pool, RoomKey(SCHOOL, RoomId("other")), session, 100) == ()


async def test_the_time_table_tells_what_is_planned_now(bus: Bus, tables: str, pool: Pool) -> None:
    """Moved and renamed lessons as they are; cancelled ones and archived rooms not at all."""
    log, other, archived = new_room(), new_room("room2"), new_room("room3")
    series = SeriesId("ss1")
    for number in range(3):
        at = T + number * DAY_MS
        log.commit(T + 1, SessionScheduled(SessionId(f"s{number}"), "Sums", at, 45, series))
    log.commit(T + 2, SessionMoved(SessionId("s0"), T + 1_000, 30))
    log.commit(T + 3, SessionRenamed(SessionId("s2"), "Products"))
    log.commit(T + 4, SessionCancelled(SessionId("s1")))
    log.commit(T + 5, RoomRenamed("Numbers"))
    other.commit(T + 1, SessionScheduled(SessionId("t1"), "Cells", T + 2 * DAY_MS, 45))
    archived.commit(T + 1, SessionScheduled(SessionId("u1"), "Gone", T + DAY_MS, 45), RoomArchived())
    await project(bus, tables, [log, other, archived])
    rows = await lessons.timetable(pool, SCHOOL, T, T + 9 * DAY_MS, room=None, limit=9)
    assert [(r.room_title, r.title, r.starts_at - T, r.minutes, r.series) for r in rows] == [
        ("Numbers", "Sums", 1_000, 30, series),
        ("Numbers", "Products", 2 * DAY_MS, 45, series),
        ("Algebra", "Cells", 2 * DAY_MS, 45, None),
    ]
    (first,) = await lessons.timetable(pool, SCHOOL, T, T + DAY_MS, room=None, limit=9)
    assert first.id == "s0"
    (own,) = await lessons.timetable(pool, SCHOOL, T, T + 9 * DAY_MS, room=other.key.room, limit=9)
    assert own.id == "t1"
    cancelled = {s.id: s.status for s in await reads.list_sessions(pool, log.key)}
    assert cancelled == {"s0": "scheduled", "s1": "cancelled", "s2": "scheduled"}


async def test_rooms_are_listed_as_they_are_set_up(bus: Bus, tables: str, pool: Pool) -> None:
    """Archived ones apart; who is no member any more has no lasting role."""
    log, archived, restored = new_room(), new_room("room2"), new_room("room3")
    before, after = RoomSettings(), RoomSettings(Role.VIEWER, capacity=30)
    log.commit(T + 1, SettingsChanged(before, after), MemberAdded(UserId("cora"), Role.CO_HOST))
    log.commit(T + 2, MemberRemoved(UserId("cora"), Role.CO_HOST))
    archived.commit(T + 1, RoomArchived())
    restored.commit(T + 1, RoomArchived())
    restored.commit(T + 2, RoomRestored())
    await project(bus, tables, [log, archived, restored])
    in_use = (await reads.list_rooms(pool, SCHOOL, None, 9)).rooms
    assert {r.room for r in in_use} == {"room1", "room3"}
    away = (await reads.list_rooms(pool, SCHOOL, None, 9, archived=True)).rooms
    assert [(r.room, r.archived_at) for r in away] == [("room2", T + 1)]
    row = await reads.get_room(pool, log.key)
    assert row is not None
    assert row.default_role is Role.VIEWER
    assert await reads.member_role(pool, log.key, "cora") is None
