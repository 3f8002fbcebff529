"""Rebuild: all tables again from the first commit, in a shadow schema, and compared with the live ones.

While the two are compared the live checkpoint's row is locked, so that both stand at one position. Two
hashes per table are compared row by row; what differs is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, structs

from bus.holes import Holes
from bus.interface import Log, Purged
from projectors.database import SCHEMA, SHADOW, TABLES, connect, migrate
from projectors.model import queries
from projectors.runner import apply, apply_archives
from schemas.limits import PROJECTOR_BATCH_COMMITS, PROJECTOR_SAMPLE_ROWS

if TYPE_CHECKING:
    from projectors.database import Connection

_checkpoint = queries("checkpoint")
_sql = queries("rebuild")


class TableReport(Struct, frozen=True):
    """One table: rows and hash of both, and some of the rows that only one of them has."""

    table: str
    rows_live: int
    rows_rebuilt: int
    hash_live: str
    hash_rebuilt: str
    only_live: tuple[str, ...] = ()
    only_rebuilt: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether both have the same rows."""
        return (self.rows_live, self.hash_live) == (self.rows_rebuilt, self.hash_rebuilt)


class RebuildReport(Struct, frozen=True):
    """What a rebuild found at stream sequence ``position``."""

    position: int
    tables: tuple[TableReport, ...]
    swapped: bool

    @property
    def is_same(self) -> bool:
        """Whether the live tables are what the log says."""
        return all(table.is_same for table in self.tables)


async def verify(log: Log, dsn: str) -> RebuildReport:
    """Rebuilds into the shadow, compares, and drops the shadow."""
    return await _rebuild(log, dsn, swap=False)


async def rebuild(log: Log, dsn: str) -> RebuildReport:
    """Rebuilds into the shadow, compares, and puts the shadow in the place of the live tables."""
    return await _rebuild(log, dsn, swap=True)


async def _rebuild(log: Log, dsn: str, *, swap: bool) -> RebuildReport:
    await migrate(dsn)
    async with connect(dsn) as live:
        await live.execute(_sql["alone"])  # Two rebuilds would share the shadow; held until we disconnect.
        await live.execute(f"drop schema if exists {SHADOW} cascade")
        await migrate(dsn, SHADOW)
        async with connect(dsn, SHADOW) as shadow:
            await _catch_up(log, shadow, await live.fetchval(_checkpoint["peek"]))
            async with live.transaction():
                if swap:
                    await live.execute(_sql["fence"])
                row = await live.fetchrow(_checkpoint["lock"])
                assert row is not None, "the migration writes the checkpoint's row"
                position: int = row["stream_seq"]
                await _catch_up(log, shadow, position)
                tables = [await _compare(live, table) for table in TABLES]
                for statement in _SWAP if swap else _DROP:
                    await live.execute(statement)
    return RebuildReport(position, tuple(tables), swap)


_ATTEMPTS = 3  # A log is put away after days of rest: hardly ever while it is read, never thrice.
_DROP = (f"drop schema {SHADOW} cascade",)
_SWAP = (f"drop schema {SCHEMA} cascade", f"alter schema {SHADOW} rename to {SCHEMA}")


async def _catch_up(log: Log, shadow: Connection, goal: int) -> None:
    """Applies the log up to a position; what was put away meanwhile, from the archive."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            await _follow(log, shadow, goal)
            return
        except Purged:
            if attempt == _ATTEMPTS:
                raise


async def _follow(log: Log, shadow: Connection, goal: int) -> None:
    reached: int = await shadow.fetchval(_checkpoint["peek"])
    if reached >= goal:
        return
    holes = Holes(reached)
    async with log.follow_all(after_stream_seq=reached, batch=PROJECTOR_BATCH_COMMITS) as batches:
        async for batch in batches:
            if holes.wants_archive(batch):
                holes.filled(await apply_archives(log, shadow, through=goal))
            holes.check(batch)
            reached = await apply(shadow, batch, after=reached, through=goal)
            if reached >= goal or batch[-1].stream_seq >= goal:  # The message at the goal may be purged.
                return


async def _compare(connection: Connection, table: str) -> TableReport:
    live, rebuilt = f"{SCHEMA}.{table}", f"{SHADOW}.{table}"
    count_live, hash_live = await connection.fetchrow(_sql["hash"].replace("_table_", live)) or (0, "")
    count_rebuilt, hash_rebuilt = await connection.fetchrow(_sql["hash"].replace("_table_", rebuilt)) or (
        0,
        "",
    )
    report = TableReport(table, count_live, count_rebuilt, hash_live, hash_rebuilt)
    if report.is_same:
        return report
    return structs.replace(
        report,
        only_live=await _difference(connection, live, rebuilt),
        only_rebuilt=await _difference(connection, rebuilt, live),
    )


async def _difference(connection: Connection, one: str, other: str) -> tuple[str, ...]:
    query = _sql["difference"].replace("_one_", one).replace("_other_", other)
    return tuple(row[0] for row in await connection.fetch(query, PROJECTOR_SAMPLE_ROWS))
