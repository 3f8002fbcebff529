"""One browser socket, from its handshake to its end.

::

    handshake ─► hello ─► welcome, then a view or the missing tail ─► frames in, frames out ─► closed

A peer that breaks the contract raises ``RemotePeerError`` where its bytes are read; this is caught where
the socket is owned, which closes with that code. Commands and media requests run beside the reader, a
bounded number at a time, and are given up when the socket ends: the page asks again with the same id.
"""

import asyncio
import logging
import secrets
from collections.abc import Coroutine
from typing import Any, assert_never

import msgspec
from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from bus.interface import BusError
from edge.actors import actor_of
from edge.devices import device
from edge.limiter import TokenBucket
from edge.media import forward
from edge.metrics import COMMANDS, HELLOS
from edge.one_class import OneClass
from edge.open_room import OpenRoom
from edge.parts import Parts
from edge.tokens import Access
from edge.viewer import Viewer, encode, refuse
from edge.wires import wire_of
from rooms.doors import may_enter, root
from schemas import subjects
from schemas.commands import CLIENT_COMMAND_NAMES, Command
from schemas.commands.roster import JoinSession, LeaveSession
from schemas.envelope import Accepted, Envelope, Outcome, Rejected, decode_command
from schemas.frames import (
    PROTOCOL_VERSION,
    AnswerFrame,
    ClientFrame,
    CommandFrame,
    Hello,
    MediaFrame,
    MediaResultFrame,
    Ping,
    Pong,
    SignalFrame,
    Welcome,
    client_decoder,
)
from schemas.ids import ConnectionId, RoomKey
from schemas.limits import (
    COMMAND_BYTES_MAX,
    COMMAND_DEADLINE_S,
    CONNECTION_COMMANDS_IN_FLIGHT_MAX,
    CONNECTION_MEDIA_IN_FLIGHT_MAX,
    CONNECTION_MESSAGES_PER_S_MAX,
    HEARTBEAT_S,
    HELLO_TIMEOUT_S,
)
from schemas.rejections import SENTENCES, Code, Rejection, rejection
from schemas.signalling import CLIENT_SIGNALS, Signal

log = logging.getLogger(__name__)

_COME_BACK_MS = 500
_BURST_S = 3  # Seconds' worth of messages that may come at once.
_json = msgspec.json.Encoder()

Socket = WebSocket[Any, Any, Any]


class RemotePeerError(Exception):
    """This socket ends, with this close code: the peer broke the contract, or has no place here."""

    def __init__(self, code: str, *, retry_after_ms: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after_ms = retry_after_ms


async def serve(socket: Socket, parts: Parts, access: Access | None, key: RoomKey | None) -> None:
    """Serves an accepted socket until it ends. Without access or room it only says so."""
    wire = wire_of(socket)
    if access is None or key is None:
        refuse(wire, "not_signed_in" if access is None else "no_such_room")
        return await _drain(socket)
    connection = ConnectionId("c" + secrets.token_hex(10))
    viewer = Viewer(connection, key, access, wire, device(socket.headers.get("user-agent", "")))
    ending = await Connection(socket, parts, viewer).run()
    if ending is not None:
        viewer.close(ending.code, retry_after_ms=ending.retry_after_ms)
        await _drain(socket)
    return None


async def _drain(socket: Socket) -> None:
    """Reads until the peer is gone; what it still says is not heard."""
    try:
        while True:
            await socket.receive_data(mode="text")
    except WebSocketDisconnect:
        return


class Connection:
    """The reader of one socket, and its commands and requests in flight."""

    def __init__(self, socket: Socket, parts: Parts, viewer: Viewer) -> None:
        self._socket = socket
        self._parts = parts
        self._viewer = viewer
        self._commands = 0
        self._requests = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._bucket = TokenBucket(
            CONNECTION_MESSAGES_PER_S_MAX, CONNECTION_MESSAGES_PER_S_MAX * _BURST_S, self._now_s()
        )

    async def run(self) -> RemotePeerError | None:
        """Says hello, shows the room, and serves until the socket ends. Returns why we end it."""
        try:
            self._check_door()
            with self._parts.hub.counted():
                hello = await self._hello()
                async with self._parts.hub.room(self._viewer.key) as room:
                    self._check_group(room)
                    return await self._stay(room, hello)
        except RemotePeerError as error:
            return error
        except WebSocketDisconnect:
            return None

    async def _stay(self, room: OpenRoom, hello: Hello) -> RemotePeerError | None:
        """From the welcome to the end. Raises RemotePeerError or WebSocketDisconnect before that."""
        try:
            await self._show(room, hello)
            async with asyncio.TaskGroup() as group:
                self._start(group, self._parts.policies.tell(room.state))
                try:
                    await self._read(room, group)
                except RemotePeerError as error:
                    return error
                except WebSocketDisconnect:
                    return None
                finally:
                    for task in tuple(self._tasks):
                        task.cancel()  # Nobody is there for the answers.
            return None
        finally:
            room.remove(self._viewer)
            self._parts.hub.leave(self._viewer)

    def _check_group(self, room: OpenRoom) -> None:
        """A breakout room is shown to those who may be in it; to others it does not exist."""
        role = self._viewer.standing_in(room.state)[0]
        person = self._viewer.access.person
        own = person.room is None or person.room in (room.state.key.room, root(room.state).room)
        if not own or not may_enter(room.state, person.id, role):
            raise RemotePeerError("no_such_room")

    # --- hello -----------------------------------------------------------------------------------
    def _check_door(self) -> None:
        """Whether there is room for one more socket here."""
        if self._parts.hub.unready() == "full":
            raise RemotePeerError("full", retry_after_ms=self._parts.hub.come_back_ms)
        self._check_place()

    def _check_place(self) -> None:
        """Whether this edge serves, and this login still holds."""
        reason = self._parts.hub.unready()
        if reason not in (None, "full"):
            code = "bus_lost" if reason == "bus_lost" else "going_away"
            raise RemotePeerError(code, retry_after_ms=_COME_BACK_MS)
        if self._viewer.access.login in self._parts.revocations:
            raise RemotePeerError("not_signed_in")

    async def _hello(self) -> Hello:
        try:
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                frame = await self._receive()
        except TimeoutError as error:
            raise RemotePeerError("malformed") from error
        if not isinstance(frame, Hello):
            raise RemotePeerError("malformed")
        if frame.protocol != PROTOCOL_VERSION:
            raise RemotePeerError("unsupported_protocol")
        return frame

    async def _show(self, room: OpenRoom, hello: Hello) -> None:
        """Welcomes the viewer and shows the room; from here on nothing is missed."""
        viewer, hub, resume_from = self._viewer, self._parts.hub, hello.resume_from
        if not room.state.exists:
            raise RemotePeerError("no_such_room")
        if resume_from is not None and not await self._prepare(room, resume_from):
            raise RemotePeerError("bus_lost", retry_after_ms=_COME_BACK_MS)
        self._check_place()
        # No await from here to the end: the viewer is added exactly where the room stands.
        tail = None if resume_from is None else room.tail(viewer, resume_from, hello.view_seq)
        HELLOS.labels("view" if tail is None else "tail").inc()
        viewer.answer(
            encode(
                Welcome(
                    PROTOCOL_VERSION,
                    viewer.connection,
                    viewer.participant,
                    self._parts.clock(),
                    HEARTBEAT_S,
                    tail is not None,
                    room.spread_ms,
                )
            )
        )
        room.add(viewer, tail)
        hub.enter(viewer)
        if viewer.participant in room.state.participants or viewer.participant in room.state.lobby.waiting:
            hub.tell_connected(viewer)

    async def _prepare(self, room: OpenRoom, resume_from: int) -> bool:
        try:
            return await room.prepare_resume(resume_from)
        except BusError:
            return False

    # --- reading ---------------------------------------------------------------------------------
    async def _read(self, room: OpenRoom, group: asyncio.TaskGroup) -> None:
        while self._viewer.closing is None:
            frame = await self._receive()
            match frame:
                case CommandFrame():
                    self._command(room, group, frame)
                case MediaFrame():
                    self._media(room, group, frame)
                case SignalFrame():
                    await self._signal(room, frame)
                case Ping(sent_at=sent_at):
                    self._viewer.answer(encode(Pong(sent_at, self._parts.clock())))
                case Hello():
                    raise RemotePeerError("malformed")
                case _:
                    assert_never(frame)

    async def _receive(self) -> ClientFrame:
        text = await self._socket.receive_data(mode="text")  # A binary message reads as "".
        if not self._bucket.take(self._now_s()):
            raise RemotePeerError("flooding")
        try:
            return client_decoder.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise RemotePeerError("malformed") from error

    def _start(self, group: asyncio.TaskGroup, work: Coroutine[Any, Any, None]) -> None:
        task = group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()

    # --- commands --------------------------------------------------------------------------------
    def _command(self, room: OpenRoom, group: asyncio.TaskGroup, frame: CommandFrame) -> None:
        command = self._understood(frame)
        if isinstance(command, Rejection):
            self._answer(frame, Rejected(command.code, command.message))
            return
        if isinstance(command, JoinSession):
            self._viewer.claim = float("inf")
        self._commands += 1
        self._start(group, self._submit(room, frame, command))

    def _understood(self, frame: CommandFrame) -> Command | Rejection:
        if self._commands >= CONNECTION_COMMANDS_IN_FLIGHT_MAX:
            return rejection(Code.LIMIT_REACHED, "Too many commands are waiting for their answers.")
        if frame.name not in CLIENT_COMMAND_NAMES:
            return rejection(Code.UNKNOWN_COMMAND)
        data = bytes(frame.data)
        if len(data) > COMMAND_BYTES_MAX:
            return rejection(Code.MALFORMED, "The command is too large.")
        return decode_command(frame.name, data)

    async def _submit(self, room: OpenRoom, frame: CommandFrame, command: Command) -> None:
        parts, viewer = self._parts, self._viewer
        actor = actor_of(viewer.access, room.key, parts.edge, viewer.connection, viewer.device)
        deadline = parts.clock() + int(COMMAND_DEADLINE_S * 1000)
        try:
            outcome = await self._carry_out(room, Envelope(room.key, command, frame.id, actor, deadline))
        except BusError as error:
            log.warning("%s %s: %r", room.key, frame.name, error)
            outcome = Rejected(Code.LOG_UNAVAILABLE, SENTENCES[Code.LOG_UNAVAILABLE])
        finally:
            self._commands -= 1
        if isinstance(command, JoinSession):
            self._claim(outcome)
        self._answer(frame, outcome)

    async def _carry_out(self, room: OpenRoom, asked: Envelope) -> Outcome:
        """Submits a command; who enters a class has claimed it as their one class. Raises BusError."""
        one_class = OneClass(self._parts.bus, self._parts.edge, self._parts.clock)
        match asked.command:
            case JoinSession():
                return await one_class.join(room.state, asked)
            case LeaveSession():
                return await one_class.leave(asked, room.state_at)
            case _:
                return await self._parts.bus.commands.submit(asked)

    def _claim(self, outcome: Outcome) -> None:
        match outcome:
            case Accepted(seq=seq):
                self._viewer.claim = seq
            case Rejected(code=code) if code not in (Code.LOG_UNAVAILABLE, Code.EXPIRED):
                self._viewer.claim = 0

    def _answer(self, frame: CommandFrame, outcome: Outcome) -> None:
        match outcome:
            case Accepted(seq=seq):
                COMMANDS.labels("accepted").inc()
                self._parts.hub.log_answered()
                answer = AnswerFrame(frame.id, True, seq=seq)
            case Rejected(code=code, message=message):
                COMMANDS.labels(code.value).inc()
                if code is Code.LOG_UNAVAILABLE:
                    self._parts.hub.log_failed()
                answer = AnswerFrame(frame.id, False, code=code, message=message)
        self._viewer.answer(encode(answer))

    # --- media and signals -----------------------------------------------------------------------
    def _media(self, room: OpenRoom, group: asyncio.TaskGroup, frame: MediaFrame) -> None:
        if self._requests >= CONNECTION_MEDIA_IN_FLIGHT_MAX:
            refusal = MediaResultFrame(
                frame.id, False, code="limit_reached", message="Too many media requests are waiting."
            )
            self._viewer.answer(encode(refusal))
            return
        self._requests += 1
        self._start(group, self._forward(room, frame))

    async def _forward(self, room: OpenRoom, frame: MediaFrame) -> None:
        try:
            result = await forward(self._parts.bus, room, self._viewer, frame)
        finally:
            self._requests -= 1
        self._viewer.answer(encode(result))

    async def _signal(self, room: OpenRoom, frame: SignalFrame) -> None:
        """Passes an ephemeral signal on; from people in class only, and never waited for."""
        if frame.kind not in CLIENT_SIGNALS or self._viewer.participant not in room.state.participants:
            return
        signal = Signal(frame.data, frame.to, self._viewer.participant)
        try:
            await self._parts.bus.core.publish(subjects.signal(room.key, frame.kind), _json.encode(signal))
        except BusError:
            return
