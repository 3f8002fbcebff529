"""Chat messages: what the edge asks, for one reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from projectors.model import queries
from schemas.ids import MessageId, ParticipantId, RoomKey
from schemas.messages import MessageFormat
from schemas.reactions import Reaction

if TYPE_CHECKING:
    from projectors.reads import Pool

_sql = queries("chat")


class ReactionRow(Struct, frozen=True):
    """How many feel so."""

    reaction: Reaction
    count: int


class MessageRow(Struct, frozen=True):
    """A chat message. Of a deleted one only its place and its author are left.

    ``to`` is ``everyone``, ``staff`` or one participant. ``held``: only its author and staff see it,
    because staff have not approved it, or have ``rejected`` it.
    """

    id: MessageId
    seq: int
    at: int
    participant: ParticipantId
    display_name: str
    text: str
    format: MessageFormat
    to: ParticipantId
    reply_to: MessageId | None
    edited_at: int | None
    deleted_at: int | None
    pinned: bool
    held: bool
    rejected: bool
    reactions: tuple[ReactionRow, ...]


async def messages(
    pool: Pool, key: RoomKey, before: int | None, limit: int, *, reader: ParticipantId, is_staff: bool
) -> tuple[MessageRow, ...]:
    """The last ``limit`` messages before a seq (None: the latest) that this reader may see, by seq.

    Private ones are only for their two people, whoever else is staff.
    """
    rows = await pool.fetch(_sql["history"], key.tenant, key.room, before, limit, reader, is_staff)
    return tuple(
        msgspec.convert({**row, "reactions": msgspec.json.decode(row["reactions"])}, MessageRow)
        for row in reversed(rows)
    )
