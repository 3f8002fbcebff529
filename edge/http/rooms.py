"""Rooms: the list, a new one, one of them; its title, settings, and whether it is in use."""

from typing import Annotated, Literal

from litestar import Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK
from msgspec import Struct

from edge.asking import Answer, ask, once
from edge.auth import Caller, HttpRequest, parts_of, require_csrf
from edge.cursors import Cursor
from edge.http.access import key_of, see
from edge.problems import malformed
from projectors import reads
from rooms.state import RoomState
from rooms.view import view
from schemas.commands.common import Title
from schemas.commands.lifecycle import (
    ArchiveRoom,
    AssignCourse,
    ChangeSettings,
    CreateRoom,
    RenameRoom,
    RestoreRoom,
)
from schemas.envelope import STAFF
from schemas.ids import TOKEN_PATTERN, CommandId, CourseId, CourseToken, RoomId, RoomKey, UserId, derived_id
from schemas.limits import PAGE_ROWS_MAX
from schemas.media import Role
from schemas.room_settings import RoomSettings
from schemas.view import SessionView

Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_ROWS_MAX)]


class RoomItem(Struct, frozen=True):
    """A room in the list. ``live`` is the class that is running in it; ``archived_at`` is None while it is
    in use."""

    room: RoomId
    title: str
    is_owner: bool
    live: reads.SessionRow | None
    next_scheduled: reads.SessionRow | None
    recordings: int
    archived_at: int | None
    course: CourseId | None


class RoomList(Struct, frozen=True):
    """A page of rooms, newest first; ``cursor`` asks for the next one."""

    rooms: tuple[RoomItem, ...]
    cursor: str | None


class NewRoom(Struct, frozen=True, forbid_unknown_fields=True):
    """What a room is made of."""

    title: Title
    default_role: Literal["speaker", "viewer"] = "speaker"


class RoomMade(Struct, frozen=True):
    """A room that exists now."""

    room: RoomId
    title: str


class NewTitle(Struct, frozen=True, forbid_unknown_fields=True):
    """What a room is called."""

    title: Title


class InCourse(Struct, frozen=True, forbid_unknown_fields=True):
    """The course that a room belongs to."""

    course: CourseToken | None


class Changed(Struct, frozen=True):
    """The room is so by this seq."""

    seq: int


class RoomDetail(Struct, frozen=True):
    """A room as the asker sees it from outside. ``role`` is what the asker has or would have in class;
    ``owner`` is told to staff."""

    room: RoomId
    title: str
    default_role: Role
    settings: RoomSettings
    archived: bool
    course: CourseId | None
    owner: UserId | None
    role: Role
    live: bool
    session: SessionView | None
    scheduled: tuple[SessionView, ...]
    participants: int
    recordings: int


@get("/rooms")
async def list_rooms(
    request: HttpRequest,
    access: Caller,
    *,
    cursor: Cursor = None,
    limit: Limit = 50,
    archived: FromQuery[bool] = False,
    course: Annotated[str | None, QueryParameter(pattern=TOKEN_PATTERN)] = None,
) -> RoomList:
    """The rooms of the asker's tenant that are in use, or those archived, perhaps of one course only; a
    guest's own room."""
    parts, person = parts_of(request), access.person
    if person.room is not None:
        row = await reads.get_room(parts.pool, RoomKey(person.tenant, person.room))
        return RoomList((_item(row, person.id),) if row else (), None)
    try:
        page = await reads.list_rooms(
            parts.pool, person.tenant, cursor, limit, archived=archived, course=course
        )
    except reads.BadCursorError as error:
        raise malformed(str(error)) from error
    return RoomList(tuple(_item(row, person.id) for row in page.rooms), page.cursor)


@post("/rooms", guards=[require_csrf])
async def create_room(request: HttpRequest, access: Caller, data: JSONBody[NewRoom]) -> Response[RoomMade]:
    """Makes a room; its maker owns it and hosts every class in it."""

    async def act(command_id: CommandId) -> Answer:
        room = RoomId(derived_id("r", access.person.tenant, access.person.id, command_id))
        command = CreateRoom(data.title, data.default_role)
        await ask(parts_of(request), access, key_of(access, room), command, command_id)
        return Answer(201, RoomMade(room, data.title))

    return await once(request, act)


@get("/rooms/{room:str}")
async def get_room(request: HttpRequest, access: Caller, room: FromPath[str]) -> RoomDetail:
    """A room, from the log."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    row = await reads.get_room(parts.pool, seen.key)
    recordings = max(row.recordings if row else 0, len(seen.state.recordings))
    return _detail(seen.state, seen.role, recordings)


@put("/rooms/{room:str}/title", guards=[require_csrf])
async def rename_room(
    request: HttpRequest, access: Caller, room: FromPath[str], data: JSONBody[NewTitle]
) -> Response[Changed]:
    """Gives the room another title."""
    return await _change(request, access, room, RenameRoom(data.title))


@put("/rooms/{room:str}/settings", guards=[require_csrf])
async def change_settings(
    request: HttpRequest, access: Caller, room: FromPath[str], data: JSONBody[RoomSettings]
) -> Response[Changed]:
    """Sets the room up; what is not said becomes what it is in a new room."""
    return await _change(request, access, room, ChangeSettings(data))


@put("/rooms/{room:str}/course", guards=[require_csrf])
async def assign_course(
    request: HttpRequest, access: Caller, room: FromPath[str], data: JSONBody[InCourse]
) -> Response[Changed]:
    """Makes the room one of a course, or of none."""
    return await _change(request, access, room, AssignCourse(data.course))


@post("/rooms/{room:str}/archive", status_code=HTTP_200_OK, guards=[require_csrf])
async def archive_room(request: HttpRequest, access: Caller, room: FromPath[str]) -> Response[Changed]:
    """Puts the room away."""
    return await _change(request, access, room, ArchiveRoom())


@post("/rooms/{room:str}/restore", status_code=HTTP_200_OK, guards=[require_csrf])
async def restore_room(request: HttpRequest, access: Caller, room: FromPath[str]) -> Response[Changed]:
    """Takes an archived room into use again."""
    return await _change(request, access, room, RestoreRoom())


async def _change(
    request: HttpRequest,
    access: Caller,
    room: str,
    command: RenameRoom | ChangeSettings | AssignCourse | ArchiveRoom | RestoreRoom,
) -> Response[Changed]:
    parts, key = parts_of(request), key_of(access, room)

    async def act(command_id: CommandId) -> Answer:
        return Answer(200, Changed(await ask(parts, access, key, command, command_id)))

    return await once(request, act)


def _item(row: reads.RoomRow, person: str) -> RoomItem:
    return RoomItem(
        row.room,
        row.title,
        row.owner == person,
        row.live,
        row.next_scheduled,
        row.recordings,
        row.archived_at,
        row.course,
    )


def _detail(state: RoomState, role: Role, recordings: int) -> RoomDetail:
    outside = view(state, None)
    return RoomDetail(
        room=state.key.room,
        title=state.title,
        default_role=state.settings.default_role,
        settings=state.settings,
        archived=state.archived,
        course=state.course,
        owner=state.owner if role in STAFF else None,
        role=role,
        live=state.live is not None,
        session=outside.session,
        scheduled=outside.scheduled,
        participants=len(state.participants),
        recordings=recordings,
    )


ROUTES = [
    list_rooms,
    create_room,
    get_room,
    rename_room,
    change_settings,
    assign_course,
    archive_room,
    restore_room,
]
