"""The tables: made if missing, made again from nothing when their definition has changed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from projectors import (
    audit,
    boards,
    breakouts,
    chat,
    consents,
    engagement,
    features,
    files,
    floor,
    lessons,
    notes,
    polls,
    pulse,
    quality,
    questions,
    recordings,
    rooms,
    roster,
    studio,
    tracks,
)
from projectors.model import queries
from schemas.limits import PROJECTOR_STATEMENT_S, PROJECTOR_STATEMENTS_MAX

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SCHEMA = "read"
SHADOW = "read_shadow"
MODELS = (
    rooms.MODEL,
    roster.MODEL,
    chat.MODEL,
    floor.MODEL,
    tracks.MODEL,
    recordings.MODEL,
    audit.MODEL,
    lessons.MODEL,
    questions.MODEL,
    polls.MODEL,
    pulse.MODEL,
    studio.MODEL,
    notes.MODEL,
    boards.MODEL,
    files.MODEL,
    breakouts.MODEL,
    consents.MODEL,
    engagement.MODEL,
    features.MODEL,
    quality.MODEL,
)
TABLES = tuple(table for model in MODELS for table in model.tables)

_checkpoint = queries("checkpoint")
_DEFINITION = "\n".join((_checkpoint["tables"], *(model.definition for model in MODELS)))
FINGERPRINT = hashlib.sha256(_DEFINITION.encode()).hexdigest()
_MIGRATION_LOCK = 0x636C6173  # "clas": two processes that start at once make the tables once.


@asynccontextmanager
async def connect(dsn: str, schema: str = SCHEMA) -> AsyncIterator[Connection]:
    """A connection whose unqualified table names are those of ``schema``."""
    assert re.fullmatch(r"[a-z_]+", schema), schema
    connection = await asyncpg.connect(
        dsn,
        server_settings={"search_path": schema},
        command_timeout=PROJECTOR_STATEMENT_S,
        statement_cache_size=PROJECTOR_STATEMENTS_MAX,
    )
    try:
        yield connection
    finally:
        connection.terminate()  # Nothing is worth waiting for: what was not committed is applied again.


async def migrate(dsn: str, schema: str = SCHEMA) -> bool:
    """Makes the tables; returns whether they were made from nothing.

    The log is the truth: tables of another definition are dropped, and the runner fills them again.
    """
    async with connect(dsn, schema) as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _MIGRATION_LOCK)
        if await _present_definition(connection, schema) == FINGERPRINT:
            return False
        await connection.execute(f"drop schema if exists {schema} cascade")
        await connection.execute(f"create schema {schema}")
        await connection.execute(_DEFINITION)
        await connection.execute(_checkpoint["begin"], FINGERPRINT)
    return True


async def _present_definition(connection: Connection, schema: str) -> str | None:
    if await connection.fetchval("select to_regclass($1)", f"{schema}.checkpoint") is None:
        return None
    found: str | None = await connection.fetchval(_checkpoint["definition"])
    return found
