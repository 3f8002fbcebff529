"""What must outlive the process: that a room is not at rest, where its media is, jobs, snapshots.

Written after the commit and before the command is acknowledged. The ``deadline`` bucket is the list
of rooms that are not at rest: whoever takes a partition reads it to know whom to look after. Its
``due`` may be earlier than the true one, never later, so that a reconnecting person costs no write.
"""

import logging

import msgspec
from msgspec import Struct

from bus.interface import BusError
from rooms.follower import save
from rooms.retention import Work
from rooms.service import metrics
from rooms.service.context import Context
from rooms.snapshot import Position
from rooms.watch import Watched
from schemas.ids import RoomKey
from schemas.registry import RoomRoute
from schemas.subjects import DEADLINE, ROOM_ROUTE, room_kv_key

log = logging.getLogger(__name__)


class Due(Struct, frozen=True):
    """A room in the ``deadline`` bucket: it is not at rest, and not to be woken before ``due``."""

    due: int | None


class Kept(Struct, frozen=True):
    """What is known to be written about a room."""

    due: Due | None
    route: RoomRoute | None
    jobs: frozenset[Work]


async def read_kept(context: Context, key: RoomKey) -> Kept:
    """What a predecessor wrote; its jobs are unknown and are put again. Raises BusError."""
    name = room_kv_key(key)
    due = await context.bus.bucket(DEADLINE).get(name)
    route = await context.bus.bucket(ROOM_ROUTE).get(name)
    return Kept(
        msgspec.json.decode(due.value, type=Due) if due else None,
        msgspec.json.decode(route.value, type=RoomRoute) if route else None,
        frozenset(),
    )


async def keep(context: Context, key: RoomKey, room: Watched, kept: Kept) -> Kept:
    """Writes what differs; returns what is written now. Raises BusError."""
    due = await _keep_due(context, key, room, kept.due)
    if room.route != kept.route:
        await _write(context, ROOM_ROUTE, key, room.route)
    for work in room.jobs:
        if work not in kept.jobs:
            body = msgspec.json.encode({"recording": work.recording})
            await context.bus.jobs.put(work.kind, key, body, job_id=work.id)
    return Kept(due, room.route, frozenset(room.jobs))


async def _keep_due(context: Context, key: RoomKey, room: Watched, kept: Due | None) -> Due | None:
    if room.is_at_rest:
        if kept is not None:
            await _write(context, DEADLINE, key, None)
        return None
    if kept is not None and (room.due is None or (kept.due is not None and kept.due <= room.due)):
        return kept
    due = Due(room.due)
    await _write(context, DEADLINE, key, due)
    return due


async def _write(context: Context, bucket: str, key: RoomKey, value: Struct | None) -> None:
    name = room_kv_key(key)
    if value is None:
        await context.bus.bucket(bucket).delete(name)
    else:
        await context.bus.bucket(bucket).put(name, msgspec.json.encode(value))


async def save_snapshot(context: Context, position: Position) -> bool:
    """Shortens the next reading of this room. Not doing it costs time, nothing else. Whether it is done."""
    try:
        await save(context.bus, position)
    except BusError as error:
        metrics.SNAPSHOTS.labels("failed").inc()
        log.warning("snapshot of %s: %s", position.state.key, error)
        return False
    metrics.SNAPSHOTS.labels("written").inc()
    return True
