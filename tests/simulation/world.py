"""A school in memory: the real edge and the real rooms service on the bus's twin, in virtual time.

Only the ends are made up: a page that is not a browser, a line that is not TCP, and processes that die
when the script says so. Everything between is the code that runs in production.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from random import Random
from typing import Any, cast

import msgspec
from litestar.exceptions import WebSocketDisconnect

from bus.interface import Bus, BusError
from bus.memory import MemoryHub, memory_bus
from edge.actors import actor_of
from edge.connection import Connection
from edge.hub import Hub
from edge.identity import Person
from edge.outbox import Frame
from edge.parts import Parts
from edge.presence import Presence
from edge.tokens import Access
from edge.viewer import Viewer
from rooms.service.run import rooms_service
from rooms.state import RoomState
from schemas.commands import Command
from schemas.envelope import Actor, encode_command
from schemas.ids import CommandId, ConnectionId, EdgeId, LoginId, ParticipantId, RoomKey, participant_id
from tests.e2e.checker import ClientRecord, Json, Sent
from tests.simulation.truth import Interval

START_MS = 1_763_719_200_000
PATIENCE_S = 3.0  # How long a page waits for an answer before it asks again.


def clock() -> int:
    """Unix milliseconds of the simulation."""
    return START_MS + int(asyncio.get_running_loop().time() * 1000)


class Decoder:
    """Frames as JSON; one that many receivers share is read once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[bytes, Json]] = {}

    def __call__(self, payload: bytes) -> Json:
        found = self._known.get(id(payload))
        if found is None:
            if len(self._known) > 2_000:
                self._known.clear()
            found = self._known[id(payload)] = (payload, msgspec.json.decode(payload))
        return found[1]


class Line:
    """Both ends of a connection between a page and an edge; takes the place of socket and wire."""

    def __init__(self, page: "Page") -> None:
        self.on_writable = lambda: None
        self.is_open = True
        self._page = page
        self._arrived: asyncio.Queue[str | None] = asyncio.Queue()

    async def receive_data(self, mode: str) -> str:
        """What the page sent next, as Litestar's socket gives it."""
        text = await self._arrived.get() if self.is_open or not self._arrived.empty() else None
        if text is None:
            raise WebSocketDisconnect(detail="gone")
        return text

    def say(self, frame: Json) -> None:
        """The page sends."""
        if self.is_open:
            self._arrived.put_nowait(json.dumps(frame))

    def write(self, frame: Frame) -> bool:
        """The edge sends."""
        if self.is_open:
            self._page.hear(self, frame.payload)
        return True

    def close(self, last: Frame, code: int, reason: str) -> None:
        """The edge says why and goes."""
        self.write(last)
        self.cut()

    def cut(self) -> None:
        """The line is gone, for both."""
        if self.is_open:
            self.is_open = False
            self._arrived.put_nowait(None)
            self._page.lost(self)


class NoPolicies:
    """Nothing was decided for this school."""

    async def tell(self, _: RoomState) -> None:
        """There is nothing to tell."""


class Edge:
    """One edge process."""

    def __init__(self, name: str, bus: Bus) -> None:
        self.name = name
        self.bus = bus
        self.hub = Hub(bus, EdgeId(name), clock)
        self.presence = Presence(bus, EdgeId(name), self.hub, clock)
        self.lines: set[Line] = set()
        self.is_alive = True
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        """Runs its duties."""
        self.task(self.hub.run())
        self.task(self.presence.run())

    def task(self, work: Coroutine[Any, Any, Any]) -> None:
        """Runs something that ends with the process."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def accept(self, line: Line, page: "Page", connection: ConnectionId) -> None:
        """A page connects."""
        self.lines.add(line)
        access = Access(page.person, LoginId(f"l-{page.person.id}"), 0)
        viewer = Viewer(connection, page.key, access, line)
        nobody = cast("Any", None)  # What only HTTP needs.
        parts = Parts(
            edge=EdgeId(self.name),
            site=nobody,
            bus=self.bus,
            pool=nobody,
            keys=nobody,
            store=nobody,
            hub=self.hub,
            passwords=nobody,
            attempts=nobody,
            mail=nobody,
            providers=nobody,
            revocations=cast("Any", frozenset()),
            policies=cast("Any", NoPolicies()),
            clock=clock,
            web=None,
        )
        self.task(self._serve(Connection(cast("Any", line), parts, viewer), viewer, line))

    async def _serve(self, connection: Connection, viewer: Viewer, line: Line) -> None:
        ending = await connection.run()
        if ending is not None:
            viewer.close(ending.code, retry_after_ms=ending.retry_after_ms)
        line.cut()
        self.lines.discard(line)

    def die(self) -> None:
        """SIGKILL: tasks end where they stand, lines break."""
        self.is_alive = False
        for viewer in self.hub.viewers:
            viewer.claim = 0  # A dead process tells nobody that its sockets are gone.
        for task in tuple(self._tasks):
            task.cancel()
        for line in tuple(self.lines):
            line.cut()


class Page:
    """A person's page: joins, asks, resumes, and keeps a record of all it was told."""

    def __init__(self, school: "School", person: Person, key: RoomKey) -> None:
        self.school = school
        self.person = person
        self.key = key
        self.participant: ParticipantId = participant_id(key, person.id)
        self.record = ClientRecord(self.participant)
        self.times: list[Interval] = []
        self.in_class = False
        self.closed_by = ""
        self._line: Line | None = None
        self._edge: Edge | None = None
        self._connection = ""
        self._seq: int | None = None
        self._viewed = 0
        self._answers: dict[str, asyncio.Future[Json]] = {}
        self._is_welcome = asyncio.Event()
        self._is_lost = asyncio.Event()
        self._count = 0

    # --- the line --------------------------------------------------------------------------------
    async def stay(self) -> None:
        """Keeps a line to some edge, for ever."""
        while True:
            self._connect()
            if self._line is not None:
                await self._is_lost.wait()
            await asyncio.sleep(0.2 + self.school.chance.random())

    def _connect(self) -> None:
        living = [edge for edge in self.school.edges if edge.is_alive and edge.hub.unready() is None]
        if not living:
            return
        self._edge = self.school.chance.choice(living)
        self._line = Line(self)
        self._is_lost.clear()
        self._count += 1
        connection = ConnectionId(f"c-{self.person.id}-{self._count}")
        self._edge.accept(self._line, self, connection)
        hello: Json = {"t": "hello", "protocol": 1}
        if self._seq is not None:
            hello |= {"resume_from": self._seq, "view_seq": self._viewed, "connection": self._connection}
        self._line.say(hello)

    def drop(self) -> None:
        """The network breaks."""
        if self._line is not None:
            self._line.cut()

    def lost(self, line: Line) -> None:
        """The line is gone."""
        if line is not self._line:
            return
        self._line = None
        if self._edge is not None:
            self._edge.lines.discard(line)
        self._is_welcome.clear()
        self._is_lost.set()
        self._watch_ends()

    def hear(self, line: Line, payload: bytes) -> None:
        """A frame came."""
        if line is not self._line:
            return
        frame = self.school.decode(payload)
        match frame["t"]:
            case "welcome":
                self._connection = frame["connection"]
                self._is_welcome.set()
                if self.in_class:
                    self._watch_begins()
            case "view":
                self._seq = self._viewed = frame["view"]["seq"]
                self.record.frames.append(frame)
            case "events":
                self._seq = frame["through"]
                self.record.frames.append(frame)
            case "answer":
                waiting = self._answers.pop(frame["id"], None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(frame)
            case "closing":
                self.closed_by = frame["code"]

    def actor(self) -> Actor:
        """The person as the author of a command."""
        connection = ConnectionId(self._connection) if self._connection else None
        edge = EdgeId(self._edge.name) if self._edge else EdgeId("none")
        access = Access(self.person, LoginId(f"l-{self.person.id}"), 0)
        return actor_of(access, self.key, edge, connection)

    # --- asking ----------------------------------------------------------------------------------
    async def ask(self, command: Command, *, certain: bool = False) -> Json:
        """Asks until answered; sometimes twice, as an impatient page would. ``certain`` says that an
        acceptance must have left an event."""
        self._count += 1
        name = CommandId(f"{self.person.id}-{self._count}")
        frame = {
            "t": "command",
            "id": name,
            "name": command.name,
            "data": json.loads(encode_command(command)),
        }
        while True:
            await self._is_welcome.wait()
            waiting = self._answers.setdefault(name, asyncio.get_running_loop().create_future())
            assert self._line is not None
            for _ in range(1 + (self.school.chance.random() < 0.05)):
                self._line.say(frame)
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    answer = await asyncio.shield(waiting)
                    if answer.get("code") == "log_unavailable":
                        continue
                    self.record.sent.append(Sent(name, command.name, answer, certain=certain))
                    return answer

    def _watch_begins(self) -> None:
        if not self.times or self.times[-1].end is not None:
            self.times.append(Interval(clock()))

    def _watch_ends(self) -> None:
        if self.times and self.times[-1].end is None:
            self.times[-1].end = clock()

    def entered(self) -> None:
        """The person is in class from now on."""
        self.in_class = True
        self._watch_begins()

    def went(self) -> None:
        """The person is out of the class."""
        self.in_class = False
        self._watch_ends()


class School:
    """Processes, pages, and the dice."""

    def __init__(self, hub: MemoryHub, chance: Random) -> None:
        self.hub = hub
        self.chance = chance
        self.decode = Decoder()
        self.edges: list[Edge] = []
        self._stack = AsyncExitStack()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._rooms: dict[str, asyncio.Task[Any]] = {}
        self._count = 0

    def task(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Runs beside all else, to the end of the simulation."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        return task

    async def start_edge(self) -> Edge:
        """A new edge process."""
        self._count += 1
        name = f"edge-{self._count}"
        edge = Edge(name, await self._stack.enter_async_context(self.hub.open(name, role="edge")))
        self.edges.append(edge)
        edge.start()
        return edge

    async def kill_edge(self, edge: Edge) -> None:
        """SIGKILL."""
        self.edges.remove(edge)
        edge.die()
        await self.hub.kill(edge.name)

    async def start_rooms(self) -> str:
        """A new rooms process; its name."""
        self._count += 1
        name = f"rooms-{self._count}"
        self._rooms[name] = self.task(self._run_rooms(name))
        return name

    async def _run_rooms(self, name: str) -> None:
        with suppress(BusError):
            async with self.hub.open(name, role="rooms") as bus, rooms_service(bus, clock):
                await asyncio.Event().wait()

    async def kill_rooms(self, name: str) -> None:
        """SIGKILL: it says and hears nothing any more."""
        await self.hub.kill(name)
        self._rooms.pop(name).cancel()

    async def state(self, key: RoomKey) -> RoomState:
        """The room as some edge has it."""
        return await self.edges[0].hub.state(key)

    async def followed(self, key: RoomKey) -> RoomState:
        """The room as an edge follows it."""
        async with self.chance.choice(self.edges).hub.room(key) as room:
            return room.state

    async def close(self) -> None:
        """Ends everything."""
        for edge in self.edges:
            edge.die()
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks, timeout=PATIENCE_S)  # What then still holds on ends with the loop.


@asynccontextmanager
async def school(chance: Random) -> AsyncIterator[School]:
    """An empty school: no process runs yet."""
    opened = School(memory_bus(lambda: clock() / 1000), chance)
    try:
        yield opened
    finally:
        await opened.close()
