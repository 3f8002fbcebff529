"""Polls of a room after they were live: the list, results by role, and a table for staff."""

import csv
import io

from litestar import Response, get
from litestar.params import FromPath
from msgspec import Struct

from edge.auth import Caller, HttpRequest, parts_of
from edge.http.access import Seen, see
from edge.parts import Parts
from edge.problems import not_found
from projectors.reads import polls as reads
from schemas.envelope import STAFF
from schemas.ids import ParticipantId, PollId, SessionId, participant_id
from schemas.polls import Answer, PollItem, points_possible, without_solution


class PollHead(Struct, frozen=True):
    """A poll in a list. What is right is named for staff, and for all once it is published."""

    id: PollId
    title: str
    items: tuple[PollItem, ...]
    anonymous: bool
    status: str
    published: bool
    answered: int
    session: SessionId | None
    opened_at: int | None
    closed_at: int | None


class PollList(Struct, frozen=True):
    """The latest polls first; drafts for staff only."""

    polls: tuple[PollHead, ...]


class Sheet(Struct, frozen=True):
    """What one person answered in a poll that is not anonymous, and the points for it."""

    participant: ParticipantId
    display_name: str
    answers: tuple[Answer, ...]
    score: int | None


class PollDetail(Struct, frozen=True):
    """A poll. ``results``: for staff, and for all once published. ``sheets``: of a poll that is not
    anonymous, for staff. ``mine``: what the asker answered there; its score is told when published."""

    poll: PollHead
    results: reads.Results | None
    sheets: tuple[Sheet, ...]
    mine: Sheet | None


@get("/rooms/{room:str}/polls")
async def list_polls(request: HttpRequest, access: Caller, room: FromPath[str]) -> PollList:
    """The polls of a room, those of former lessons included."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    is_staff = seen.role in STAFF
    rows = await reads.list_polls(parts.pool, seen.key, with_drafts=is_staff)
    return PollList(tuple(_head(row, is_staff=is_staff) for row in rows))


@get("/rooms/{room:str}/polls/{poll:str}")
async def get_poll(
    request: HttpRequest, access: Caller, room: FromPath[str], poll: FromPath[str]
) -> PollDetail:
    """One poll with what the asker may know of its results."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    is_staff = seen.role in STAFF
    row, given = await _read(parts, seen, poll)
    knows = is_staff or row.published
    sheets = [_sheet(row, answer, scored=knows) for answer in given if answer.participant is not None]
    me = participant_id(seen.key, access.person.id)
    return PollDetail(
        _head(row, is_staff=is_staff),
        reads.results(row.items, given) if knows else None,
        tuple(sheets) if is_staff else (),
        next((sheet for sheet in sheets if sheet.participant == me), None),
    )


@get("/rooms/{room:str}/polls/{poll:str}/answers.csv")
async def export(
    request: HttpRequest, access: Caller, room: FromPath[str], poll: FromPath[str]
) -> Response[bytes]:
    """All answers as a table, for staff: one line for each person, named unless the poll is anonymous."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    row, given = await _read(parts, seen, poll)
    headers = {"Content-Disposition": f'attachment; filename="poll-{row.id}.csv"'}
    return Response(_table(row, given), media_type="text/csv; charset=utf-8", headers=headers)


async def _read(parts: Parts, seen: Seen, poll: str) -> tuple[reads.PollRow, tuple[reads.AnswerRow, ...]]:
    row = await reads.get_poll(parts.pool, seen.key, poll, with_drafts=seen.role in STAFF)
    if row is None:
        raise not_found()
    return row, await reads.answers(parts.pool, seen.key, row.id)


def _head(row: reads.PollRow, *, is_staff: bool) -> PollHead:
    items = row.items if is_staff or row.published else without_solution(row.items)
    return PollHead(
        row.id,
        row.title,
        items,
        row.anonymous,
        row.status,
        row.published,
        row.answered,
        row.session,
        row.opened_at,
        row.closed_at,
    )


def _sheet(row: reads.PollRow, given: reads.AnswerRow, *, scored: bool) -> Sheet:
    assert given.participant is not None
    points = reads.score_of(row.items, given.answers) if scored else None
    return Sheet(given.participant, given.display_name or "", given.answers, points)


def _table(row: reads.PollRow, given: tuple[reads.AnswerRow, ...]) -> bytes:
    """One line per person. Lines without a name are sorted by what they say."""
    lines = [[*_name(row, answer), *_words(row, answer), *_points(row, answer)] for answer in given]
    head = [*([] if row.anonymous else ["name"]), *(item.question for item in row.items)]
    if points_possible(row.items):
        head.append("points")
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([_harmless(cell) for cell in head])
    for line in sorted(lines) if row.anonymous else lines:
        writer.writerow([_harmless(cell) for cell in line])
    # The mark at the beginning tells spreadsheets that this is UTF-8.
    return file.getvalue().encode("utf-8-sig")


def _name(row: reads.PollRow, given: reads.AnswerRow) -> list[str]:
    return [] if row.anonymous else [given.display_name or given.participant or ""]


def _words(row: reads.PollRow, given: reads.AnswerRow) -> list[str]:
    return [_said(item, answer) for item, answer in zip(row.items, given.answers, strict=True)]


def _said(item: PollItem, answer: Answer) -> str:
    match item.kind:
        case "text":
            return answer.text
        case "scale":
            return "; ".join(str(step + 1) for step in answer.choices)
        case _:
            return "; ".join(item.options[choice] for choice in answer.choices)


def _points(row: reads.PollRow, given: reads.AnswerRow) -> list[str]:
    points = reads.score_of(row.items, given.answers)
    return [] if points is None else [str(points)]


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


ROUTES = [list_polls, get_poll, export]
