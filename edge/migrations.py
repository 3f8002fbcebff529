"""Numbered SQL files become the schema ``identity``, each once, each in its own transaction."""

import hashlib
import re
from importlib.resources import files

import asyncpg
from msgspec import Struct

from edge.clock import now_ms

_FILE = re.compile(r"^(\d{4})_(\w+)\.sql$")

# Two processes that start at once take turns. The number only has to be ours alone in this database.
_LOCK = 0x6364_6964  # "cdid"

_BOOKKEEPING = """
create schema if not exists identity;
create table if not exists identity.migration (
    number     integer primary key,
    name       text    not null,
    sha256     text    not null,
    applied_at bigint  not null
);
"""


class MigrationError(Exception):
    """The database was migrated by files that differ from these."""


class Migration(Struct, frozen=True):
    """One file."""

    number: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        """Tells whether an applied file was edited afterwards."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations() -> tuple[Migration, ...]:
    """All files, in order."""
    found = []
    for file in (files("edge") / "sql").iterdir():
        name = _FILE.match(file.name)
        if name is not None:
            found.append(Migration(int(name[1]), name[2], file.read_text()))
    return tuple(sorted(found, key=lambda m: m.number))


async def migrate(dsn: str) -> int:
    """Applies what is missing and returns how many files that were. Raises MigrationError."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        await connection.execute(_BOOKKEEPING)
        return sum([await _apply(connection, migration) for migration in migrations()])
    finally:
        await connection.close()  # Also ends the lock.


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration) -> int:
    known = await connection.fetchval(
        "select sha256 from identity.migration where number = $1", migration.number
    )
    if known == migration.sha256:
        return 0
    if known is not None:
        raise MigrationError(
            f"Migration {migration.number} was applied in another form; add a new file instead of editing it."
        )
    async with connection.transaction():
        await connection.execute(migration.text)
        await connection.execute(
            "insert into identity.migration (number, name, sha256, applied_at) values ($1, $2, $3, $4)",
            migration.number,
            migration.name,
            migration.sha256,
            now_ms(),
        )
    return 1
