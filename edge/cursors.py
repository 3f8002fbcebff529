"""Where the next page of a list begins: opaque to clients, and only what we gave out for this very list.

A cursor is the position of a page's last row, signed under the key ring and bound to the list and its asker's
tenant. A made-up or altered one, or one of another list, is malformed; it never reaches a query.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated

import msgspec
from litestar.params import QueryParameter

from edge.parts import Parts
from edge.problems import malformed
from schemas.limits import CURSOR_CHARS_MAX, EXACT_INTEGER_MAX, PAGE_ROWS_MAX

Cursor = Annotated[str | None, QueryParameter(max_length=CURSOR_CHARS_MAX)]
"""The parameter of a handler whose list has pages."""

Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_ROWS_MAX)]
"""How many rows a page has."""

Before = Annotated[int | None, QueryParameter(ge=1, le=EXACT_INTEGER_MAX)]
"""Rows before this seq, or this time, of a history; None: the latest."""

_MAC_BYTES = 9  # 72 bits: nobody guesses one at the rates that are allowed.

Position = tuple[int | str, ...]


def cursor_of(parts: Parts, name: str, tenant: str, position: Position) -> str:
    """The cursor behind a page's last row."""
    body = msgspec.json.encode(position)
    return f"{_text(body)}.{_text(_mac(parts, name, tenant, body))}"


def position_of(parts: Parts, name: str, tenant: str, cursor: str | None) -> Position | None:
    """Where a page begins; None: at the beginning. Raises Problem 422."""
    if cursor is None:
        return None
    encoded, _, mac = cursor.partition(".")
    try:
        body = _bytes(encoded)
        if hmac.compare_digest(_bytes(mac), _mac(parts, name, tenant, body)):
            return msgspec.json.decode(body, type=Position)
    except (ValueError, msgspec.DecodeError):
        pass
    raise malformed("cursor: not one that this list gave out.")


def number_of(parts: Parts, name: str, tenant: str, cursor: str | None) -> int | None:
    """The same for lists in order of one number."""
    position = position_of(parts, name, tenant, cursor)
    if position is None:
        return None
    assert isinstance(position[0], int), "we signed it"
    return position[0]


def _mac(parts: Parts, name: str, tenant: str, body: bytes) -> bytes:
    about = f"{name}\n{tenant}\n".encode()
    return hmac.digest(parts.ring.derive("cursor"), about + body, hashlib.sha256)[:_MAC_BYTES]


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    if not text.isascii():
        raise ValueError("not ASCII")
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
