"""The people of ``classwire bench fanout``: thousands of real WebSocket clients in a process of their own.

``python -m deploy.bench_clients`` reads a ``Plan`` and then orders, one JSON line each, and answers each
order with one line. Every client checks by itself that no numbered message is missing and none comes
twice, also over a lost line: it comes back to another edge as the page does, after a random part of the
time that the edge has told it, and resumes from its seq.
"""

import asyncio
import json
import random
import resource
import secrets
import socket as sockets
import sys
import time
from typing import Any, Literal

import msgspec
import uvloop
from msgspec import Struct
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

MARK = "mark "
"""Every numbered message begins with it; the number follows, from 1 on, without a gap."""

OPENING_AT_ONCE = 100
FRAMES_KNOWN_MAX = 512  # All receivers of a kind get the same bytes; they are understood once.
SOURCES = 16  # Loopback addresses to come from: one has ports for 28,000 lines only, less what waits.
_CAPS_S = (0.4, 1.0, 2.0, 5.0)  # As ``backoff.ts``: full jitter under a growing cap.


class Plan(Struct):
    """Who comes, and where. One token per client; ``first`` numbers them over several processes."""

    ports: list[int]
    room: str
    origin: str
    cookie: str
    tokens: list[str]
    first: int = 0
    joining: int = 0
    """So many of the clients enter the class."""
    comes_back: bool = False
    slow: int = 0
    """So many of the clients read ``slow_bps`` bytes per second only."""
    slow_bps: int = 1_000


class Order(Struct):
    """``open`` the lines, ``join`` the class, ``report`` and forget what was counted, ``lines``: how many are
    connected, ``floor``: so many plain sockets to the first port, of frames of so many bytes."""

    do: Literal["open", "join", "report", "lines", "floor", "end"]
    clients: int = 0
    frame_bytes: int = 0


class Report(Struct):
    """What was counted since the last report. Times are of the machine's monotonic clock."""

    reached: dict[str, int]
    """By number, to how many clients it came."""
    last_s: dict[str, float]
    lost: int
    twice: int
    holes: int
    counts: int
    """Frames that told how many people are there."""
    frames: int
    bytes_read: int
    lines: int
    dropped: int
    resumed: int
    viewed: int
    hellos_s: list[float]
    closings: dict[str, int]


class _Known(Struct):
    kind: str
    after: int = 0
    through: int = 0
    marks: tuple[int, ...] = ()
    frame: Any = None


class Crowd:
    """All clients of this process, and what they have counted together."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.clients = [Client(self, n) for n in range(len(plan.tokens))]
        self.known: dict[bytes, _Known] = {}
        self.errors: list[str] = []
        self.forget()

    def forget(self) -> None:
        """Counts from nothing."""
        self.reached: dict[int, int] = {}
        self.last_s: dict[int, float] = {}
        self.lost = self.twice = self.holes = self.counts = self.frames = self.bytes_read = 0
        self.dropped = self.resumed = self.viewed = 0
        self.hellos_s: list[float] = []
        self.closings: dict[str, int] = {}

    def understand(self, payload: bytes) -> _Known:
        """A frame's meaning; the same bytes are read once."""
        known = self.known.get(payload)
        if known is None:
            if len(self.known) >= FRAMES_KNOWN_MAX:
                self.known.clear()
            known = self.known[payload] = _read(payload)
        return known

    async def all(self, work: Any, at_once: int) -> float:
        """Does this for every client; how long it took."""
        free = asyncio.Semaphore(at_once)

        async def one(client: "Client") -> None:
            async with free:
                await work(client)

        began = time.monotonic()
        await asyncio.gather(*(one(client) for client in self.clients))
        return time.monotonic() - began

    def report(self) -> Report:
        """What was counted."""
        told = Report(
            {str(n): c for n, c in self.reached.items()},
            {str(n): s for n, s in self.last_s.items()},
            self.lost,
            self.twice,
            self.holes,
            self.counts,
            self.frames,
            self.bytes_read,
            sum(client.is_welcome for client in self.clients),
            self.dropped,
            self.resumed,
            self.viewed,
            self.hellos_s,
            self.closings,
        )
        self.forget()
        return told


class Client(WSListener):
    """One page: its line, where it stands, and the last number that it has seen."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self.crowd = crowd
        self.number = number
        self.transport: WSTransport | None = None
        self.is_welcome = False
        self.seq: int | None = None
        self.view_seq: int | None = None
        self.mark = 0
        self.spread_s = _CAPS_S[0]
        self.attempt = 0
        self.port = (number + crowd.plan.first) % len(crowd.plan.ports)
        self.shown: asyncio.Event = asyncio.Event()
        self.answer: asyncio.Future[dict[str, Any]] | None = None
        self.asked = ""

    # --- the line ----------------------------------------------------------------------------------
    async def open(self) -> None:
        """Opens the line and says hello; returns when the room is shown."""
        plan, self.shown = self.crowd.plan, asyncio.Event()
        port = plan.ports[self.port]
        await ws_connect(
            lambda: self,
            f"ws://127.0.0.1:{port}/api/v1/rooms/{plan.room}/live",
            extra_headers={"Cookie": f"{plan.cookie}={plan.tokens[self.number]}", "Origin": plan.origin},
            socket_factory=lambda _: self._socket(),
            websocket_handshake_timeout=60,
            read_buffer_init_size=2048,
            max_frame_size=8 * 1024 * 1024,
            logger_name=None,
        )
        async with asyncio.timeout(120):
            await self.shown.wait()

    def _socket(self) -> sockets.socket:
        made = sockets.socket(sockets.AF_INET, sockets.SOCK_STREAM)
        made.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
        made.setsockopt(sockets.SOL_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: a port per destination.
        if self.number < self.crowd.plan.slow:
            made.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        made.bind((f"127.0.0.{2 + (self.number + self.crowd.plan.first) % SOURCES}", 0))
        made.setblocking(False)
        return made

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Says hello."""
        self.transport = transport
        hello: dict[str, Any] = {"t": "hello", "protocol": 1}
        if self.seq is not None:
            hello |= {"resume_from": self.seq, "view_seq": self.view_seq}
        self.send(hello)

    def send(self, frame: dict[str, Any]) -> None:
        """Sends a frame."""
        if self.transport is not None:
            self.transport.send(WSMsgType.TEXT, json.dumps(frame).encode())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The line is gone; a page comes back, elsewhere."""
        if self.transport is not transport:
            return
        self.transport, was_welcome, self.is_welcome = None, self.is_welcome, False
        self.crowd.dropped += was_welcome
        if self.crowd.plan.comes_back:
            self.come_back(self.spread_s)

    def come_back(self, within_s: float) -> None:
        """Tries again after a random part of this time, at another edge."""
        asyncio.get_running_loop().call_later(random.random() * within_s, self._retry)  # noqa: S311

    def _retry(self) -> None:
        ports = len(self.crowd.plan.ports)
        self.port = (self.port + random.randrange(1, ports)) % ports if ports > 1 else 0  # noqa: S311
        self._opening = asyncio.get_running_loop().create_task(self._again())

    async def _again(self) -> None:
        try:
            await self.open()
        except (OSError, TimeoutError, Exception) as error:  # noqa: BLE001 - whatever a dead edge makes of it
            self.crowd.errors.append(repr(error)[:200])
            if self.transport is None:
                self.attempt += 1
                self.come_back(_CAPS_S[min(self.attempt, len(_CAPS_S) - 1)])

    # --- what comes --------------------------------------------------------------------------------
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Counts it."""
        if frame.msg_type != WSMsgType.TEXT:
            return
        crowd = self.crowd
        payload = frame.get_payload_as_bytes()
        crowd.frames += 1
        crowd.bytes_read += len(payload)
        known = crowd.understand(payload)
        if known.kind == "events":
            self.take(known)
        elif known.kind == "view":
            self.seq = self.view_seq = known.through
            if known.marks and known.marks[-1] > self.mark:
                # What came while the page was away for too long is in the view.
                self.missed(known.marks[-1])
            self.shown.set()
        elif known.kind == "me":
            self.view_seq = known.through
        elif known.kind == "people":
            crowd.counts += 1
            self.take(known)
        elif known.kind == "welcome":
            self.welcome(known.frame)
        elif known.kind == "answer":
            if self.answer is not None and not self.answer.done() and known.frame["id"] == self.asked:
                self.answer.set_result(known.frame)
        elif known.kind == "closing":
            code = known.frame["code"]
            crowd.closings[code] = crowd.closings.get(code, 0) + 1
            self.spread_s = max(_CAPS_S[0], (known.frame["retry_after_ms"] or 0) / 1000)
        if self.number < crowd.plan.slow:
            self.doze(transport, len(payload))

    def doze(self, transport: WSTransport, size: int) -> None:
        """Reads no more until a slow line would have taken this."""
        line = transport.underlying_transport
        line.pause_reading()
        asyncio.get_running_loop().call_later(size / self.crowd.plan.slow_bps, _wake, line)

    def welcome(self, frame: dict[str, Any]) -> None:
        """The edge has us."""
        self.is_welcome = True
        self.attempt = 0
        self.spread_s = max(_CAPS_S[0], frame.get("spread_ms", 0) / 1000)
        self.crowd.hellos_s.append(time.monotonic())
        if frame["resumed"]:
            self.crowd.resumed += 1
            self.shown.set()
        else:
            self.crowd.viewed += 1

    def take(self, known: _Known) -> None:
        """A span: nothing may be missing before it."""
        assert self.seq is not None
        if known.after > self.seq:
            self.crowd.holes += 1
        self.seq = max(self.seq, known.through)
        now = time.monotonic()
        for mark in known.marks:
            self.crowd.twice += mark <= self.mark
            self.crowd.lost += max(0, mark - self.mark - 1)
            self.mark = max(self.mark, mark)
            self.crowd.reached[mark] = self.crowd.reached.get(mark, 0) + 1
            self.crowd.last_s[mark] = now

    def missed(self, until: int) -> None:
        """The view has these."""
        for mark in range(self.mark + 1, until + 1):
            self.crowd.reached[mark] = self.crowd.reached.get(mark, 0) + 1
            self.crowd.last_s[mark] = time.monotonic()
        self.mark = until

    async def join(self) -> None:
        """Enters the class."""
        if self.number >= self.crowd.plan.joining:
            return
        name = f"Client {self.number + self.crowd.plan.first}"
        for _ in range(10):
            self.asked = secrets.token_hex(8)
            self.answer = asyncio.get_running_loop().create_future()
            data = {"display_name": name}
            self.send({"t": "command", "id": self.asked, "name": "join_session", "data": data})
            answer = await asyncio.wait_for(self.answer, 60)
            if answer["accepted"]:
                return
            if answer["code"] not in ("log_unavailable", "expired"):
                break
            await asyncio.sleep(0.5)
        raise RuntimeError(f"{name}: {answer}")


def _wake(line: Any) -> None:
    if not line.is_closing():
        line.resume_reading()


def _read(payload: bytes) -> _Known:
    frame = json.loads(payload)
    match frame["t"]:
        case "events":
            marks = [
                _mark(event["data"].get("text", ""))
                for event in frame["events"]
                if event["type"] == "chat.posted"
            ]
            return _Known("events", frame["after"], frame["through"], tuple(m for m in marks if m))
        case "view":
            marks = [_mark(message.get("text", "")) for message in frame["view"]["messages"]]
            return _Known("view", 0, frame["view"]["seq"], tuple(sorted(m for m in marks if m)))
        case "people":
            return _Known("people", frame["after"], frame["through"])
        case "me":
            return _Known("me", 0, frame["seq"])
        case kind:
            return _Known(kind, frame=frame)


def _mark(text: str) -> int:
    return int(text.removeprefix(MARK)) if text.startswith(MARK) else 0


# --- the floor -------------------------------------------------------------------------------------
class Plain(asyncio.Protocol):
    """A socket that counts whole frames."""

    def __init__(self, floor: "Floor") -> None:
        self.floor = floor
        self.held = 0

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self.held += len(data)
        while self.held >= self.floor.frame_bytes:
            self.held -= self.floor.frame_bytes
            self.floor.frames += 1
            self.floor.last_s = time.monotonic()


class Floor:
    """Plain sockets to the program that writes one frame to all."""

    def __init__(self, frame_bytes: int) -> None:
        self.frame_bytes = frame_bytes
        self.frames = 0
        self.last_s = 0.0

    async def open(self, port: int, clients: int) -> None:
        """Connects them."""
        loop = asyncio.get_running_loop()
        for n in range(clients):
            await loop.create_connection(
                lambda: Plain(self), "127.0.0.1", port, local_addr=(f"127.0.0.{2 + n % SOURCES}", 0)
            )


# --- orders ----------------------------------------------------------------------------------------
async def _serve() -> None:
    reader = asyncio.StreamReader(limit=64 * 1024 * 1024)  # A plan holds thousands of tokens.
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    crowd = Crowd(msgspec.json.decode(await reader.readline(), type=Plan))
    floor = Floor(0)
    while line := await reader.readline():
        order = msgspec.json.decode(line, type=Order)
        match order.do:
            case "open":
                answer: Any = await crowd.all(Client.open, OPENING_AT_ONCE)
            case "join":
                answer = await crowd.all(Client.join, OPENING_AT_ONCE)
            case "report":
                answer = crowd.report()
            case "lines":
                answer = sum(client.is_welcome for client in crowd.clients)
            case "floor":
                if order.clients:
                    floor = Floor(order.frame_bytes)
                    await floor.open(crowd.plan.ports[0], order.clients)
                answer = [floor.frames, floor.last_s]
            case "end":
                return
        print(msgspec.json.encode(answer).decode(), flush=True)


def main() -> None:
    """Reads the plan and obeys."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(_serve())


if __name__ == "__main__":
    main()
