"""Whatever happened, in whatever portions it came, however often: the tables are what the log says."""

import random
from collections import Counter
from collections.abc import Sequence

import asyncpg
import pytest

from bus.interface import Bus, Stored
from projectors import reads
from projectors.database import connect
from projectors.rebuild import verify
from projectors.runner import apply
from schemas.envelope import Commit
from schemas.events import EVENTS, EventData
from schemas.events.chat import MessageHeld, MessagePosted
from schemas.events.floor import HandRaised, Reacted
from schemas.events.lifecycle import SessionEnded, SessionStarted
from schemas.events.polls import PollAnswered
from schemas.events.questions import QuestionAsked, QuestionOpened
from schemas.events.roster import (
    ParticipantConnected,
    ParticipantDisconnected,
    ParticipantJoined,
    ParticipantLeft,
)
from schemas.events.tracks import TrackClosed, TrackMuted, TrackPublished, TrackUnmuted
from schemas.ids import ParticipantId, SessionId, TrackId
from schemas.media import Source
from tests.integration.projectors.classes import RoomLog, append
from tests.integration.projectors.stories import histories

Pool = asyncpg.Pool

SEEDS = (1, 2, 3, 4)
STEPS = 350


async def everything(bus: Bus) -> list[Stored]:
    """The whole log."""
    last = await bus.log.last_stream_seq()
    found: list[Stored] = []
    async with bus.log.follow_all(after_stream_seq=0, batch=500) as batches:
        async for batch in batches:
            found.extend(batch)
            if found[-1].stream_seq >= last:
                break
    return found


async def apply_in_portions(dsn: str, log: Sequence[Stored], chance: random.Random) -> None:
    """Applies all of it in random batches, of which some begin with what was applied already."""
    done = 0
    async with connect(dsn) as connection:
        while done < len(log):
            begin = max(0, done - chance.choice((0, 0, 1, 30)))
            end = min(len(log), done + chance.choice((1, 2, 17, 200, 900)))
            after = log[begin - 1].stream_seq if begin else 0
            reached = await apply(connection, log[begin:end], after=after)
            assert reached == log[end - 1].stream_seq
            done = end


@pytest.mark.parametrize("seed", SEEDS)
async def test_random_histories_of_all_topics_leave_what_a_rebuild_leaves(
    bus: Bus, tables: str, pool: Pool, seed: int
) -> None:
    rooms = histories(seed, STEPS)
    await append(bus, rooms, seed)
    log = await everything(bus)
    await apply_in_portions(tables, log, random.Random(seed))
    report = await verify(bus.log, tables)
    assert report.is_same, report
    participations = sum([await assert_attendance_is_true(pool, room) for room in rooms])
    assert participations > 100, "the histories are worth reading"


def test_the_histories_have_nearly_every_event() -> None:
    """A walk that changes may miss a rare one; the golden events of ``test_models`` miss none."""
    rooms = [room for seed in SEEDS for room in histories(seed, STEPS)]
    missing = set(EVENTS) - {e.type for room in rooms for c in room.commits for e in c.events}
    assert len(missing) <= 4, missing


# --- attendance, read from the log a second time and as plainly as can be ---------------------------
class Truth:
    """One participation."""

    def __init__(self, joined: ParticipantJoined, at: int) -> None:
        self.who = joined.participant
        self.joined_at = self.left_at = at
        self.connected: list[list[int | None]] = [[at, None]]
        self.shared: list[tuple[Source, int, int]] = []
        self.counts: Counter[str] = Counter()

    def connect(self, at: int) -> None:
        if self.connected[-1][1] is not None:
            self.connected.append([at, None])

    def disconnect(self, at: int) -> None:
        if self.connected[-1][1] is None:
            self.connected[-1][1] = max(at, self.connected[-1][0] or 0)

    def row(self) -> tuple[object, ...]:
        """As the read model should have it."""
        line = [(since or 0, self.left_at if until is None else until) for since, until in self.connected]
        shared = {source: [(s, u) for of, s, u in self.shared if of is source] for source in Source}
        counts = (self.counts[k] for k in ("hands", "messages", "questions", "answers", "reactions"))
        return (
            self.who,
            self.joined_at,
            self.left_at,
            self._ms(line),
            len(line) - 1,
            *(self._ms(shared[source]) for source in (Source.MICROPHONE, Source.CAMERA, Source.SCREEN)),
            *counts,
        )

    def _ms(self, intervals: Sequence[tuple[int, int]]) -> int:
        """The part of the intervals that lies within the participation."""
        return sum(max(0, min(u, self.left_at) - max(s, self.joined_at)) for s, u in intervals)


class Witness:
    """Reads a room's log and writes down who was there."""

    def __init__(self) -> None:
        self.over: dict[SessionId, list[Truth]] = {}
        self._session: SessionId | None = None
        self._here: dict[ParticipantId, Truth] = {}
        self._tracks: dict[TrackId, tuple[ParticipantId, Source]] = {}
        self._open: dict[TrackId, int] = {}

    def hear(self, commit: Commit, data: EventData) -> None:
        at = commit.at
        match data:
            case SessionStarted(session):
                self._session = session
            case SessionEnded():
                for who in tuple(self._here):
                    self._leave(who, at)
                self._session = None
            case ParticipantJoined():
                self._here[data.participant] = Truth(data, at)
            case ParticipantConnected(who) if who in self._here:
                self._here[who].connect(at)
            case ParticipantDisconnected(who) if who in self._here:
                self._here[who].disconnect(data.since or at)
            case ParticipantLeft(who, _, left_at):
                self._leave(who, left_at)
            case TrackPublished(track, who):
                self._tracks[track] = who, data.source
                if not data.muted:
                    self._open[track] = at
            case TrackUnmuted(track):
                self._open.setdefault(track, at)
            case TrackMuted(track) | TrackClosed(track):
                self._shut(track, at)
            case _:
                self._act(commit, data)

    def _shut(self, track: TrackId, at: int) -> None:
        since, (who, source) = self._open.pop(track, at), self._tracks[track]
        if who in self._here:
            self._here[who].shared.append((source, since, at))

    def _leave(self, who: ParticipantId, at: int) -> None:
        for track in [t for t, (owner, _) in self._tracks.items() if owner == who and t in self._open]:
            self._shut(track, at)
        truth = self._here.pop(who)
        truth.left_at = max(at, truth.joined_at)
        assert self._session is not None
        self.over.setdefault(self._session, []).append(truth)

    def _act(self, commit: Commit, data: EventData) -> None:
        match data:
            case HandRaised(who):
                self._count(who, "hands")
            case MessageHeld(participant=who):
                self._count(who, "messages")
            case MessagePosted(participant=who) if commit.actor.participant == who:
                self._count(who, "messages")
            case QuestionAsked(participant=who, asked_at=0):
                self._count(who, "questions")
            case QuestionOpened(participant=who, asked_at=0) if who is not None:
                self._count(who, "questions")
            case PollAnswered(voter=voter, before=None, anonymous=False):
                self._count(ParticipantId(voter), "answers")
            case Reacted(who):
                self._count(who, "reactions")

    def _count(self, who: ParticipantId, what: str) -> None:
        if who in self._here:
            self._here[who].counts[what] += 1


async def assert_attendance_is_true(pool: Pool, log: RoomLog) -> int:
    """Every row of every class of a room that is over; returns how many there were."""
    witness = Witness()
    for commit in log.commits:
        for event in commit.events:
            witness.hear(commit, event.data)
    for session, truths in witness.over.items():
        rows = [r for r in await reads.attendance(pool, log.key, session) if r.left_at is not None]
        told = sorted(
            (
                r.participant,
                r.joined_at,
                r.left_at,
                r.connected_ms,
                r.reconnects,
                r.microphone_ms,
                r.camera_ms,
                r.screen_ms,
                r.hands,
                r.messages,
                r.questions,
                r.answers,
                r.reactions,
            )
            for r in rows
        )
        assert told == sorted(truth.row() for truth in truths), (log.key, session)
    return sum(len(truths) for truths in witness.over.values())
