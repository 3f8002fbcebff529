"""One owned partition of CMD: every room in its own lane, rooms side by side, a bounded number at once."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator

from bus.interface import BusError, Delivery, Lease
from rooms.service import metrics
from rooms.service.care import Kept, keep, read_kept, save_snapshot
from rooms.service.context import Context
from rooms.service.desk import DeposedError, Desk
from rooms.service.steward import Steward
from schemas.envelope import Envelope, Outcome, Rejected, RemoteFormatError, read_envelope
from schemas.ids import RoomId, RoomKey, TenantId
from schemas.limits import (
    COMMANDS_IN_WORK_MAX,
    ROOM_LOADS_AT_ONCE_MAX,
    ROOM_WISH_RETRY_S,
    ROOMS_CACHED_MAX,
    SNAPSHOT_IDLE_S,
)
from schemas.rejections import SENTENCES, Code, Rejection
from schemas.subjects import DEADLINE, PARTITIONS, REPLY_INBOX, dead_letter, partition_commands, partition_of

log = logging.getLogger(__name__)

_ROOMS_MAX = ROOMS_CACHED_MAX // PARTITIONS
_REDELIVER_S = 1.0  # After a command whose consequences could not be written down.


class _Room:
    """A room in hand: its desk, its lane of work, and what is known to be written about it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.lane: deque[Delivery | asyncio.Future[None]] = deque()
        self.is_working = False
        self.kept: Kept | None = None
        self.worked_at_s = 0.0


class Partition:
    """The rooms of one partition. ``over`` is set when somebody else owns it."""

    def __init__(
        self, context: Context, number: int, lease: Lease, tasks: asyncio.TaskGroup, over: asyncio.Event
    ) -> None:
        self._context = context
        self._number = number
        self._lease = lease
        self._tasks = tasks
        self._over = over
        self._rooms: dict[RoomKey, _Room] = {}
        self._steward = Steward(context, number, tasks)
        self._free = asyncio.Semaphore(COMMANDS_IN_WORK_MAX)

    def start(self, deliveries: AsyncIterator[Delivery]) -> None:
        """Begins to decide, and to look after the rooms that are not at rest."""
        for work in (
            self._intake(deliveries),
            self._steward.run(),
            self._open_restless_rooms(),
            self._save_idle_rooms(),
        ):
            self._tasks.create_task(work)

    # --- lanes -----------------------------------------------------------------------------------
    async def _intake(self, deliveries: AsyncIterator[Delivery]) -> None:
        async for delivery in deliveries:
            await self._free.acquire()
            self._put(delivery.key, delivery)

    def _put(self, key: RoomKey, item: Delivery | asyncio.Future[None]) -> None:
        room = self._rooms.pop(key, None) or _Room(Desk(self._context, key, self._lease))
        self._rooms[key] = room  # At the end: the first is the one untouched for longest.
        room.lane.append(item)
        if not room.is_working:
            room.is_working = True
            self._tasks.create_task(self._work(room))
        self._forget_some()

    def _forget_some(self) -> None:
        if len(self._rooms) > _ROOMS_MAX:
            idle = next((k for k, r in self._rooms.items() if not r.is_working), None)
            if idle is not None:
                del self._rooms[idle]

    async def _work(self, room: _Room) -> None:
        """One room's lane: strictly one after the other."""
        try:
            while room.lane:
                item = room.lane.popleft()
                if isinstance(item, asyncio.Future):
                    await self._look_at(room)
                    item.set_result(None)
                else:
                    await self._deal_with(room, item)
        except DeposedError:
            # The rest of the lane is for the new owner, who gets it in order.
            self._over.set()
            return
        room.worked_at_s = asyncio.get_running_loop().time()
        room.is_working = False

    # --- commands --------------------------------------------------------------------------------
    async def _deal_with(self, room: _Room, delivery: Delivery) -> None:
        """Decide, write, answer, write down what follows, acknowledge: in this order."""
        with metrics.SECONDS.time():
            outcome = await self._outcome(room, delivery)
            reply_to = delivery.headers.get(REPLY_INBOX)
            if reply_to:
                await self._context.bus.commands.answer(reply_to, outcome)
        said = outcome.code if isinstance(outcome, Rejected) else "accepted"
        metrics.COMMANDS.labels(delivery.name if said != Code.UNKNOWN_COMMAND else "unknown", said).inc()
        is_kept = await self._keep(room)
        self._tasks.create_task(self._settle(delivery, is_kept=is_kept))
        if room.desk.wants_snapshot:
            await self._save(room)

    async def _outcome(self, room: _Room, delivery: Delivery) -> Outcome:
        try:
            envelope = read_envelope(delivery.key, delivery.name, delivery.headers, delivery.data)
        except RemoteFormatError as error:
            metrics.MALFORMED.inc()
            log.error("a message on CMD is no command of ours: %s", error)
            await self._bury(delivery)
            return Rejected(Code.MALFORMED, SENTENCES[Code.MALFORMED])
        if isinstance(envelope, Rejection):
            return Rejected(envelope.code, envelope.message)
        assert isinstance(envelope, Envelope)
        outcome = await room.desk.carry_out(envelope)
        self._note(room)
        return outcome

    async def _bury(self, delivery: Delivery) -> None:
        """Keeps a copy for people; losing it loses no fact of a class."""
        where = (
            f"{partition_commands(self._number).removesuffix('>')}{delivery.key.tenant}.{delivery.key.room}"
        )
        try:
            await self._context.bus.core.publish(dead_letter(where), delivery.data, delivery.headers)
        except BusError as error:
            log.warning("dead letter of %s is lost: %s", where, error)

    async def _settle(self, delivery: Delivery, *, is_kept: bool) -> None:
        try:
            if is_kept:
                await delivery.ack()
            else:
                await delivery.nak(_REDELIVER_S)
        except BusError as error:
            log.warning("a command is not acknowledged and will come again: %s", error)
        finally:
            self._free.release()

    # --- what follows ----------------------------------------------------------------------------
    def _note(self, room: _Room) -> None:
        if room.desk.watched is not None:
            self._steward.note(room.desk.key, room.desk.watched)

    async def _keep(self, room: _Room) -> bool:
        """Whether everything that must outlive this process is written."""
        desk = room.desk
        if desk.watched is None:
            return True
        try:
            if room.kept is None:
                room.kept = await read_kept(self._context, desk.key)
            await desk.secrets.keep_only(desk.watched.secrets)
            room.kept = await keep(self._context, desk.key, desk.watched, room.kept)
        except BusError as error:
            log.warning("what %s needs cannot be written down: %s", desk.key, error)
            room.kept = None
            return False
        return True

    async def _look_at(self, room: _Room) -> None:
        """Reads a room, looks after it from now on, and writes what a predecessor may have left out."""
        await room.desk.open()
        self._note(room)
        while True:
            if await self._keep(room):
                return
            await asyncio.sleep(ROOM_WISH_RETRY_S)

    async def _open_restless_rooms(self) -> None:
        """Takes over the care of this partition's rooms that are not at rest."""
        while True:
            try:
                entries = await self._context.bus.bucket(DEADLINE).entries()
                break
            except BusError as error:
                log.warning("rooms that are not at rest cannot be listed: %s", error)
                await asyncio.sleep(ROOM_WISH_RETRY_S)
        keys = [RoomKey(TenantId(t), RoomId(r)) for t, _, r in (name.partition(".") for name in entries)]
        loads = asyncio.Semaphore(ROOM_LOADS_AT_ONCE_MAX)
        for key in keys:
            if partition_of(key) == self._number:
                await loads.acquire()
                looked_at: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                looked_at.add_done_callback(lambda _: loads.release())
                self._put(key, looked_at)

    # --- snapshots -------------------------------------------------------------------------------
    async def _save(self, room: _Room) -> None:
        desk = room.desk
        if desk.position is not None:
            desk.unsaved_commits = 0
            if not await save_snapshot(self._context, desk.position):
                desk.unsaved_commits += 1  # Enough to be tried again when the room is idle.

    async def _save_idle_rooms(self) -> None:
        while True:
            await asyncio.sleep(SNAPSHOT_IDLE_S)
            now_s = asyncio.get_running_loop().time()
            for room in list(self._rooms.values()):
                is_idle = not room.is_working and room.worked_at_s + SNAPSHOT_IDLE_S < now_s
                if is_idle and room.desk.unsaved_commits:
                    await self._save(room)


class _OverError(Exception):
    """Ends the tasks of a partition."""


async def serve_partition(context: Context, number: int, lease: Lease, over: asyncio.Event) -> None:
    """Decides the commands of a partition until ``over`` is set or the lease is lost."""
    try:
        async with context.bus.commands.take(number) as deliveries, asyncio.TaskGroup() as tasks:
            lost = tasks.create_task(lease.lost())
            lost.add_done_callback(lambda _: over.set())
            Partition(context, number, lease, tasks, over).start(deliveries)
            await over.wait()
            raise _OverError
    except* _OverError:
        log.info("partition %d is given up", number)
