"""The read models of polls and pulse: what stays of a poll, and the curve of a class."""

import asyncpg

from bus.interface import Bus
from projectors.reads import polls as reads
from projectors.reads import pulse
from schemas.events.lifecycle import RoomCreated, SessionEnded, SessionStarted
from schemas.events.polls import (
    PollAnswered,
    PollClosed,
    PollCounted,
    PollCreated,
    PollDeleted,
    PollEdited,
    PollOpened,
    PollPublished,
    PollReopened,
    PollShelved,
)
from schemas.events.pulse import PulseSent
from schemas.events.redaction import Redacted
from schemas.ids import (
    ParticipantId,
    PollId,
    RedactionId,
    RoomId,
    RoomKey,
    SessionId,
    TenantId,
    UserId,
)
from schemas.media import Role
from schemas.polls import Answer, PollItem, without_solution
from schemas.pulse import PulseCounts, PulseValue
from tests.integration.projectors.classes import EPOCH_MS, SCHOOL, RoomLog, joined
from tests.integration.projectors.conftest import project

Pool = asyncpg.Pool
T = EPOCH_MS
SESSION = SessionId("s1")
POLL = PollId("q1")
SUM = PollItem("single", "2 + 2?", ("3", "4"), correct=(1,), points=2)
WHY = PollItem("text", "Why?", points=0)
ITEMS = (SUM, WHY)
SHOWN = without_solution(ITEMS)
RIGHT, WRONG = (Answer((1,)), Answer(text="So.")), (Answer((0,)), Answer())


def in_class() -> RoomLog:
    """A class with Anna in which a poll is open."""
    log = RoomLog(RoomKey(SCHOOL, RoomId("room1")))
    log.commit(T, RoomCreated("Algebra", UserId("teacher"), Role.SPEAKER))
    log.commit(T, SessionStarted(SESSION, "Monday"))
    log.commit(T + 1, joined("anna"))
    log.commit(T + 2, PollCreated(POLL, "Draft", (WHY,)))
    log.commit(T + 3, PollEdited(POLL, "Quiz", ITEMS))
    log.commit(T + 4, PollOpened(POLL, SESSION, "Quiz", SHOWN))
    return log


async def test_the_latest_answer_of_a_person_counts_and_scores(bus: Bus, tables: str, pool: Pool) -> None:
    log = in_class()
    log.commit(T + 5, PollAnswered(POLL, "anna", WRONG), PollCounted(POLL, 1))
    log.commit(T + 6, PollAnswered(POLL, "anna", RIGHT, before=((0,), ())))
    log.commit(T + 7, PollClosed(POLL))
    log.commit(T + 8, PollReopened(POLL))
    await project(bus, tables, [log])
    (row,) = await reads.list_polls(pool, log.key, with_drafts=False)
    assert (row.title, row.status, row.answered, row.closed_at) == ("Quiz", "open", 1, None)
    given = await reads.answers(pool, log.key, POLL)
    assert [(g.participant, g.display_name, g.answers) for g in given] == [("anna", "Anna", RIGHT)]
    assert reads.results(row.items, given) == reads.Results(((0, 1), (1,)), ((), ("So.",)), 2)
    assert reads.score_of(row.items, RIGHT) == 2
    assert reads.score_of((WHY,), (Answer(text="So."),)) is None


async def test_the_end_of_the_class_closes_and_shelving_keeps(bus: Bus, tables: str, pool: Pool) -> None:
    log = in_class()
    log.commit(T + 5, PollAnswered(POLL, "alias", RIGHT, anonymous=True), PollCounted(POLL, 1))
    log.commit(T + 6, SessionEnded(SESSION, "ended"))
    log.commit(T + 7, PollPublished(POLL, 1, ((0, 1), (1,)), ((1,), ())))
    log.commit(T + 8, PollShelved(POLL))
    log.commit(T + 9, PollCreated(PollId("q2"), "Next", ITEMS))
    await project(bus, tables, [log])
    row = await reads.get_poll(pool, log.key, POLL, with_drafts=False)
    assert row is not None
    assert (row.status, row.published, row.closed_at) == ("closed", True, T + 6)
    assert [g.participant for g in await reads.answers(pool, log.key, POLL)] == [None]
    assert await reads.get_poll(pool, log.key, "q2", with_drafts=False) is None
    assert [p.id for p in await reads.list_polls(pool, log.key, with_drafts=True)] == ["q2", POLL]


async def test_a_deleted_poll_takes_its_answers_along(bus: Bus, tables: str, pool: Pool) -> None:
    log = in_class()
    log.commit(T + 5, PollAnswered(POLL, "anna", RIGHT), PollCounted(POLL, 1))
    log.commit(T + 6, PollClosed(POLL))
    log.commit(T + 7, PollDeleted(POLL))
    await project(bus, tables, [log])
    assert await reads.list_polls(pool, log.key, with_drafts=True) == ()
    assert await reads.answers(pool, log.key, POLL) == ()


async def test_a_removed_person_counts_and_is_nobody(bus: Bus, tables: str, pool: Pool) -> None:
    log = in_class()
    log.commit(T + 5, PollAnswered(POLL, "anna", RIGHT), PollCounted(POLL, 1))
    anna = ParticipantId("anna")
    log.commit(T + 6, Redacted(RedactionId("x1"), "person", anna, (), 0, 0, None))
    await project(bus, tables, [log])
    (given,) = await reads.answers(pool, log.key, POLL)
    assert (given.participant, given.display_name) == (None, None)
    assert given.answers == (Answer((1,)), Answer())


async def test_signals_are_counted_in_steps_per_slide(bus: Bus, tables: str, pool: Pool) -> None:
    log = in_class()
    begin = T - T % 10_000 + 10_000
    signals: tuple[tuple[int, PulseValue, str], ...] = (
        (0, "lost", "d.1"),
        (9_999, "lost", "d.1"),
        (9_999, "fine", "d.2"),
        (10_000, "too_fast", "d.1"),
    )
    for after, value, slide in signals:
        log.commit(begin + after, PulseSent(SESSION, "alias", value, PulseCounts(0, 0, 0), slide))
    await project(bus, tables, [log])
    curve = await pulse.curve(pool, log.key, SESSION)
    assert curve == (
        pulse.PulseRow("d.1", begin, 2, 0, 0),
        pulse.PulseRow("d.2", begin, 0, 0, 1),
        pulse.PulseRow("d.1", begin + 10_000, 0, 1, 0),
    )


async def test_no_other_tenant_reads_them(bus: Bus, tables: str, pool: Pool) -> None:
    log = in_class()
    log.commit(T + 5, PollAnswered(POLL, "anna", RIGHT), PollCounted(POLL, 1))
    log.commit(T + 6, PulseSent(SESSION, "alias", "lost", PulseCounts(1, 0, 0)))
    await project(bus, tables, [log])
    other = RoomKey(TenantId("other"), RoomId("room1"))
    assert await reads.list_polls(pool, other, with_drafts=True) == ()
    assert await reads.get_poll(pool, other, POLL, with_drafts=True) is None
    assert await reads.answers(pool, other, POLL) == ()
    assert await pulse.curve(pool, other, SESSION) == ()
