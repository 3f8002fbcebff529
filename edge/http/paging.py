"""Cursors of lists that are the latest first: a time and an id, in a form that nobody needs to read."""

import re
from collections.abc import Sequence
from typing import Protocol

from edge.problems import malformed

CURSOR_CHARS_MAX = 60
_CURSOR = re.compile(r"(\d{1,15})\.([A-Za-z0-9_-]{1,40})")


class Listed(Protocol):
    """What stands in such a list."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def created_at(self) -> int: ...  # noqa: D102


def after(cursor: str | None) -> tuple[int, str] | None:
    """Where the last page ended. Raises Problem 422."""
    if cursor is None:
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise malformed("This cursor is none of ours.")
    return int(found[1]), found[2]


def next_cursor(rows: Sequence[Listed], limit: int) -> str | None:
    """What asks for the next page; None after the last. ``rows`` has one more than the page, if there is."""
    return f"{rows[limit - 1].created_at}.{rows[limit - 1].id}" if len(rows) > limit else None
