"""All rooms that are open on this edge, their sockets, and what concerns every socket at once.

``Hub.run`` owns the tasks: one per open room, the heartbeat, the watch over the log. A room is opened by
its first viewer and closed after its last. Sockets are closed together when this edge stops, when it
has lost the log for good (``edge.presence`` decides), or when a login ends.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Literal

from bus.interface import Bus, BusError
from edge.actors import edge_actor
from edge.clock import Clock
from edge.metrics import CONNECTIONS, ROOMS
from edge.open_room import OpenRoom
from edge.viewer import Viewer, encode
from rooms.follower import load
from rooms.state import RoomState
from schemas.commands.roster import LoseConnection, ResumeConnection
from schemas.envelope import Accepted, Envelope, Outcome
from schemas.frames import Heartbeat, Trouble
from schemas.ids import CommandId, EdgeId, LoginId, RoomKey, derived_id
from schemas.limits import (
    COMMAND_DEADLINE_S,
    CONNECTIONS_PER_EDGE_MAX,
    EDGE_RETRY_S,
    HEARTBEAT_S,
    RECONNECT_SPREAD_MS_PER_PERSON,
)

log = logging.getLogger(__name__)

_SPREAD_MS = 2_000  # Those who are sent away come back over at least this time, not all at once.
_BEAT_PARTS = 20  # A beat to all at once would keep events waiting for a whole pass over 2,500 sockets.
_TROUBLE = "The class log cannot be written right now. What you send is not shown to anybody yet."
_CLEARED = "The class goes on."


class Hub:
    """The open rooms of one edge process."""

    def __init__(self, bus: Bus, edge: EdgeId, clock: Clock) -> None:
        self.edge = edge
        self._bus = bus
        self._clock = clock
        self._rooms: dict[RoomKey, OpenRoom] = {}
        self._room_tasks: dict[RoomKey, asyncio.Task[None]] = {}
        self._viewers: set[Viewer] = set()
        self._sockets = 0
        self._is_empty = asyncio.Event()
        self._is_empty.set()
        self._group: asyncio.TaskGroup | None = None
        self._errands: set[asyncio.Task[None]] = set()
        self._refusal: str | None = "starting"
        self._is_in_trouble = False

    # --- life ------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Runs what belongs to no single socket, for ever."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            group.create_task(self._beat())
            group.create_task(self._watch())

    def unready(self) -> str | None:
        """Why no socket should come here now."""
        if self._refusal is not None:
            return self._refusal
        return "full" if self._sockets >= CONNECTIONS_PER_EDGE_MAX else None

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Counts a socket from its first moment on: those that only say hello take a place too."""
        self._sockets += 1
        try:
            yield
        finally:
            self._sockets -= 1

    @property
    def come_back_ms(self) -> int:
        """When a socket that must go should try elsewhere: a random part of a time that grows with us."""
        spread = max(_SPREAD_MS, round(RECONNECT_SPREAD_MS_PER_PERSON * len(self._viewers)))
        return random.randrange(spread)  # noqa: S311 - spreads load, hides nothing

    def admit(self) -> None:
        """Sockets may come."""
        self._refusal = None

    def send_away(self, code: Literal["going_away", "bus_lost"]) -> None:
        """Closes all sockets and takes no new ones until ``admit``."""
        self._refusal = code
        for viewer in tuple(self._viewers):
            viewer.close(code, retry_after_ms=self.come_back_ms)

    def end_login(self, login: LoginId) -> None:
        """Closes the sockets of a login that has ended."""
        for viewer in tuple(self._viewers):
            if viewer.access.login == login:
                viewer.close("not_signed_in")

    @property
    def viewers(self) -> frozenset[Viewer]:
        """The sockets that were welcomed."""
        return frozenset(self._viewers)

    @property
    def connections(self) -> int:
        """Open sockets."""
        return len(self._viewers)

    async def emptied(self) -> None:
        """Returns when all sockets are gone."""
        await self._is_empty.wait()

    async def settled(self) -> None:
        """Returns when the log was told of all sockets that are gone."""
        while self._errands:
            await asyncio.wait(self._errands)

    # --- rooms -----------------------------------------------------------------------------------
    @asynccontextmanager
    async def room(self, key: RoomKey) -> AsyncIterator[OpenRoom]:
        """The room, open and followed while the context is."""
        opened = self._rooms.get(key)
        if opened is None:
            opened = self._rooms[key] = OpenRoom(self._bus, key, self._clock, self.tell_connected)
            self._room_tasks[key] = self._task(opened.run())
            ROOMS.set(len(self._rooms))
        opened.users += 1
        try:
            await opened.is_ready.wait()
            yield opened
        finally:
            opened.users -= 1
            if opened.users == 0:
                del self._rooms[key]
                self._room_tasks.pop(key).cancel()
                ROOMS.set(len(self._rooms))

    async def state(self, key: RoomKey) -> RoomState:
        """The room as the log has it now; one that was never created does not ``exist``."""
        return (await load(self._bus, key)).state

    def enter(self, viewer: Viewer) -> None:
        """Counts a socket."""
        self._viewers.add(viewer)
        self._is_empty.clear()
        CONNECTIONS.set(len(self._viewers))
        if self._is_in_trouble:
            viewer.answer(encode(Trouble("log_unavailable", _TROUBLE)))

    def leave(self, viewer: Viewer) -> None:
        """Forgets a socket, and tells the log if it was a participant's."""
        self._viewers.discard(viewer)
        if not self._viewers:
            self._is_empty.set()
        CONNECTIONS.set(len(self._viewers))
        if viewer.claim > 0 and viewer.closing != "replaced":
            self._tell_lost(viewer)

    # --- telling the log -------------------------------------------------------------------------
    def tell_connected(self, viewer: Viewer) -> None:
        """Tells the log that this socket is its participant's now."""
        viewer.claim = float("inf")
        self._errand(self._resume(viewer))

    async def _resume(self, viewer: Viewer) -> None:
        command = ResumeConnection(viewer.participant, viewer.connection, self.edge)
        # Asked anew after a lost edge, the answer to the first time must not be repeated.
        nonce = f"{viewer.connection}/{self._clock()}"
        outcome = await self._report(viewer.key, command, nonce, while_open=viewer)
        if outcome is not None:
            viewer.claim = outcome.seq if isinstance(outcome, Accepted) else 0

    def _tell_lost(self, viewer: Viewer) -> None:
        command = LoseConnection(viewer.participant, viewer.connection)
        self._errand(self._lose(viewer.key, command))

    async def _lose(self, key: RoomKey, command: LoseConnection) -> None:
        await self._report(key, command, command.connection)

    async def _report(
        self,
        key: RoomKey,
        command: ResumeConnection | LoseConnection,
        nonce: str,
        while_open: Viewer | None = None,
    ) -> Outcome | None:
        """Submits until answered, as long as it matters."""
        command_id = CommandId(derived_id("e", command.name, nonce))
        while while_open is None or while_open.closing is None:
            deadline = self._clock() + int(COMMAND_DEADLINE_S * 1000)
            try:
                return await self._bus.commands.submit(
                    Envelope(key, command, command_id, edge_actor(self.edge), deadline)
                )
            except BusError as error:
                log.warning("%s %s is not on the log yet: %r", key, command.name, error)
                self.log_failed()
                await asyncio.sleep(EDGE_RETRY_S)
        return None

    # --- trouble ---------------------------------------------------------------------------------
    def log_failed(self) -> None:
        """A command got no answer: the log may not be written now."""
        self._set_trouble(is_in_trouble=True)

    def log_answered(self) -> None:
        """A command was answered by the log."""
        self._set_trouble(is_in_trouble=False)

    def _set_trouble(self, *, is_in_trouble: bool) -> None:
        if is_in_trouble == self._is_in_trouble:
            return
        self._is_in_trouble = is_in_trouble
        frame = Trouble("log_unavailable", _TROUBLE) if is_in_trouble else Trouble("cleared", _CLEARED)
        log.warning("the log: %s", frame.code)
        self._tell_all(encode(frame))

    async def _watch(self) -> None:
        """Sees the connection to the bus break, and the log answer again."""
        while True:
            if self._is_in_trouble and await self._log_answers():
                self.log_answered()
            if not self._bus.is_connected:
                self.log_failed()
            try:
                async with asyncio.timeout(EDGE_RETRY_S):
                    await self._bus.disconnected()
                await asyncio.sleep(EDGE_RETRY_S / 4)
            except TimeoutError:
                continue

    async def _log_answers(self) -> bool:
        try:
            async with asyncio.timeout(EDGE_RETRY_S):
                await self._bus.log.last_stream_seq()
        except (BusError, TimeoutError):
            return False
        return True

    # --- everybody -------------------------------------------------------------------------------
    async def _beat(self) -> None:
        while True:
            viewers = tuple(self._viewers)
            part = max(1, len(viewers) // _BEAT_PARTS)
            began_s = asyncio.get_running_loop().time()
            for first in range(0, len(viewers), part):
                frame = encode(Heartbeat(self._clock()))
                for viewer in viewers[first : first + part]:
                    viewer.signal(frame)
                await asyncio.sleep(HEARTBEAT_S / (_BEAT_PARTS + 1))
            await asyncio.sleep(max(0.0, began_s + HEARTBEAT_S - asyncio.get_running_loop().time()))

    def _tell_all(self, frame: Any) -> None:
        for viewer in tuple(self._viewers):
            viewer.answer(frame)

    def _task(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        assert self._group is not None, "the hub runs"
        return self._group.create_task(work)

    def _errand(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._task(work)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
