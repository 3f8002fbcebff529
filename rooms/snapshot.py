"""A room's state as a value in ``room_snapshot``: ``{"seq", "stream_seq", "state"}``, compressed.

One that is too large for a bucket lies in the archive, and the bucket has a ``Pointer`` to it.

A snapshot only shortens reading: the log is complete without it. One of another ``FORM``, or one that
cannot be read, is as good as none.
"""

import hashlib
import zlib

import msgspec
from msgspec import Struct

from rooms.room import initial
from rooms.state import RoomState
from schemas.ids import RoomKey
from schemas.limits import SNAPSHOT_BYTES_MAX, SNAPSHOT_INLINE_BYTES_MAX

FORM = 2
"""To be raised whenever the fold of old events gives another state than it did."""

_DEFLATED = 20  # What deflate makes of a state, at most; more is no snapshot of ours.


class Position(Struct, frozen=True):
    """A state and where in the log it holds. ``unsaved`` commits of it are in no snapshot."""

    state: RoomState
    stream_seq: int
    unsaved: int = 0


class _Stored(Struct, frozen=True):
    form: int
    seq: int
    stream_seq: int
    state: RoomState


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Stored)


class Pointer(Struct, frozen=True):
    """Where a large snapshot lies, and what its bytes must be."""

    form: int
    stream_seq: int
    object: str
    bytes_stored: int
    sha256: str

    def fits(self, body: bytes) -> bool:
        """Whether these are the bytes."""
        return len(body) == self.bytes_stored and hashlib.sha256(body).hexdigest() == self.sha256


_pointers = msgspec.json.Decoder(Pointer)


def start(key: RoomKey) -> Position:
    """Before the first commit."""
    return Position(initial(key), 0)


def encode(position: Position) -> bytes:
    """The stored form, compressed."""
    state = position.state
    body = _encoder.encode(_Stored(FORM, state.seq, position.stream_seq, state))
    return zlib.compress(body, 6)


def is_small(packed: bytes) -> bool:
    """Whether a bucket takes it."""
    return len(packed) <= SNAPSHOT_INLINE_BYTES_MAX


def point(position: Position, packed: bytes) -> Pointer:
    """The pointer to a large snapshot. Its name is its content's: what a pointer names never changes."""
    digest = hashlib.sha256(packed).hexdigest()
    key = position.state.key
    name = f"snapshot/{key.tenant}/{key.room}/{digest}"
    return Pointer(FORM, position.stream_seq, name, len(packed), digest)


def encode_pointer(pointer: Pointer) -> bytes:
    """What the bucket has in place of a large snapshot."""
    return _encoder.encode(pointer)


def decode_pointer(value: bytes) -> Pointer | None:
    """The pointer in a bucket's value; None when the value is the snapshot itself, or of another form."""
    if not value.startswith(b"{"):  # A compressed stream never does.
        return None
    try:
        pointer = _pointers.decode(value)
    except msgspec.DecodeError:
        return None
    return pointer if pointer.form == FORM and pointer.bytes_stored <= SNAPSHOT_BYTES_MAX else None


def decode(key: RoomKey, packed: bytes) -> Position | None:
    """The position that was stored for this room; None if this build cannot use it."""
    try:
        body = zlib.decompressobj().decompress(
            packed, _DEFLATED * max(len(packed), SNAPSHOT_INLINE_BYTES_MAX)
        )
        stored = _decoder.decode(body)
    except (zlib.error, msgspec.DecodeError):
        return None
    if stored.form != FORM or stored.state.key != key:
        return None
    return Position(stored.state, stored.stream_seq)
