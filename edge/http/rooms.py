"""Rooms: the list, a new one, one of them."""

from typing import Annotated, Literal

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Struct

from edge.asking import Answer, ask, once
from edge.auth import Caller, HttpRequest, parts_of, require_csrf
from edge.http.access import key_of, see
from edge.problems import malformed
from projectors import reads
from rooms.state import RoomState
from rooms.view import view
from schemas.commands.common import Title
from schemas.commands.lifecycle import CreateRoom
from schemas.envelope import STAFF
from schemas.ids import CommandId, RoomId, RoomKey, UserId, derived_id
from schemas.limits import PAGE_ROWS_MAX
from schemas.media import Role
from schemas.view import SessionView

Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_ROWS_MAX)]


class RoomItem(Struct, frozen=True):
    """A room in the list. ``live`` is the class that is running in it."""

    room: RoomId
    title: str
    is_owner: bool
    live: reads.SessionRow | None
    next_scheduled: reads.SessionRow | None
    recordings: int


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


class RoomDetail(Struct, frozen=True):
    """A room as the asker sees it from outside. ``role`` is what the asker has or would have in class;
    ``owner`` is told to staff."""

    room: RoomId
    title: str
    default_role: Role
    owner: UserId | None
    role: Role
    live: bool
    session: SessionView | None
    scheduled: tuple[SessionView, ...]
    participants: int
    recordings: int


@get("/rooms")
async def list_rooms(
    request: HttpRequest, access: Caller, cursor: FromQuery[str | None] = None, limit: Limit = 50
) -> RoomList:
    """The rooms of the asker's tenant; a guest's own room."""
    parts, person = parts_of(request), access.person
    if person.room is not None:
        row = await reads.get_room(parts.pool, RoomKey(person.tenant, person.room))
        return RoomList((_item(row, person.id),) if row else (), None)
    try:
        page = await reads.list_rooms(parts.pool, person.tenant, cursor, limit)
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

    return await once(request, access, act)


@get("/rooms/{room:str}")
async def get_room(request: HttpRequest, access: Caller, room: FromPath[str]) -> RoomDetail:
    """A room, from the log."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    row = await reads.get_room(parts.pool, seen.key)
    recordings = max(row.recordings if row else 0, len(seen.state.recordings))
    return _detail(seen.state, seen.role, recordings)


def _item(row: reads.RoomRow, person: str) -> RoomItem:
    return RoomItem(
        row.room,
        row.title,
        row.owner == person,
        row.live,
        row.next_scheduled,
        row.recordings,
    )


def _detail(state: RoomState, role: Role, recordings: int) -> RoomDetail:
    outside = view(state, None)
    return RoomDetail(
        room=state.key.room,
        title=state.title,
        default_role=state.settings.default_role,
        owner=state.owner if role in STAFF else None,
        role=role,
        live=state.live is not None,
        session=outside.session,
        scheduled=outside.scheduled,
        participants=len(state.participants),
        recordings=recordings,
    )


ROUTES = [list_rooms, create_room, get_room]
