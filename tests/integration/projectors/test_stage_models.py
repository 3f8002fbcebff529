"""What the tables say of boards, notes and the stage is what the log says."""

import asyncpg
import msgspec

from bus.interface import Bus
from projectors.reads import boards, notes, studio
from schemas.events import EventData
from schemas.events.boards import BoardDeleted, BoardPageRemoved, BoardShown
from schemas.events.lifecycle import RoomCreated, SessionEnded, SessionStarted
from schemas.events.notes import NotesCleared, NotesWritten, WrittenParagraph
from schemas.events.studio import (
    CallHidden,
    CallShown,
    DeckAdded,
    DeckHidden,
    DeckRemoved,
    PageTurned,
    SceneActivated,
    SceneDeleted,
    SceneSaved,
)
from schemas.ids import (
    BoardId,
    DeckId,
    FileId,
    PageId,
    ParagraphId,
    ParticipantId,
    RoomId,
    RoomKey,
    SceneId,
    SessionId,
    TenantId,
    UserId,
)
from schemas.media import Role
from schemas.stage import Layout
from tests.golden.ink_vectors import after, story
from tests.integration.projectors.classes import EPOCH_MS, SCHOOL, RoomLog
from tests.integration.projectors.conftest import project

Pool = asyncpg.Pool
T = EPOCH_MS
KEY = RoomKey(SCHOOL, RoomId("room1"))
OTHER = RoomKey(TenantId("other"), RoomId("room1"))


async def test_pages_are_what_the_events_make_of_them(bus: Bus, tables: str, pool: Pool) -> None:
    commits, states = story()
    log = RoomLog(KEY)
    log.commits = [
        msgspec.structs.replace(commit, seq=commit.seq - commits[0].seq + 1, stream_seq=0)
        for commit in commits
    ]
    await project(bus, tables, [log])
    truth = after(log.commits)
    pages = [(b.id, p.id) for b in states[-1].boards.boards.values() for p in b.pages.values()]
    assert any(truth.answer(place)["elements"] for place in pages)
    for place in pages:
        row = await boards.page(pool, KEY, *place)
        assert row is not None
        answer = msgspec.json.decode(msgspec.json.encode(row))
        assert answer["elements"] == truth.answer(place)["elements"]
        known = states[-1].boards.boards[place[0]].pages[place[1]]
        assert (row.seq, row.generation) == (known.seq - commits[0].seq + 1, known.generation)
        assert await boards.page(pool, OTHER, *place) is None
    kept = await pool.fetch("select distinct board, page from read.board_pages")
    assert {(row["board"], row["page"]) for row in kept} == set(pages)


async def test_texts_that_were_cleared_can_still_be_read(bus: Bus, tables: str, pool: Pool) -> None:
    def paragraph(name: str, order: str, text: str) -> WrittenParagraph:
        return WrittenParagraph(ParagraphId(name), 1, 1, order, text)

    log, sam = RoomLog(KEY), ParticipantId("sam")
    log.commit(T, NotesWritten(0, sam, (paragraph("n1", "b", "Two"), paragraph("n2", "B", "One"))))
    log.commit(T + 1, NotesWritten(0, sam, (paragraph("n3", "c", "Gone"), paragraph("n1", "b", "Second"))))
    log.commit(T + 2, NotesWritten(0, sam, (paragraph("n3", "c", ""),)))
    log.commit(T + 3, NotesCleared(1))
    log.commit(T + 4, NotesWritten(1, sam, (paragraph("n1", "a", "New"),)))
    await project(bus, tables, [log])
    assert await notes.text(pool, KEY, 0) == ("One", "Second")
    assert await notes.text(pool, KEY, 1) == ("New",)
    assert await notes.texts(pool, KEY, 9) == (
        notes.TextRow(1, 1, T + 4, T + 4),
        notes.TextRow(0, 2, T, T + 1),
    )
    assert await notes.texts(pool, OTHER, 9) == ()
    assert await notes.text(pool, OTHER, 0) == ()


async def test_the_course_of_the_stage_begins_with_what_was_there(bus: Bus, tables: str, pool: Pool) -> None:
    log = RoomLog(KEY)
    deck, scene, board = DeckId("d1"), SceneId("sc1"), BoardId("b1")
    one, two = SessionId("s1"), SessionId("s2")

    def at(seconds: int, *data: EventData) -> None:
        log.commit(T + seconds * 1_000, *data)

    at(0, RoomCreated("Algebra", UserId("teacher"), Role.SPEAKER))
    at(1, DeckAdded(deck, "Waves", 9, FileId("f1")), SceneSaved(scene, "Lecture", Layout.GRID, ()))
    at(2, SessionStarted(one, "Monday"))
    at(3, PageTurned(deck, 1))
    at(4, PageTurned(deck, 2), SceneActivated(scene))
    at(5, CallShown("Enrol", "https://school.test"), BoardShown(board, PageId("g2")))
    at(6, BoardPageRemoved(board, PageId("g1")), BoardPageRemoved(board, PageId("g2")))
    at(7, SessionEnded(one, "ended"))
    at(8, SceneDeleted(SceneId("other")), SceneDeleted(scene))
    at(9, SessionStarted(two, "Tuesday"))
    at(10, PageTurned(deck, 3), DeckHidden(deck), DeckRemoved(deck))
    at(11, CallShown("Enrol", "https://school.test"), CallHidden(), BoardDeleted(board))
    at(12, SessionEnded(two, "ended"))
    await project(bus, tables, [log])

    async def course(session: SessionId) -> list[tuple[object, ...]]:
        rows = await studio.stage(pool, KEY, session, None, 100)
        return [((row.at - T) // 1_000, row.what, row.thing, row.page, row.title) for row in rows]

    assert await course(one) == [
        (3, "slides", "d1", "1", "Waves"),
        (4, "slides", "d1", "2", "Waves"),
        (4, "scene", "sc1", None, "Lecture"),
        (5, "call", "https://school.test", None, "Enrol"),
        (5, "board", "b1", "g2", ""),
        (6, "board", "b1", None, ""),
        (7, "call", None, None, ""),
    ]
    assert await course(two) == [
        (4, "slides", "d1", "2", "Waves"),
        (6, "board", "b1", None, ""),
        (10, "slides", "d1", "3", "Waves"),
        (10, "slides", None, None, ""),
        (11, "call", "https://school.test", None, "Enrol"),
        (11, "call", None, None, ""),
        (11, "board", None, None, ""),
    ]
    first, *rest = await studio.stage(pool, KEY, one, None, 100)
    assert await studio.stage(pool, KEY, one, first.seq, 100) == tuple(rest)
    assert await studio.stage(pool, OTHER, one, None, 100) == ()
