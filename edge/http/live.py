"""The socket of a room: checked here, served by ``edge.connection``."""

from typing import Any

from litestar import WebSocket, websocket
from litestar.params import FromPath

from edge.auth import access_of, is_own_origin, machine_of, parts_of
from edge.connection import serve
from edge.http.access import key_of
from edge.problems import Problem

FOREIGN_ORIGIN = 4403
"""Closing before accepting: the handshake is answered with 403, whatever the number."""


@websocket("/rooms/{room:str}/live")
async def live(socket: WebSocket[Any, Any, Any], room: FromPath[str]) -> None:
    """A browser's line to one room, or a machine's.

    A page of another site must not get a socket with our cookies, so the handshake itself is refused;
    browsers always send Origin, and machines with an API key (scope ``live``) none. Everything else is
    told in words on an accepted socket, because a page cannot read a refused handshake.
    """
    parts = parts_of(socket)
    is_machine = machine_of(socket) is not None and "origin" not in socket.headers
    if not is_own_origin(socket) and not is_machine:
        await socket.close(code=FOREIGN_ORIGIN)
        return
    await socket.accept()
    access = access_of(socket)
    try:
        key = key_of(access, room, also_breakouts=True) if access is not None else None
    except Problem:
        key = None
    await serve(socket, parts, access, key)


ROUTES = [live]
