"""Classes of a room: planning, starting, ending, the list, who was there."""

from typing import Annotated

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from edge.actors import actor_of
from edge.asking import Answer, ask, once
from edge.auth import Caller, HttpRequest, parts_of, require_csrf
from edge.http.access import key_of, see
from edge.tokens import Access
from projectors import reads
from rooms.asker import asker, new_id
from rooms.room import initial
from schemas.commands.common import Milliseconds, Title
from schemas.commands.lifecycle import EndSession, ScheduleSession, StartSession
from schemas.envelope import Envelope
from schemas.ids import CommandId, EdgeId, RoomKey, SessionId, SessionToken


class Plan(Struct, frozen=True, forbid_unknown_fields=True):
    """A class to plan: start in Unix milliseconds, length in minutes."""

    title: Title
    starts_at: Milliseconds
    minutes: Annotated[int, Meta(ge=1, le=720)] = 60


class Start(Struct, frozen=True, forbid_unknown_fields=True):
    """Which planned class starts; none: an unplanned one."""

    session: SessionToken | None = None


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


class Attendance(Struct, frozen=True):
    """Who was in a class, and when."""

    attendance: tuple[reads.AttendanceRow, ...]


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

    return await once(request, access, act)


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

    return await once(request, access, act)


@post("/rooms/{room:str}/sessions/end", status_code=HTTP_200_OK, guards=[require_csrf])
async def end(request: HttpRequest, access: Caller, room: FromPath[str]) -> Response[Ended]:
    """Ends the running class for everybody."""
    parts, key = parts_of(request), key_of(access, room)

    async def act(command_id: CommandId) -> Answer:
        return Answer(200, Ended(await ask(parts, access, key, EndSession(), command_id)))

    return await once(request, access, act)


@get("/rooms/{room:str}/sessions/{session:str}/attendance")
async def attendance(
    request: HttpRequest, access: Caller, room: FromPath[str], session: FromPath[str]
) -> Attendance:
    """Who was in a class, for staff."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    return Attendance(await reads.attendance(parts.pool, seen.key, SessionId(session)))


def _made_by(
    access: Access, key: RoomKey, edge: EdgeId, command: ScheduleSession | StartSession, command_id: CommandId
) -> SessionId:
    """The id that the rules give to a class made by this command: it depends on who asked and under
    which id, not on the room's state."""
    envelope = Envelope(key, command, command_id, actor_of(access, key, edge), 0)
    nothing = initial(key)
    return SessionId(new_id(nothing, asker(nothing, envelope), "s"))


ROUTES = [list_sessions, schedule, start, end, attendance]
