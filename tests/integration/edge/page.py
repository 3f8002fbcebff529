"""A browser page as the edge sees it: cookies, a CSRF header, one socket at a time."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

Json = dict[str, Any]
WAIT_S = 30.0  # Servers share their machine with others.


class Browser:
    """A cookie jar and the pages that share it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.AsyncClient(base_url=url, headers={"Origin": url}, timeout=WAIT_S)

    def cookie(self, name: str) -> str | None:
        """A cookie's value, whatever its prefix and path."""
        return next((c.value for c in self.http.cookies.jar if c.name.endswith(name)), None)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """Reads."""
        return await self.http.get(f"/api/v1{path}", **options)

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Writes, as our page does."""
        sent = {"X-CSRF-Token": self.cookie("cw_csrf") or ""}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(f"/api/v1{path}", json=body, headers=sent)

    async def put(self, path: str, body: Any = None) -> httpx.Response:
        """Replaces, as our page does."""
        sent = {"X-CSRF-Token": self.cookie("cw_csrf") or ""}
        return await self.http.put(f"/api/v1{path}", json=body, headers=sent)

    async def delete(self, path: str) -> httpx.Response:
        """Deletes, as our page does."""
        return await self.http.delete(
            f"/api/v1{path}", headers={"X-CSRF-Token": self.cookie("cw_csrf") or ""}
        )

    async def sign_in(self, token: str) -> Json:
        """Signs in by a one-time link."""
        answer = await self.post("/login/link", {"token": token})
        assert answer.status_code == 200, answer.text
        user: Json = answer.json()["user"]
        return user

    @asynccontextmanager
    async def socket(self, room: str, *, origin: str | None = None, **options: Any) -> AsyncIterator["Line"]:
        """An open socket to a room, before ``hello``."""
        cookies = "; ".join(f"{c.name}={c.value}" for c in self.http.cookies.jar if c.path == "/")
        async with connect(
            f"{self.url.replace('http', 'ws', 1)}/api/v1/rooms/{room}/live",
            origin=Origin(self.url if origin is None else origin) if origin != "" else None,
            additional_headers={"Cookie": cookies},
            compression=None,
            **options,
        ) as socket:
            yield Line(socket)

    @asynccontextmanager
    async def page(self, room: str, **hello: Any) -> AsyncIterator["Line"]:
        """A page that has said hello and was welcomed."""
        async with self.socket(room) as line:
            await line.hello(**hello)
            reading = asyncio.create_task(line.read())
            try:
                yield line
            finally:
                reading.cancel()


class Line:
    """One socket: everything it received, in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[Json] = []
        self.view: Json = {}
        self.welcome: Json = {}
        self._news = asyncio.Condition()

    async def send(self, **frame: Any) -> None:
        """Sends a frame."""
        await self.socket.send(json.dumps(frame))

    async def hello(self, **fields: Any) -> None:
        """Says hello and takes the welcome and, if not resumed, the view."""
        await self.send(t="hello", protocol=1, **fields)
        self.welcome = await self.take("welcome")
        if not self.welcome["resumed"]:
            self.view = (await self.take("view"))["view"]

    async def take(self, kind: str) -> Json:
        """The next frame, which must be of this kind."""
        async with asyncio.timeout(WAIT_S):
            frame: Json = json.loads(await self.socket.recv())
        assert frame["t"] == kind, frame
        self.frames.append(frame)
        return frame

    async def read(self) -> None:
        """Reads to the end."""
        try:
            async for text in self.socket:
                frame = json.loads(text)
                async with self._news:
                    self.frames.append(frame)
                    if frame["t"] == "view":
                        self.view = frame["view"]
                    elif frame["t"] == "me":
                        self.view["me"] |= {k: frame[k] for k in ("role", "permissions")}
                    self._news.notify_all()
        except ConnectionClosed:
            pass
        async with self._news:
            self._news.notify_all()

    async def until(self, holds: Callable[[], Any]) -> Any:
        """Waits until something holds and returns it."""
        async with asyncio.timeout(WAIT_S), self._news:
            await self._news.wait_for(lambda: bool(holds()))
        return holds()

    async def came(self, wire_type: str, count: int = 1) -> None:
        """Waits for so many events of a type."""
        await self.until(lambda: len(self.of_type(wire_type)) >= count)

    async def knows(self, seq: int) -> None:
        """Waits until this page knows everything up to a seq."""
        await self.until(lambda: self.position >= seq)

    async def command(self, name: str, command: str = "", **data: Any) -> Json:
        """Sends a command and waits for its answer."""
        command = command or secrets.token_hex(8)
        seen = len(self.frames)
        await self.send(t="command", id=command, name=name, data=data)
        answers: list[Json] = await self.until(
            lambda: [f for f in self.frames[seen:] if f["t"] == "answer" and f["id"] == command]
        )
        return answers[0]

    async def accepted(self, name: str, **data: Any) -> int:
        """Sends a command that must be accepted; its seq.

        Who comes in sees what happens from then on: what is in one frame with it is in the view only.
        """
        answer = await self.command(name, **data)
        assert answer["accepted"], answer
        seq: int = answer["seq"]
        if name == "join_session":
            await self.until(lambda: any(f.get("through", 0) >= seq for f in self.frames) or self._has(seq))
        return seq

    def _has(self, seq: int) -> bool:
        return any(f["t"] == "view" and f["view"]["seq"] >= seq for f in self.frames)

    async def closed(self) -> tuple[int, Json | None]:
        """The close code, and the closing frame if there was one."""
        async with asyncio.timeout(WAIT_S):
            try:
                while True:
                    self.frames.append(json.loads(await self.socket.recv()))
            except ConnectionClosed:
                pass
        return self._ending()

    async def ended(self) -> tuple[int, Json | None]:
        """The same while ``read`` runs."""
        async with asyncio.timeout(WAIT_S):
            await self.socket.wait_closed()
        return self._ending()

    def _ending(self) -> tuple[int, Json | None]:
        assert self.socket.close_code is not None
        last = self.frames[-1] if self.frames and self.frames[-1]["t"] == "closing" else None
        return self.socket.close_code, last

    @property
    def events(self) -> list[Json]:
        """All events, in order of arrival."""
        return [event for f in self.frames if f["t"] == "events" for event in f["events"]]

    def of_type(self, wire_type: str) -> list[Json]:
        """The events of a type."""
        return [event for event in self.events if event["type"] == wire_type]

    @property
    def position(self) -> int:
        """The seq up to which this page knows everything."""
        position = 0
        for frame in self.frames:
            if frame["t"] == "view":
                position = frame["view"]["seq"]
            elif frame["t"] == "events":
                assert frame["after"] == position, (position, frame)
                position = frame["through"]
        return position
