"""Excalidraw's elements as the rules read them: four fields of JSON that is otherwise not ours.

What enters the log is read by every follower for ever, so it is checked to the last byte: its size, its
depth (a reader recurses), and that it is UTF-8 (a reader that skips a string does not look).
"""

import re
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from schemas.ids import TOKEN_PATTERN, ElementId
from schemas.limits import ELEMENT_BYTES_MAX, ELEMENT_DEPTH_MAX

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class Element(Struct, frozen=True, rename="camel"):
    """What of an element is read. ``bytes`` is its whole size."""

    id: Annotated[ElementId, Meta(pattern=TOKEN_PATTERN)]
    version: Annotated[int, Meta(ge=0, le=1 << 53)]
    version_nonce: Annotated[int, Meta(ge=0, le=1 << 32)]
    is_deleted: bool = False

    @property
    def nonce(self) -> int:
        """Excalidraw's name for it says which version it belongs to."""
        return self.version_nonce


class RemoteElementError(ValueError):
    """This is not an element that can be kept."""


_decoder = msgspec.json.Decoder(Element)


def read(raw: Raw) -> Element:
    """The element in this JSON, which is on the log or was checked."""
    return _decoder.decode(raw)


def check(raw: Raw) -> Element:
    """The element in JSON that somebody sent. Raises RemoteElementError."""
    body = bytes(raw)
    if len(body) > ELEMENT_BYTES_MAX:
        raise RemoteElementError(f"An element has at most {ELEMENT_BYTES_MAX} bytes.")
    if _depth(body) > ELEMENT_DEPTH_MAX:
        raise RemoteElementError("An element is not nested as deep as this.")
    try:
        body.decode()
        return read(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RemoteElementError(f"element: {error}") from error


def _depth(body: bytes) -> int:
    depth = deepest = 0
    for bracket in _STRINGS.sub(b"", body).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest
