"""What the edge reads: attendance, rooms, sessions, messages, recordings; and only its own tenant's."""

import asyncpg
import pytest

from bus.interface import Bus
from projectors import reads
from projectors.reads import Interval, chat, floor
from schemas.artifacts import Artifact, ArtifactKind
from schemas.events.lifecycle import RoomCreated, SessionEnded, SessionScheduled, SessionStarted
from schemas.events.recording import (
    ArtifactAdded,
    RecordingCompleted,
    RecordingStarted,
    RecordingStepReported,
    RecordingStopped,
)
from schemas.events.roster import MemberAdded, ParticipantDisconnected, ParticipantLeft, RoleChanged
from schemas.events.tracks import TrackPublished
from schemas.ids import (
    ArtifactId,
    ParticipantId,
    RecordingId,
    RoomId,
    RoomKey,
    SessionId,
    TenantId,
    TrackId,
    UserId,
)
from schemas.media import MediaKind, Role, Source
from tests.integration.projectors.classes import EPOCH_MS, SCHOOL, RoomLog, a_class, connected, joined
from tests.integration.projectors.conftest import project

Pool = asyncpg.Pool
T = EPOCH_MS
SESSION = SessionId("s1")
ANNA, BEN = ParticipantId("anna"), ParticipantId("ben")


def room_in_class(room: str = "room1") -> RoomLog:
    """A room whose class has just begun."""
    log = RoomLog(RoomKey(SCHOOL, RoomId(room)))
    log.commit(T, RoomCreated("Algebra", UserId("teacher"), Role.SPEAKER))
    log.commit(T, SessionStarted(SESSION, "Monday"))
    return log


async def test_reconnects_are_merged_into_one_participation(bus: Bus, tables: str, pool: Pool) -> None:
    log = room_in_class()
    log.commit(T + 1_000, joined("anna"))
    log.commit(T + 5_000, ParticipantDisconnected(ANNA, T + 35_000))
    log.commit(T + 8_000, connected("anna"))
    log.commit(T + 9_000, connected("anna"))  # Another edge took over without a loss.
    log.commit(T + 20_000, ParticipantLeft(ANNA, "left", T + 20_000))
    await project(bus, tables, [log])
    (row,) = await reads.attendance(pool, log.key, SESSION)
    assert row.intervals == (Interval(T + 1_000, T + 5_000), Interval(T + 8_000, T + 20_000))
    assert (row.joined_at, row.left_at, row.reason) == (T + 1_000, T + 20_000, "left")
    assert row.connected_ms == 4_000 + 12_000


async def test_who_died_with_an_edge_left_at_its_last_beat(bus: Bus, tables: str, pool: Pool) -> None:
    log = room_in_class()
    log.commit(T + 1_000, joined("anna"))
    log.commit(T + 10_000, ParticipantLeft(ANNA, "edge_lost", T + 4_000))
    await project(bus, tables, [log])
    (row,) = await reads.attendance(pool, log.key, SESSION)
    assert (row.left_at, row.connected_ms) == (T + 4_000, 3_000)


async def test_a_last_beat_before_the_reconnect_gives_no_negative_interval(
    bus: Bus, tables: str, pool: Pool
) -> None:
    log = room_in_class()
    log.commit(T + 1_000, joined("anna"))
    log.commit(T + 5_000, ParticipantDisconnected(ANNA, T + 35_000))
    log.commit(T + 8_000, connected("anna"))
    log.commit(T + 10_000, ParticipantLeft(ANNA, "edge_lost", T + 7_000))
    await project(bus, tables, [log])
    (row,) = await reads.attendance(pool, log.key, SESSION)
    assert all(i.until is not None and i.since <= i.until <= T + 7_000 for i in row.intervals)
    assert row.connected_ms == 4_000


async def test_the_end_of_class_closes_every_participation(bus: Bus, tables: str, pool: Pool) -> None:
    log = room_in_class()
    log.commit(T + 1_000, joined("anna"))
    log.commit(T + 2_000, joined("ben"))
    log.commit(T + 3_000, ParticipantDisconnected(BEN, T + 33_000))
    log.commit(T + 10_000, SessionEnded(SESSION, "ended"))
    await project(bus, tables, [log])
    anna, ben = await reads.attendance(pool, log.key, SESSION)
    assert (anna.reason, anna.left_at, anna.connected_ms) == ("session_ended", T + 10_000, 9_000)
    assert (ben.reason, ben.left_at, ben.connected_ms) == ("session_ended", T + 10_000, 1_000)


async def test_leaving_and_coming_back_are_two_participations(bus: Bus, tables: str, pool: Pool) -> None:
    log = room_in_class()
    log.commit(T + 1_000, joined("anna"))
    log.commit(T + 2_000, RoleChanged(ANNA, Role.SPEAKER, Role.VIEWER))
    log.commit(T + 3_000, ParticipantLeft(ANNA, "left", T + 3_000))
    log.commit(T + 4_000, joined("anna"))
    await project(bus, tables, [log])
    first, second = await reads.attendance(pool, log.key, SESSION)
    assert (first.role, first.left_at) == (Role.VIEWER, T + 3_000)
    assert (second.left_at, second.reason, second.intervals) == (None, None, (Interval(T + 4_000, None),))


async def test_rooms_are_paged_newest_first_with_their_classes(bus: Bus, tables: str, pool: Pool) -> None:
    logs = []
    for n in range(5):
        log = RoomLog(RoomKey(SCHOOL, RoomId(f"room{n}")))
        log.commit(T + n // 2, RoomCreated(f"Room {n}", UserId(f"owner{n}"), Role.VIEWER))
        logs.append(log)
    logs[3].commit(T + 9, SessionScheduled(SessionId("later"), "Later", T + 99_000, 45))
    logs[3].commit(T + 9, SessionScheduled(SessionId("sooner"), "Sooner", T + 50_000, 45))
    logs[3].commit(T + 10, SessionStarted(SessionId("now"), "Now"))
    logs[0].commit(T + 9, MemberAdded(UserId("assistant"), Role.CO_HOST))
    logs[1].commit(T + 9, SessionStarted(SESSION, "Now"), joined("anna", "guest-anna"))
    await project(bus, tables, logs)

    seen: list[str] = []
    cursor = None
    while True:
        page = await reads.list_rooms(pool, SCHOOL, cursor, 2)
        seen += [row.room for row in page.rooms]
        cursor = page.cursor
        if cursor is None:
            break
    assert seen == ["room4", "room3", "room2", "room1", "room0"]

    row = await reads.get_room(pool, logs[3].key)
    assert row is not None
    assert row.live is not None
    assert row.next_scheduled is not None
    assert (row.live.title, row.next_scheduled.title) == ("Now", "Sooner")
    sessions = await reads.list_sessions(pool, logs[3].key)
    assert [s.title for s in sessions] == ["Now", "Sooner", "Later"]

    async def rooms_of(person: str) -> list[str]:
        return [r.room for r in (await reads.list_rooms(pool, SCHOOL, None, 9, person=person)).rooms]

    assert await rooms_of("owner2") == ["room2"]
    assert await rooms_of("assistant") == ["room0"]
    assert await rooms_of("guest-anna") == ["room1"]
    assert await rooms_of("stranger") == []
    assert await reads.member_role(pool, logs[0].key, "assistant") is Role.CO_HOST
    assert await reads.member_role(pool, logs[0].key, "owner0") is Role.HOST
    assert await reads.member_role(pool, logs[0].key, "stranger") is None


@pytest.mark.parametrize("cursor", ["", "x", "1.", "99999999999999999999.room", "-1.room"])
async def test_a_foreign_cursor_is_refused(pool: Pool, cursor: str) -> None:
    with pytest.raises(reads.BadCursorError):
        await reads.list_rooms(pool, SCHOOL, cursor, 2)


async def test_a_recording_shows_steps_and_whose_track_it_is(bus: Bus, tables: str, pool: Pool) -> None:
    recording, track = RecordingId("r1"), TrackId("t1")
    log = room_in_class()
    log.commit(T, joined("anna"))
    log.commit(
        T,
        TrackPublished(track, ANNA, MediaKind.VIDEO, Source.CAMERA, "video/VP8", 90_000, 1, 1, 1, False),
    )
    log.commit(T + 1, RecordingStarted(recording, SESSION, None))
    log.commit(T + 9_001, RecordingStopped(recording, "stopped"))
    log.commit(T + 9_002, RecordingStepReported(recording, "capture", "started", 0, ""))
    log.commit(T + 9_003, RecordingStepReported(recording, "capture", "failed", 40, "no store"))
    await project(bus, tables, [log])
    (row,) = await reads.recordings(pool, log.key)
    assert (row.status, row.title, row.steps[0].detail) == ("failed", "Monday", "no store")

    seen = len(log.commits)
    log.commit(T + 9_004, RecordingStepReported(recording, "capture", "started", 0, ""))
    for n, kind in enumerate((ArtifactKind.TRACK, ArtifactKind.COMPOSED)):
        of = track if kind is ArtifactKind.TRACK else None
        made = Artifact(ArtifactId(f"a{n}"), kind, f"k{n}", "video/webm", 5, "0" * 64, 9_000, 20, of)
        log.commit(T + 9_005, ArtifactAdded(recording, made))
    log.commit(T + 9_006, RecordingCompleted(recording, 9_000))
    rest = RoomLog(log.key)
    rest.commits = log.commits
    await _project_rest(bus, tables, log, seen)
    found = await reads.recording(pool, log.key, recording)
    assert found is not None
    assert (found.status, found.duration_ms) == ("ready", 9_000)
    of_anna = found.artifact(ArtifactKind.TRACK)
    assert of_anna is not None
    assert (of_anna.display_name, of_anna.source, of_anna.track_kind) == (
        "Anna",
        Source.CAMERA,
        MediaKind.VIDEO,
    )
    assert await reads.recording(pool, log.key, RecordingId("other")) is None


async def _project_rest(bus: Bus, tables: str, log: RoomLog, seen: int) -> None:
    last = await bus.log.last_stream_seq()
    for commit in log.commits[seen:]:
        last = await bus.log.append(log.key, commit, topic="test", expected_stream_seq=last)
    await project(bus, tables, [])


async def test_nothing_of_another_tenant_is_read(bus: Bus, tables: str, pool: Pool) -> None:
    await project(bus, tables, [a_class("room1", 3, 60, seed=1)])
    other = RoomKey(TenantId("other"), RoomId("room1"))
    assert (await reads.list_rooms(pool, other.tenant, None, 10)).rooms == ()
    assert await reads.get_room(pool, other) is None
    assert await reads.list_sessions(pool, other) == ()
    assert await reads.attendance(pool, other, SessionId("s-room1")) == ()
    assert await chat.messages(pool, other, None, 10, reader=ANNA, is_staff=True) == ()
    assert await floor.reactions(pool, other, SessionId("s-room1")) == ()
    assert await reads.recordings(pool, other) == ()
    assert await reads.recording(pool, other, RecordingId("r-room1")) is None
    assert await reads.member_role(pool, other, "teacher") is None
