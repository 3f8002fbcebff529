"""A room's state as a value in ``room_snapshot``: ``{"seq", "stream_seq", "state"}``, compressed.

A snapshot only shortens reading: the log is complete without it. One of another ``FORM``, or one that
cannot be read, is as good as none.
"""

import zlib

import msgspec
from msgspec import Struct

from rooms.room import initial
from rooms.state import RoomState
from schemas.ids import RoomKey
from schemas.limits import SNAPSHOT_INLINE_BYTES_MAX

FORM = 2
"""To be raised whenever the fold of old events gives another state than it did."""

_JSON_BYTES_MAX = 20 * SNAPSHOT_INLINE_BYTES_MAX  # What deflate can make of it; more is no snapshot of ours.


class Position(Struct, frozen=True):
    """A state and where in the log it holds."""

    state: RoomState
    stream_seq: int


class _Stored(Struct, frozen=True):
    form: int
    seq: int
    stream_seq: int
    state: RoomState


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Stored)


def start(key: RoomKey) -> Position:
    """Before the first commit."""
    return Position(initial(key), 0)


def encode(position: Position) -> bytes | None:
    """The stored form; None if the state is too large to be kept inline."""
    state = position.state
    body = _encoder.encode(_Stored(FORM, state.seq, position.stream_seq, state))
    packed = zlib.compress(body, 6)
    return packed if len(packed) <= SNAPSHOT_INLINE_BYTES_MAX else None


def decode(key: RoomKey, packed: bytes) -> Position | None:
    """The position that was stored for this room; None if this build cannot use it."""
    try:
        body = zlib.decompressobj().decompress(packed, _JSON_BYTES_MAX)
        stored = _decoder.decode(body)
    except (zlib.error, msgspec.DecodeError):
        return None
    if stored.form != FORM or stored.state.key != key:
        return None
    return Position(stored.state, stored.stream_seq)
