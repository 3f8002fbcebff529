"""Attendance with what people did, engagement, quality and feature use: exact to the log."""

import datetime as dt

import asyncpg
import pytest

from bus.interface import Bus
from projectors import reads
from projectors.reads import engagement as engagements
from projectors.reads import features, quality
from projectors.reads.engagement import Acts
from projectors.rebuild import verify
from schemas.envelope import RecordedActor
from schemas.events.chat import MessageHeld, MessagePosted
from schemas.events.common import EventData
from schemas.events.floor import HandRaised, Reacted
from schemas.events.lifecycle import RoomCreated, SessionEnded, SessionStarted
from schemas.events.media import QualityReported
from schemas.events.polls import PollAnswered, PollOpened
from schemas.events.questions import QuestionAsked, QuestionOpened
from schemas.events.redaction import Redacted
from schemas.events.roster import ParticipantDisconnected, ParticipantLeft
from schemas.events.tracks import TrackClosed, TrackMuted, TrackPublished, TrackUnmuted
from schemas.ids import (
    MessageId,
    ParticipantId,
    PollId,
    QuestionId,
    RedactionId,
    RoomId,
    RoomKey,
    SessionId,
    TenantId,
    TrackId,
    UserId,
)
from schemas.limits import ENGAGEMENT_STEP_S
from schemas.media import KIND_OF_SOURCE, LineQuality, Role, Source
from schemas.polls import Answer
from schemas.reactions import Reaction
from tests.integration.projectors.classes import SCHOOL, RoomLog, connected, joined
from tests.integration.projectors.conftest import project

Pool = asyncpg.Pool
STEP = ENGAGEMENT_STEP_S * 1000
T = 1_763_719_200_000 // STEP * STEP  # A step begins here.
NOON = dt.datetime.fromtimestamp(T / 1000, dt.UTC).date()
S1, S2 = SessionId("s1"), SessionId("s2")
ANNA, BEN, TESS = ParticipantId("anna"), ParticipantId("ben"), ParticipantId("tess")
MIC, CAM, SCREEN = TrackId("mic"), TrackId("cam"), TrackId("screen")


def room_in_class(room: str = "room1") -> RoomLog:
    """A room whose class has just begun."""
    log = RoomLog(RoomKey(SCHOOL, RoomId(room)))
    log.commit(T, RoomCreated("Algebra", UserId("teacher"), Role.SPEAKER))
    log.commit(T, SessionStarted(S1, "Monday"))
    return log


def published(track: TrackId, who: ParticipantId, source: Source, *, muted: bool = False) -> TrackPublished:
    """A track of somebody."""
    return TrackPublished(track, who, KIND_OF_SOURCE[source], source, "x/y", 90_000, 1, 1, 1, muted)


def said(log: RoomLog, at: int, data: EventData, by: ParticipantId) -> None:
    """A commit whose author counts."""
    made = log.commit(at, data)
    log.commits[-1] = type(made)(
        made.seq, made.at, made.cause, RecordedActor("user", f"u-{by}", by), made.events
    )


async def test_open_microphones_cameras_and_screens_are_counted_to_the_millisecond(
    bus: Bus, tables: str, pool: Pool
) -> None:
    log = room_in_class()
    log.commit(T + 1_000, joined("anna"))
    log.commit(T + 2_000, published(MIC, ANNA, Source.MICROPHONE, muted=True))
    log.commit(T + 3_000, TrackUnmuted(MIC))
    log.commit(T + 3_500, TrackUnmuted(MIC))  # Said twice: open is open.
    log.commit(T + 5_000, TrackMuted(MIC, None))
    log.commit(T + 6_000, TrackMuted(MIC, None))
    log.commit(T + 7_000, TrackUnmuted(MIC))
    log.commit(T + 7_000, published(CAM, ANNA, Source.CAMERA))
    log.commit(T + 7_500, published(SCREEN, ANNA, Source.SCREEN))
    log.commit(T + 7_500, published(TrackId("sound"), ANNA, Source.SCREEN_AUDIO))
    log.commit(T + 7_750, TrackClosed(SCREEN, "closed"))
    log.commit(T + 8_000, ParticipantDisconnected(ANNA, T + 38_000, T + 8_000))
    gone = [TrackClosed(MIC, "left"), TrackClosed(CAM, "left")]
    log.commit(T + 38_000, *gone, ParticipantLeft(ANNA, "timeout", T + 8_000))
    await project(bus, tables, [log])
    (row,) = await reads.attendance(pool, log.key, S1)
    assert row.microphone_ms == 2_000 + 1_000, "nobody talks after having left"
    assert (row.camera_ms, row.screen_ms) == (1_000, 250)
    assert await pool.fetchval("select count(*) from read.roster_media") == 0


async def test_acts_are_counted_in_the_participation_in_which_they_fall(
    bus: Bus, tables: str, pool: Pool
) -> None:
    log = room_in_class()
    log.commit(T, joined("anna"))
    for n in range(3):
        log.commit(T + n, MessagePosted(MessageId(f"m{n}"), ANNA, "Anna", "Hello"))
    log.commit(T + 5, MessageHeld(MessageId("held"), ANNA, "Anna", "Wait"))
    said(log, T + 6, MessagePosted(MessageId("held"), ANNA, "Anna", "Wait"), TESS)
    log.commit(T + 7, HandRaised(ANNA))
    log.commit(T + 8, QuestionAsked(QuestionId("q1"), S1, "Why?", False, ANNA, "Anna"))
    log.commit(T + 9, QuestionOpened(QuestionId("q1"), S1, "Why?", False, ANNA, "Anna", T + 8))
    log.commit(T + 9, QuestionOpened(QuestionId("q2"), S1, "How?", False, ANNA, "Anna"))
    first = (Answer((0,)),)
    log.commit(T + 10, PollAnswered(PollId("p1"), ANNA, first))
    log.commit(T + 11, PollAnswered(PollId("p1"), ANNA, (Answer((1,)),), before=((0,),)))
    log.commit(T + 12, PollAnswered(PollId("p2"), "alias", first, anonymous=True))
    log.commit(T + 13, Reacted(ANNA, Reaction.THUMBS_UP))
    log.commit(T + 20, ParticipantLeft(ANNA, "left", T + 20))
    log.commit(T + 30, joined("anna"))
    log.commit(T + 31, HandRaised(ANNA))
    await project(bus, tables, [log])
    first_time, second_time = await reads.attendance(pool, log.key, S1, ANNA)
    counts = (first_time.messages, first_time.hands, first_time.questions)
    assert (*counts, first_time.answers, first_time.reactions) == (4, 1, 2, 1, 1)
    assert (second_time.left_at, second_time.hands, second_time.messages) == (None, 1, 0)
    assert await reads.attendance(pool, log.key, S1, BEN) == ()


async def test_who_came_back_was_gone_since_last_seen(bus: Bus, tables: str, pool: Pool) -> None:
    log = room_in_class()
    log.commit(T, joined("anna"))
    log.commit(T + 9_000, ParticipantDisconnected(ANNA, T + 39_000, T + 4_000, edge_lost=True))
    log.commit(T + 10_000, connected("anna"))
    log.commit(T + 12_000, ParticipantDisconnected(ANNA, T + 42_000, T + 1_000, edge_lost=True))
    log.commit(T + 13_000, connected("anna"))
    log.commit(T + 20_000, SessionEnded(S1, "ended"))
    await project(bus, tables, [log])
    (row,) = await reads.attendance(pool, log.key, S1)
    assert [(i.since - T, (i.until or 0) - T) for i in row.intervals] == [
        (0, 4_000),
        (10_000, 10_000),
        (13_000, 20_000),
    ]
    assert (row.connected_ms, row.reconnects, row.device) == (11_000, 2, "")


async def test_engagement_says_who_was_active_in_which_step(bus: Bus, tables: str, pool: Pool) -> None:
    log = room_in_class()
    log.commit(T, joined("tess", role=Role.HOST), joined("anna"), joined("ben"))
    log.commit(T + 10, MessagePosted(MessageId("m1"), ANNA, "Anna", "Hello"))
    log.commit(T + 20, MessagePosted(MessageId("m2"), ANNA, "Anna", "Hello"))
    log.commit(T + 30, PollOpened(PollId("p1"), S1, "Quiz", ()))
    log.commit(T + 40, PollAnswered(PollId("p1"), "alias", (Answer((0,)),), anonymous=True))
    log.commit(T + STEP + 10, HandRaised(BEN))
    log.commit(T + STEP + 20, ParticipantLeft(BEN, "left", T + STEP + 20))
    log.commit(T + 2 * STEP + 10, HandRaised(ANNA))
    log.commit(T + 2 * STEP + 20, SessionEnded(S1, "ended"))
    log.commit(T + 2 * STEP + 30, MessagePosted(MessageId("m3"), TESS, "Tess", "After class"))
    later = T + 10 * STEP
    log.commit(later, SessionStarted(S2, "Tuesday"))
    log.commit(later, joined("anna"))
    log.commit(later + 10, Reacted(ANNA, Reaction.THUMBS_UP))
    await project(bus, tables, [log])
    found = await engagements.engagement(pool, log.key, T, later, later, session=S1)
    (monday,) = found.sessions
    assert "active_steps / present_steps" in found.formula
    assert (monday.people, monday.peak) == (3, 3)
    assert monday.acts == Acts(hands=2, messages=2, answers=1)
    assert [(s.at - T, s.present, s.active) for s in monday.steps] == [
        (0, 3, 1),
        (STEP, 3, 1),
        (2 * STEP, 2, 1),
    ]
    shares = {p.participant: (p.present_steps, p.active_steps, p.active_share) for p in found.people}
    assert shares == {TESS: (3, 0, 0.0), ANNA: (3, 2, 0.667), BEN: (2, 1, 0.5)}
    assert monday.active_share == 0.6, "three of five steps; the host is left out"

    both = await engagements.engagement(pool, log.key, T, later + 1, later + 60_000)
    assert [s.id for s in both.sessions] == [S2, S1]
    (anna,) = (p for p in both.people if p.participant == ANNA)
    assert (anna.sessions, anna.acts.reactions, anna.present_steps) == (2, 1, 4)
    assert anna.present_ms == 2 * STEP + 20 + 60_000
    assert (await engagements.engagement(pool, log.key, 0, T, later)).sessions == ()


async def test_quality_is_told_as_it_was_measured(bus: Bus, tables: str, pool: Pool) -> None:
    log = room_in_class()
    log.commit(T, joined("anna"))
    line = LineQuality(10, 1_500_000, 0.01, 0.2, 3.5, 40.0)
    log.commit(T + 5, QualityReported(ANNA, S1, 1, 12, 20.5, 90.0, line, None))
    log.commit(T + 6, QualityReported(BEN, S1, 1, 3))
    await project(bus, tables, [log])
    annas, bens = await quality.quality(pool, log.key, S1)
    assert (annas.display_name, annas.rtt_ms, annas.up, annas.down) == ("Anna", 20.5, line, None)
    assert (bens.display_name, bens.samples, bens.rtt_ms) == ("", 3, None)
    assert await quality.quality(pool, log.key, S1, BEN) == (bens,)
    assert await quality.quality(pool, log.key, S2) == ()


async def test_usage_is_summed_over_the_rooms_of_one_tenant(bus: Bus, tables: str, pool: Pool) -> None:
    one, two = room_in_class("room1"), room_in_class("room2")
    foreign = RoomLog(RoomKey(TenantId("other"), RoomId("room1")))
    foreign.commit(T, RoomCreated("Theirs", UserId("x"), Role.SPEAKER))
    one.commit(T + 1, MessagePosted(MessageId("m1"), ANNA, "Anna", "Hello"))
    two.commit(T + 1, MessagePosted(MessageId("m1"), ANNA, "Anna", "Hello"))
    two.commit(T + 2, MessagePosted(MessageId("m2"), ANNA, "Anna", "Hello"))
    two.commit(T + 86_400_000, published(SCREEN, ANNA, Source.SCREEN))
    await project(bus, tables, [one, two, foreign])
    day = dt.timedelta(days=1)
    today = {(r.feature, r.count, r.rooms) for r in await features.usage(pool, SCHOOL, NOON, NOON)}
    assert today == {("rooms", 2, 2), ("sessions", 2, 2), ("chat", 3, 2)}
    (shared,) = await features.usage(pool, SCHOOL, NOON + day, NOON + day)
    assert (shared.day, shared.feature, shared.count) == (NOON + day, "screen", 1)
    theirs = await features.usage(pool, TenantId("other"), NOON - day, NOON + day)
    assert [(r.feature, r.count) for r in theirs] == [("rooms", 1)]


async def test_a_removed_person_is_nobody_in_attendance_and_engagement(
    bus: Bus, tables: str, pool: Pool
) -> None:
    log = room_in_class()
    log.commit(T, joined("anna"))
    log.commit(T + 1, HandRaised(ANNA))
    log.commit(T + 2, SessionEnded(S1, "ended"))
    log.commit(T + 3, Redacted(RedactionId("r1"), "person", ANNA, (), 0, 0, None))
    await project(bus, tables, [log])
    (row,) = await reads.attendance(pool, log.key, S1)
    assert (row.person, row.display_name, row.hands) == ("", "Removed person", 1)
    (person,) = (await engagements.engagement(pool, log.key, 0, T + 1, T)).people
    assert (person.display_name, person.acts.hands) == ("Removed person", 1)
    assert (await verify(bus.log, tables)).is_same


@pytest.mark.parametrize("gap_ms", [0, STEP - 1, STEP])
async def test_a_step_is_of_the_clock(bus: Bus, tables: str, pool: Pool, gap_ms: int) -> None:
    log = room_in_class()
    log.commit(T, joined("anna"))
    log.commit(T + gap_ms, HandRaised(ANNA))
    log.commit(T + gap_ms, SessionEnded(S1, "ended"))
    await project(bus, tables, [log])
    (session,) = (await engagements.engagement(pool, log.key, 0, T + 1, T)).sessions
    assert [s.at for s in session.steps if s.acts.hands] == [T + gap_ms // STEP * STEP]
