"""The runner: reads the whole log, applies it to every model, and keeps its position beside the rows.

One transaction holds a batch's rows and the new checkpoint. It begins by locking the checkpoint's row
and leaves out what lies at or before it. Therefore a batch that was interrupted leaves nothing behind,
a batch that comes twice is applied once, and of two runners one waits and then has nothing to do.
"""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

import asyncpg

from bus.holes import Holes
from bus.interface import BusError, Log, Stored
from projectors import metrics
from projectors.archived import cover, covered
from projectors.database import FINGERPRINT, MODELS, SCHEMA, connect
from projectors.model import Fact, Model, Write, queries
from schemas.envelope import UnknownEvent
from schemas.ids import RoomKey
from schemas.limits import PROJECTOR_BATCH_COMMITS, PROJECTOR_LAG_INTERVAL_S, PROJECTOR_RETRY_S

if TYPE_CHECKING:
    from projectors.database import Connection

_checkpoint = queries("checkpoint")
_log = logging.getLogger("projectors")

# The database is away, going, full or busy, or a rebuild has just swapped the tables: none of it is our
# mistake, and all of it is mended by asking again.
_TROUBLE = (
    OSError,
    TimeoutError,
    BusError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # Seen when a backend ends between two statements: the connection is lost.
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.UndefinedTableError,
)


class RewoundTablesError(asyncpg.InterfaceError):
    """The tables are at an earlier position than this runner left them at: follow again from there."""


class ForeignTablesError(Exception):
    """The tables are those of another build; run the migration of this one."""


class Runner:
    """Applies the log to the tables of a schema, for ever."""

    def __init__(self, log: Log, dsn: str, schema: str = SCHEMA) -> None:
        self._standing: str | None = "not connected yet"
        self._unmeasured: str | None = None
        self._log = log
        self._dsn = dsn
        self._schema = schema

    @property
    def trouble(self) -> str | None:
        """None while all is well. A quiet log hides a lost database from the one that applies, not from the
        one that measures: either of them says it."""
        return self._standing or self._unmeasured

    async def run(self) -> None:
        """Never returns; a failure that is not trouble of the outside world is raised."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._measure())
            group.create_task(self._apply_for_ever())

    async def _apply_for_ever(self) -> None:
        while True:
            try:
                async with connect(self._dsn, self._schema) as connection:
                    await self._follow(connection)
            except _TROUBLE as error:
                _stay_cancelled()
                self._standing = f"{type(error).__name__}: {error}"
                _log.warning("read models stand still: %s", self._standing)
            await asyncio.sleep(PROJECTOR_RETRY_S)

    async def _follow(self, connection: Connection) -> None:
        position = await connection.fetchval(_checkpoint["peek"])
        holes = Holes(position)
        async with self._log.follow_all(after_stream_seq=position, batch=PROJECTOR_BATCH_COMMITS) as batches:
            self._standing = None
            async for batch in batches:
                if holes.wants_archive(batch):
                    holes.filled(await apply_archives(self._log, connection))
                holes.check(batch)
                position = await apply(connection, batch, after=position)
                metrics.CHECKPOINT.set(position)

    async def _measure(self) -> None:
        while True:
            try:
                async with connect(self._dsn, self._schema) as connection:
                    position = await connection.fetchval(_checkpoint["peek"])
                metrics.LAG.set(await self._log.last_stream_seq() - position)
                self._unmeasured = None
            except _TROUBLE as error:
                _stay_cancelled()
                self._unmeasured = f"lag unknown: {type(error).__name__}: {error}"
                _log.info(self._unmeasured)
            await asyncio.sleep(PROJECTOR_LAG_INTERVAL_S)


def _stay_cancelled() -> None:
    """A transaction that cannot roll back on a cut connection says so in place of a cancellation."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def apply(
    connection: Connection, batch: Sequence[Stored], *, after: int, through: int | None = None
) -> int:
    """Applies what of a batch lies beyond the checkpoint (and not beyond ``through``), in one transaction.

    ``after`` is the position that the batch follows. Returns the checkpoint. Raises RewoundTablesError.
    """
    async with connection.transaction():
        position = await _lock(connection)
        if position < after:
            raise RewoundTablesError(f"tables at {position}, runner at {after}")
        beyond = [s for s in batch if position < s.stream_seq <= (through or s.stream_seq)]
        if not beyond:
            return position
        done = await covered(connection, beyond, position)
        facts = await _write_all(connection, [s for s in beyond if s.stream_seq > done.get(s.key, 0)])
        position = beyond[-1].stream_seq
        await connection.execute(_checkpoint["advance"], position)
    _count(facts)
    return position


async def apply_archives(
    log: Log, connection: Connection, *, through: int | None = None
) -> dict[RoomKey, int]:
    """Applies what archived logs hold beyond the checkpoint (and not beyond ``through``). Returns how far
    each of them reaches. Raises Purged, Unavailable."""
    position = await connection.fetchval(_checkpoint["peek"])
    reached: dict[RoomKey, int] = {}
    for archived in await log.archives():
        if archived.last > position:
            batch: list[Stored] = []
            async for stored in log.read_archived(archived):
                batch.append(stored)
                reached[archived.key] = stored.stream_seq
                if len(batch) == PROJECTOR_BATCH_COMMITS:
                    await _apply_archived(connection, batch, through)
                    batch = []
            await _apply_archived(connection, batch, through)
    return reached


async def _apply_archived(connection: Connection, batch: Sequence[Stored], through: int | None) -> None:
    """Applies what of one room's batch is not applied yet, in one transaction."""
    async with connection.transaction():
        position = await _lock(connection)
        done = await covered(connection, batch, position)
        fresh = [
            s for s in batch if max(position, done.get(s.key, 0)) < s.stream_seq <= (through or s.stream_seq)
        ]
        if not fresh:
            return
        facts = await _write_all(connection, fresh)
        await cover(connection, fresh[-1].key, fresh[-1].stream_seq)
    _count(facts)


async def _lock(connection: Connection) -> int:
    """The checkpoint, held until the transaction ends. Raises ForeignTablesError."""
    row = await connection.fetchrow(_checkpoint["lock"])
    assert row is not None, "the migration writes the checkpoint's row"
    if row["definition"] != FINGERPRINT:
        raise ForeignTablesError(ForeignTablesError.__doc__)
    position: int = row["stream_seq"]
    return position


async def _write_all(connection: Connection, commits: Sequence[Stored]) -> list[Fact]:
    """Every model's rows of these commits."""
    facts = [fact for stored in commits for fact in _facts(stored)]
    for model in MODELS:
        await _write(connection, model, facts)
    return facts


def _facts(stored: Stored) -> Iterable[Fact]:
    commit = stored.commit
    return (
        Fact(stored.key, commit.seq + i, commit.at, e.data, commit.actor) for i, e in enumerate(commit.events)
    )


async def _write(connection: Connection, model: Model, facts: Sequence[Fact]) -> None:
    """Executes a model's writes, each room's in order; a run of the same statement travels as one."""
    for query, rows in runs(write for fact in facts for write in model.writes(fact)):
        await connection.executemany(query, rows)


def runs(writes: Iterable[Write]) -> list[tuple[str, list[tuple[object, ...]]]]:
    """Statements with the arguments of their executions, as few as keep the order of each room's writes.

    Rooms share no rows, so a write may go into any run of its statement that is not before the last write
    whose rows it may touch. Writes of a run that only add to the same rows become one with the sums.
    """
    made: list[tuple[str, list[Write]]] = []
    of_query: dict[str, list[int]] = defaultdict(list)
    last: dict[tuple[object, ...], int] = defaultdict(int)  # Of a room; of what is narrower, of that alone.
    last_wide: dict[tuple[object, ...], int] = defaultdict(int)
    for write in writes:
        room, known = write.args[:2], of_query[write.query]
        rows = write.args[:3] if write.narrow else room
        floor = max(last[rows], last_wide[room]) if write.narrow else last[room]
        place = bisect_left(known, floor)
        if place == len(known):
            known.append(len(made))
            made.append((write.query, []))
        at = known[place]
        made[at][1].append(write)
        last[rows], last[room] = at, max(last[room], at)
        if not write.narrow:
            last_wide[room] = at
    return [(query, _summed(run)) for query, run in made]


def _summed(run: Sequence[Write]) -> list[tuple[object, ...]]:
    adds = run[0].adds
    if not adds:
        return [write.args for write in run]
    sums: dict[tuple[object, ...], list[int]] = {}
    for write in run:
        key, amounts = write.args[:-adds], cast("tuple[int, ...]", write.args[-adds:])
        known = sums.setdefault(key, [0] * adds)
        sums[key] = [a + b for a, b in zip(known, amounts, strict=True)]
    return [(*key, *amounts) for key, amounts in sums.items()]


def _count(facts: Sequence[Fact]) -> None:
    unknown = sum(isinstance(fact.data, UnknownEvent) for fact in facts)
    metrics.EVENTS.inc(len(facts))
    metrics.UNKNOWN.inc(unknown)
