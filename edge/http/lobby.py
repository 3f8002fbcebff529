"""Who knocked at a room's door: for staff, during class and after it. Letting in is done live or here."""

from typing import Annotated

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from edge.asking import Answer, ask, once
from edge.auth import Caller, HttpRequest, parts_of, require_csrf
from edge.http.access import key_of, see
from projectors.reads.lessons import KnockRow, knocks
from rooms.view import view
from schemas.commands.lobby import Admit, AdmitAll, Deny, DenyAll, LobbyMessage
from schemas.ids import CommandId, ParticipantToken, SessionId, participant_id
from schemas.limits import KNOCKS_LISTED_MAX, LOBBY_WAITING_MAX
from schemas.view.lobby import WaitingView

_Named = Annotated[tuple[ParticipantToken, ...], Meta(max_length=LOBBY_WAITING_MAX)]


class AtTheDoor(Struct, frozen=True):
    """Who waits now, in order of knocking."""

    waiting: tuple[WaitingView, ...]


class Knocks(Struct, frozen=True):
    """Who knocked during a class, and what became of it."""

    knocks: tuple[KnockRow, ...]


class LetIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is let in; nobody named: all who wait."""

    participants: _Named = ()


class KeepOut(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is kept out, and why; nobody named: all who wait."""

    participants: _Named = ()
    message: LobbyMessage = ""


class Decided(Struct, frozen=True):
    """The decision is on the log by this seq."""

    seq: int


@get("/rooms/{room:str}/lobby")
async def at_the_door(request: HttpRequest, access: Caller, room: FromPath[str]) -> AtTheDoor:
    """Who waits at the door."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    person = access.person
    shown = view(seen.state, participant_id(seen.key, person.id), person.capabilities)
    return AtTheDoor(shown.lobby.waiting)


@get("/rooms/{room:str}/sessions/{session:str}/knocks")
async def list_knocks(
    request: HttpRequest, access: Caller, room: FromPath[str], session: FromPath[str]
) -> Knocks:
    """Who knocked during a class, for staff."""
    parts = parts_of(request)
    seen = await see(parts, access, room)
    seen.require_staff()
    return Knocks(await knocks(parts.pool, seen.key, SessionId(session), KNOCKS_LISTED_MAX))


@post("/rooms/{room:str}/lobby/admit", status_code=HTTP_200_OK, guards=[require_csrf])
async def admit(
    request: HttpRequest, access: Caller, room: FromPath[str], data: JSONBody[LetIn | None] = None
) -> Response[Decided]:
    """Lets people in."""
    named = data.participants if data else ()
    return await _decide(request, access, room, Admit(named) if named else AdmitAll())


@post("/rooms/{room:str}/lobby/deny", status_code=HTTP_200_OK, guards=[require_csrf])
async def deny(
    request: HttpRequest, access: Caller, room: FromPath[str], data: JSONBody[KeepOut | None] = None
) -> Response[Decided]:
    """Keeps people out."""
    wish = data or KeepOut()
    command = Deny(wish.participants, wish.message) if wish.participants else DenyAll(wish.message)
    return await _decide(request, access, room, command)


async def _decide(
    request: HttpRequest, access: Caller, room: str, command: Admit | AdmitAll | Deny | DenyAll
) -> Response[Decided]:
    parts, key = parts_of(request), key_of(access, room)

    async def act(command_id: CommandId) -> Answer:
        return Answer(200, Decided(await ask(parts, access, key, command, command_id)))

    return await once(request, act)


ROUTES = [at_the_door, list_knocks, admit, deny]
