"""Questions of a class, during it and after: the list, and a table for staff.

Classmates find what they saw and what they asked themselves, without the authors of anonymous ones.
"""

from litestar import Response, get
from litestar.params import FromPath
from msgspec import Struct

from edge.auth import Caller, HttpRequest, parts_of
from edge.http.access import see
from edge.sheets import moment, sheet
from projectors.reads import questions as reads
from schemas.envelope import STAFF
from schemas.ids import ParticipantId, QuestionId, SessionId, participant_id
from schemas.view.questions import MomentView

_HEAD = (
    "asked at",
    "name",
    "anonymous",
    "question",
    "status",
    "votes",
    "answer",
    "answered at",
    "reason",
    "question id",
    "merged into",
)


class QuestionItem(Struct, frozen=True):
    """A question. Others than staff and author get no author of an anonymous one, and no ``reason`` why
    it was dismissed. ``moment`` is when its answer began: the place in the recording."""

    id: QuestionId
    asked_at: int
    text: str
    anonymous: bool
    participant: ParticipantId | None
    display_name: str
    status: str
    votes: int
    mine: bool
    voted: bool
    answer: str
    moment: MomentView | None
    answered_at: int | None
    reason: str
    merged_into: QuestionId | None


class Questions(Struct, frozen=True):
    """The questions of a class, in order of asking."""

    questions: tuple[QuestionItem, ...]


@get("/rooms/{room:str}/sessions/{session:str}/questions")
async def list_questions(
    request: HttpRequest, access: Caller, room: FromPath[str], session: FromPath[str]
) -> Questions:
    """The questions of a class, the unanswered ones too."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    who = participant_id(seen.key, access.person.id)
    rows = await reads.of_session(parts.pool, seen.key, SessionId(session), who)
    is_staff = seen.role in STAFF
    return Questions(
        tuple(
            _item(row, who, is_staff=is_staff)
            for row in rows
            if is_staff or row.visible or row.participant == who
        )
    )


@get("/rooms/{room:str}/sessions/{session:str}/questions.csv")
async def export_questions(
    request: HttpRequest, access: Caller, room: FromPath[str], session: FromPath[str]
) -> Response[bytes]:
    """All questions of a class as a table, for staff: with the authors of anonymous ones."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    who = participant_id(seen.key, access.person.id)
    rows = await reads.of_session(parts.pool, seen.key, SessionId(session), who)
    return sheet(
        "questions",
        _HEAD,
        (
            (
                moment(row.asked_at),
                row.display_name,
                "yes" if row.anonymous else "no",
                row.text,
                row.status,
                row.votes,
                row.answer,
                moment(row.answered_at),
                row.reason,
                row.id,
                row.merged_into,
            )
            for row in rows
        ),
    )


def _item(row: reads.QuestionRow, who: ParticipantId, *, is_staff: bool) -> QuestionItem:
    is_mine = row.participant == who
    knows = is_staff or is_mine
    is_named = knows or not row.anonymous
    at = (
        MomentView(row.moment_at, row.moment_seq)
        if row.moment_at is not None and row.moment_seq is not None
        else None
    )
    return QuestionItem(
        id=row.id,
        asked_at=row.asked_at,
        text=row.text,
        anonymous=row.anonymous,
        participant=row.participant if is_named else None,
        display_name=row.display_name if is_named else "",
        status=row.status,
        votes=row.votes,
        mine=is_mine,
        voted=is_mine or row.voted,
        answer=row.answer,
        moment=at,
        answered_at=row.answered_at,
        reason=row.reason if knows else "",
        merged_into=row.merged_into,
    )


ROUTES = [list_questions, export_questions]
