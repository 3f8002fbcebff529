"""Looks after the rooms of one partition that are not at rest, by sending them commands.

What to send is ``rooms.watch.wishes``, a pure function of what the room needs, who is there, and the
time; what to tell other rooms is ``rooms.errands.errands``. What is under way is not asked twice; a wish
that changed nothing is made again a second later, and so is what was not heard.
"""

import asyncio
import logging

from msgspec.structs import replace

from bus.interface import BusError
from rooms.errands import Errand, Told, errands, is_answer
from rooms.service import metrics
from rooms.service.context import ACTOR, Context
from rooms.watch import Watched, Wish, wishes
from schemas.commands import Command
from schemas.envelope import Envelope, Rejected, RemoteFormatError
from schemas.ids import RoomKey
from schemas.limits import ROOM_WISH_RETRY_S

log = logging.getLogger(__name__)


class Steward:
    """The rooms of a partition that are not at rest, and what is asked of them at the moment."""

    def __init__(self, context: Context, partition: int, tasks: asyncio.TaskGroup) -> None:
        self._context = context
        self._tasks = tasks
        self._rooms: dict[RoomKey, Watched] = {}
        self._changed: set[RoomKey] = set()
        self._told: dict[RoomKey, dict[RoomKey, Told]] = {}
        self._asking: set[tuple[RoomKey, RoomKey, type[Command]]] = set()
        self._wake = asyncio.Event()
        self._everybody = asyncio.Event()
        self._gauge = metrics.WATCHED.labels(str(partition))

    def note(self, key: RoomKey, room: Watched) -> None:
        """What a room needs after its latest commit."""
        known = self._rooms.get(key)
        if room.is_at_rest:
            self._rooms.pop(key, None)
            self._told.pop(key, None)
        else:
            self._rooms[key] = room
        self._gauge.set(len(self._rooms))
        if known is None or replace(known, seq=room.seq, at=room.at) != room:
            self._changed.add(key)
            self._wake.set()

    async def run(self) -> None:
        """Makes the wishes of every room when they are due, for ever."""
        neighbours = self._context.neighbours
        neighbours.listeners.add(self._everybody)
        try:
            while True:
                around, now = neighbours.now(), self._context.clock()
                for key in self._due_keys():
                    room = self._rooms.get(key)
                    for wish in wishes(key, room, around, now) if room else ():
                        self._make(key, wish)
                    if room:
                        self._run_errands(key, room)
                await self._pause(now)
        finally:
            neighbours.listeners.discard(self._everybody)
            self._gauge.set(0)

    def _due_keys(self) -> list[RoomKey]:
        """Rooms that changed; all of them when the neighbours did, or time went on."""
        changed, self._changed = self._changed, set()
        if self._wake.is_set() and not self._everybody.is_set():
            self._wake.clear()
            return list(changed)
        self._wake.clear()
        self._everybody.clear()
        return list(self._rooms)

    async def _pause(self, now: int) -> None:
        """Until something changes, or the next deadline; the clock is looked at once a second, because
        it may be set."""
        due = min((r.due for r in self._rooms.values() if r.due is not None), default=None)
        wait_s = ROOM_WISH_RETRY_S
        if due is not None and due > now:
            wait_s = min(wait_s, (due - now) / 1000)
        waiting = [asyncio.ensure_future(event.wait()) for event in (self._wake, self._everybody)]
        try:
            await asyncio.wait(waiting, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    def _make(self, key: RoomKey, wish: Wish) -> None:
        making = (key, key, type(wish.command))
        if making not in self._asking:
            self._asking.add(making)
            self._tasks.create_task(self._ask(key, wish))

    async def _ask(self, key: RoomKey, wish: Wish) -> None:
        before = self._rooms.get(key)
        metrics.WISHES.labels(wish.command.name).inc()
        envelope = Envelope(key, wish.command, wish.id, ACTOR, self._context.deadline())
        try:
            outcome = await self._context.bus.commands.submit(envelope)
            log.info("%s of %s: %s", wish.command.name, key, outcome)
        except (BusError, RemoteFormatError) as error:
            log.warning("%s of %s: %s", wish.command.name, key, error)
        if self._rooms.get(key) is before:
            await asyncio.sleep(ROOM_WISH_RETRY_S)
        self._asked(key, key, wish.command)

    def _run_errands(self, key: RoomKey, room: Watched) -> None:
        told = self._told.get(key, {})
        for errand in errands(key, room.seq, room.others, told):
            running = (key, errand.to, type(errand.command))
            if running not in self._asking:
                self._asking.add(running)
                self._tasks.create_task(self._run_errand(key, errand))

    async def _run_errand(self, key: RoomKey, errand: Errand) -> None:
        """Says it once. What was refused, or not heard, is said again a moment later."""
        command = errand.command
        metrics.WISHES.labels(command.name).inc()
        envelope = Envelope(errand.to, command, errand.id, ACTOR, self._context.deadline())
        pause_s = max(errand.pause_s, ROOM_WISH_RETRY_S)
        try:
            outcome = await self._context.bus.commands.submit(envelope)
        except (BusError, RemoteFormatError) as error:
            log.warning("%s of %s for %s: %s", command.name, errand.to, key, error)
        else:
            log.info("%s of %s for %s: %s", command.name, errand.to, key, outcome)
            refused = outcome.code if isinstance(outcome, Rejected) else None
            if key in self._rooms:
                self._told.setdefault(key, {})[errand.to] = Told(errand.says, refused)
            if refused is None or is_answer(command, refused):
                pause_s = errand.pause_s
        await asyncio.sleep(pause_s)
        self._asked(key, errand.to, command)

    def _asked(self, key: RoomKey, to: RoomKey, command: Command) -> None:
        self._asking.discard((key, to, type(command)))
        self._changed.add(key)
        self._wake.set()
