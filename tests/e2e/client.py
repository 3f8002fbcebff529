"""A client of PROTOCOL.md in Python: signs in, follows a room, sends, and records all for the judge.

It resumes after every loss with the last ``seq`` and sends unanswered commands again, as the browser
does; nothing here knows the services' code.
"""

import asyncio
import contextlib
import json
import random
import secrets
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin

from tests.e2e.checker import ClientRecord, Sent

Json = dict[str, Any]
BACKOFF_S = 0.3
FINAL_CODES = {4002, 4003, 4004, 4005, 4006, 4008, 4010}


async def sign_in_by_link(url: str, link: str) -> httpx.AsyncClient:
    """An HTTP client with the cookies of a one-time sign-in link."""
    http = httpx.AsyncClient(base_url=url, headers={"Origin": url}, timeout=15.0)
    token = urlsplit(link).fragment.removeprefix("token=")
    answer = await http.post("/api/v1/login/link", json={"token": token})
    answer.raise_for_status()
    return with_csrf(http)


async def sign_in_as_guest(url: str, invite: str, name: str) -> httpx.AsyncClient:
    """An HTTP client with the cookies of a guest."""
    http = httpx.AsyncClient(base_url=url, headers={"Origin": url}, timeout=15.0)
    token = urlsplit(invite).fragment.removeprefix("guest=")
    answer = await http.post("/api/v1/login/guest", json={"token": token, "display_name": name})
    answer.raise_for_status()
    return with_csrf(http)


def with_csrf(http: httpx.AsyncClient) -> httpx.AsyncClient:
    """Repeats the CSRF cookie in the header that state changes need."""
    csrf = next(value for name, value in http.cookies.items() if name.endswith("cw_csrf"))
    http.headers["X-CSRF-Token"] = csrf
    return http


"""After these a fresh view follows for the one whom they are about."""


class RoomClient:
    """One page in one room, alive until closed, whatever happens to the line."""

    def __init__(self, http: httpx.AsyncClient, url: str, room: str, name: str) -> None:
        self.http = http
        self.url = url
        self.room = room
        self.name = name
        self.record = ClientRecord("")
        self.view: Json = {}
        self.position: int | None = None
        self.connection: str | None = None
        self.reconnects = 0
        self._socket: ClientConnection | None = None
        self._waiting: dict[str, tuple[Json, asyncio.Future[Json]]] = {}
        self._moved = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "RoomClient":
        self._task = asyncio.create_task(self._live())
        await self.until(lambda: self.position is not None)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self.http.aclose()

    async def until(self, condition: Any, timeout_s: float = 30.0) -> None:
        """Waits until the condition holds; it is looked at after each frame."""
        async with asyncio.timeout(timeout_s), self._moved:
            await self._moved.wait_for(condition)

    async def command(self, name: str, data: Json | None = None, timeout_s: float = 40.0) -> Json:
        """Sends a command until it is answered for good; returns the answer.

        ``log_unavailable`` says that nothing is known yet: the same id is sent again.
        """
        command = secrets.token_hex(8)
        frame = {"t": "command", "id": command, "name": name, "data": data or {}}
        async with asyncio.timeout(timeout_s):
            while True:
                answer = await self._ask(command, frame)
                if answer["accepted"] or answer["code"] not in ("log_unavailable", "expired"):
                    self.record.sent.append(Sent(command, name, answer))
                    return answer
                await asyncio.sleep(BACKOFF_S)

    async def _ask(self, command: str, frame: Json) -> Json:
        if self._task is not None and self._task.done():
            self._task.result()  # The page is closed for good, and says why.
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[command] = (frame, future)
        await self._send(frame)
        return await future

    async def cut(self) -> None:
        """Cuts the TCP connection without a goodbye."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def _send(self, frame: Json) -> None:
        if self._socket is not None:
            with contextlib.suppress(WebSocketException):
                await self._socket.send(json.dumps(frame))

    async def _live(self) -> None:
        address = f"{self.url.replace('http', 'ws', 1)}/api/v1/rooms/{self.room}/live"
        while True:
            cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
            try:
                async with connect(
                    address,
                    origin=Origin(self.url),
                    additional_headers={"Cookie": cookies},
                    compression=None,
                ) as socket:
                    await self._converse(socket)
                    if socket.close_code in FINAL_CODES:
                        raise AssertionError(f"{self.name}: closed for good with {socket.close_code}")
            except (OSError, WebSocketException, EOFError):
                pass
            finally:
                self._socket = None
            self.reconnects += 1
            await asyncio.sleep(random.uniform(0.05, BACKOFF_S))

    async def _converse(self, socket: ClientConnection) -> None:
        hello: Json = {"t": "hello", "protocol": 1}
        if self.position is not None:
            hello |= {"resume_from": self.position, "view_seq": self.view["seq"]}
        if self.connection is not None:
            hello["connection"] = self.connection
        await socket.send(json.dumps(hello))
        async for text in socket:
            frame = json.loads(text)
            await self._take(frame)
            if frame["t"] == "welcome":
                self._socket = socket  # Nothing may be said before the hello.
                for waiting, _ in list(self._waiting.values()):
                    await self._send(waiting)

    async def _take(self, frame: Json) -> None:
        match frame["t"]:
            case "welcome":
                self.connection = frame["connection"]
                self.record.participant = frame["participant"]
            case "view":
                self.record.frames.append(frame)
                self.view = frame["view"]
                self.position = frame["view"]["seq"]
                self.record.staff |= frame["view"]["me"]["role"] in ("host", "co_host")
            case "events":
                self.record.frames.append(frame)
                self.position = frame["through"]
            case "answer":
                waiting = self._waiting.pop(frame["id"], None)
                if waiting is not None and not waiting[1].done():
                    waiting[1].set_result(frame)
        async with self._moved:
            self._moved.notify_all()
