"""What is on a page of a whiteboard or of slides: what the edge asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Raw, Struct

from projectors.model import queries
from schemas.ids import BoardId, PageId, ParticipantId, RoomKey

if TYPE_CHECKING:
    from projectors.reads import Pool

_sql = queries("boards")


class ElementRow(Struct, frozen=True):
    """An element as it was drawn last, and who drew it first."""

    author: ParticipantId
    element: Raw


class PageRow(Struct, frozen=True):
    """A page: everything that is on it after the event ``seq``."""

    seq: int
    generation: int
    elements: tuple[ElementRow, ...]


async def page(pool: Pool, key: RoomKey, board: BoardId, page_id: PageId) -> PageRow | None:
    """What is on a page; None when there is no such page (yet)."""
    rows = await pool.fetch(_sql["page"], key.tenant, key.room, board, page_id)
    if not rows:
        return None
    elements = tuple(
        ElementRow(ParticipantId(row["author"]), Raw(row["body"].encode()))
        for row in rows
        if row["element"] is not None
    )
    return PageRow(rows[0]["seq"], rows[0]["generation"], elements)
