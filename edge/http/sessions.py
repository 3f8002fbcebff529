"""Classes of a room: planning, starting, ending, the list; the time table of all rooms."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from litestar import Response, delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from edge.actors import actor_of
from edge.asking import Answer, ask, once
from edge.auth import Caller, HttpRequest, parts_of, require_csrf
from edge.http.access import key_of, see
from edge.problems import malformed
from edge.tokens import Access
from projectors import reads
from projectors.reads import lessons
from projectors.reads.lessons import LessonRow
from rooms.asker import asker, new_id
from rooms.room import initial
from rooms.schedule import lesson
from schemas.commands.common import Command, Milliseconds, Title
from schemas.commands.lifecycle import (
    CancelSeries,
    CancelSession,
    EndSession,
    ExtendSession,
    Minutes,
    MoveSession,
    RenameSession,
    ScheduleSeries,
    ScheduleSession,
    StartSession,
)
from schemas.envelope import Envelope
from schemas.ids import CommandId, EdgeId, RoomKey, SeriesId, SessionId, SessionToken
from schemas.limits import (
    EXACT_INTEGER_MAX,
    EXTENSION_MINUTES_MAX,
    SERIES_SESSIONS_MAX,
    TIMETABLE_LESSONS_MAX,
)

Moment = Annotated[int, QueryParameter(ge=0, le=EXACT_INTEGER_MAX)]


class Plan(Struct, frozen=True, forbid_unknown_fields=True):
    """A class to plan: start in Unix milliseconds, length in minutes."""

    title: Title
    starts_at: Milliseconds
    minutes: Minutes = 60


class Start(Struct, frozen=True, forbid_unknown_fields=True):
    """Which planned class starts; none: an unplanned one."""

    session: SessionToken | None = None


class SeriesPlan(Struct, frozen=True, forbid_unknown_fields=True):
    """Recurring lessons: the first one's start in Unix milliseconds, and how many there are.

    The others begin at the same time by the clocks of ``time_zone`` (an IANA name), in summer and winter.
    """

    title: Title
    starts_at: Milliseconds
    every: Literal["day", "week", "two_weeks"]
    count: Annotated[int, Meta(ge=1, le=SERIES_SESSIONS_MAX)]
    time_zone: Annotated[str, Meta(min_length=1, max_length=60)] = "UTC"
    minutes: Minutes = 60


class Move(Struct, frozen=True, forbid_unknown_fields=True):
    """When a planned class begins now."""

    starts_at: Milliseconds
    minutes: Minutes = 60


class NewTitle(Struct, frozen=True, forbid_unknown_fields=True):
    """What a class is called."""

    title: Title


class Extension(Struct, frozen=True, forbid_unknown_fields=True):
    """How much longer the running class may go on."""

    minutes: Annotated[int, Meta(ge=1, le=EXTENSION_MINUTES_MAX)]


class SeriesNamed(Struct, frozen=True):
    """A series with its classes in order of time, and the seq by which it is on the log."""

    series: SeriesId
    sessions: tuple[SessionId, ...]
    seq: int


class Changed(Struct, frozen=True):
    """The time table, or the class, is so by this seq."""

    seq: int


class Timetable(Struct, frozen=True):
    """Lessons of all rooms, in order of time."""

    lessons: tuple[LessonRow, ...]


class SessionNamed(Struct, frozen=True):
    """A class, and the seq by which it is on the log."""

    session: SessionId
    seq: int


class Ended(Struct, frozen=True):
    """The class is over by this seq."""

    seq: int


class Sessions(Struct, frozen=True):
    """Running and planned classes, then those over."""

    sessions: tuple[reads.SessionRow, ...]


@get("/rooms/{room:str}/sessions")
async def list_sessions(request: HttpRequest, access: Caller, room: FromPath[str]) -> Sessions:
    """The classes of a room."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    return Sessions(await reads.list_sessions(parts.pool, seen.key))


@post("/rooms/{room:str}/sessions", guards=[require_csrf])
async def schedule(
    request: HttpRequest, access: Caller, room: FromPath[str], data: JSONBody[Plan]
) -> Response[SessionNamed]:
    """Plans a class."""
    parts, key = parts_of(request), key_of(access, room)
    command = ScheduleSession(data.title, data.starts_at, data.minutes)

    async def act(command_id: CommandId) -> Answer:
        seq = await ask(parts, access, key, command, command_id)
        return Answer(201, SessionNamed(_made_by(access, key, parts.edge, command, command_id), seq))

    return await once(request, act)


@post("/rooms/{room:str}/series", guards=[require_csrf])
async def schedule_series(
    request: HttpRequest, access: Caller, room: FromPath[str], data: JSONBody[SeriesPlan]
) -> Response[SeriesNamed]:
    """Plans recurring lessons."""
    parts, key = parts_of(request), key_of(access, room)
    command = ScheduleSeries(data.title, recurring(data), data.minutes)

    async def act(command_id: CommandId) -> Answer:
        seq = await ask(parts, access, key, command, command_id)
        series = SeriesId(_id_made_by(access, key, parts.edge, command, command_id, prefix="ss"))
        sessions = tuple(lesson(series, number) for number in range(len(command.starts)))
        return Answer(201, SeriesNamed(series, sessions, seq))

    return await once(request, act)


_STEPS = {"day": timedelta(days=1), "week": timedelta(weeks=1), "two_weeks": timedelta(weeks=2)}


def recurring(plan: SeriesPlan) -> tuple[int, ...]:
    """When the lessons begin. A time that a clock skips in spring is taken as the winter clock has it.

    Raises Problem 422 for an unknown time zone or a time beyond the calendar.
    """
    try:
        first = datetime.fromtimestamp(plan.starts_at / 1000, ZoneInfo(plan.time_zone))
        step = _STEPS[plan.every]  # Added to the clock's time, not to the Unix time.
        return tuple(round((first + n * step).timestamp() * 1000) for n in range(plan.count))
    except (ZoneInfoNotFoundError, OSError, ValueError, OverflowError) as error:
        raise malformed(f"There is no such time: {error}") from error


@delete("/rooms/{room:str}/series/{series:str}", status_code=HTTP_200_OK, guards=[require_csrf])
async def cancel_series(
    request: HttpRequest, access: Caller, room: FromPath[str], series: FromPath[str]
) -> Response[Changed]:
    """Takes what is left of a series off the time table."""
    return await _change(request, access, room, _command(CancelSeries, series=series))


@put("/rooms/{room:str}/sessions/{session:str}/time", guards=[require_csrf])
async def move(
    request: HttpRequest, access: Caller, room: FromPath[str], session: FromPath[str], data: JSONBody[Move]
) -> Response[Changed]:
    """Gives a planned class another time."""
    command = _command(MoveSession, session=session, starts_at=data.starts_at, minutes=data.minutes)
    return await _change(request, access, room, command)


@put("/rooms/{room:str}/sessions/{session:str}/title", guards=[require_csrf])
async def rename(
    request: HttpRequest,
    access: Caller,
    room: FromPath[str],
    session: FromPath[str],
    data: JSONBody[NewTitle],
) -> Response[Changed]:
    """Gives a planned or running class another title."""
    return await _change(request, access, room, _command(RenameSession, session=session, title=data.title))


@delete("/rooms/{room:str}/sessions/{session:str}", status_code=HTTP_200_OK, guards=[require_csrf])
async def cancel(
    request: HttpRequest, access: Caller, room: FromPath[str], session: FromPath[str]
) -> Response[Changed]:
    """Takes a planned class off the time table."""
    return await _change(request, access, room, _command(CancelSession, session=session))


@post("/rooms/{room:str}/sessions/extend", status_code=HTTP_200_OK, guards=[require_csrf])
async def extend(
    request: HttpRequest, access: Caller, room: FromPath[str], data: JSONBody[Extension]
) -> Response[Changed]:
    """Lets the running class go on for longer."""
    return await _change(request, access, room, ExtendSession(data.minutes))


def _command(kind: type[Command], **fields: object) -> Command:
    """A command whose fields come from an address. Raises Problem 422."""
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise malformed(str(error)) from error


async def _change(request: HttpRequest, access: Access, room: str, command: Command) -> Response[Changed]:
    parts, key = parts_of(request), key_of(access, room)

    async def act(command_id: CommandId) -> Answer:
        return Answer(200, Changed(await ask(parts, access, key, command, command_id)))

    return await once(request, act)


@get("/timetable")
async def timetable(request: HttpRequest, access: Caller, since: Moment, until: Moment) -> Timetable:
    """The lessons of the asker's tenant that are planned to begin in ``[since, until)``, Unix
    milliseconds; for a guest those of the own room."""
    person = access.person
    pool = parts_of(request).pool
    rows = await lessons.timetable(
        pool, person.tenant, since, until, room=person.room, limit=TIMETABLE_LESSONS_MAX
    )
    return Timetable(rows)


@post("/rooms/{room:str}/sessions/start", status_code=HTTP_200_OK, guards=[require_csrf])
async def start(
    request: HttpRequest, access: Caller, room: FromPath[str], data: JSONBody[Start | None] = None
) -> Response[SessionNamed]:
    """Starts a class."""
    parts, key = parts_of(request), key_of(access, room)
    command = StartSession(data.session if data else None)

    async def act(command_id: CommandId) -> Answer:
        seq = await ask(parts, access, key, command, command_id)
        session = command.session or _made_by(access, key, parts.edge, command, command_id)
        return Answer(200, SessionNamed(session, seq))

    return await once(request, act)


@post("/rooms/{room:str}/sessions/end", status_code=HTTP_200_OK, guards=[require_csrf])
async def end(request: HttpRequest, access: Caller, room: FromPath[str]) -> Response[Ended]:
    """Ends the running class for everybody."""
    parts, key = parts_of(request), key_of(access, room)

    async def act(command_id: CommandId) -> Answer:
        return Answer(200, Ended(await ask(parts, access, key, EndSession(), command_id)))

    return await once(request, act)


def _made_by(
    access: Access, key: RoomKey, edge: EdgeId, command: ScheduleSession | StartSession, command_id: CommandId
) -> SessionId:
    return SessionId(_id_made_by(access, key, edge, command, command_id, prefix="s"))


def _id_made_by(
    access: Access, key: RoomKey, edge: EdgeId, command: Command, command_id: CommandId, *, prefix: str
) -> str:
    """The id that the rules give to what this command makes: it depends on who asked and under which id,
    not on the room's state."""
    envelope = Envelope(key, command, command_id, actor_of(access, key, edge), 0)
    nothing = initial(key)
    return new_id(nothing, asker(nothing, envelope), prefix)


ROUTES = [
    list_sessions,
    schedule,
    schedule_series,
    cancel_series,
    move,
    rename,
    cancel,
    extend,
    start,
    end,
    timetable,
]
