"""One unbroken stream for a viewer, made of pieces of several layers.

A *segment* is a piece of one layer, from a key frame on. Inside it the viewer's numbers are the
layer's index plus a constant, so order, holes and repairs mean for him what they mean for us.
Invariants: outgoing numbers of a later segment are above all of an earlier one; the timestamp moves
forward at a switch, by the time that passed.
"""

from msgspec import Struct

from sfu.transport_cc import unwrap

_SEGMENTS_MAX = 8  # Older ones are beyond the repair cache.
_TRUST_S = 1.0  # A mapped timestamp further than this from the passed time is a broken sender report.


class Segment(Struct, frozen=True):
    """From outgoing number ``start`` on, the source is ``layer`` with these offsets."""

    start: int
    layer: int
    index_offset: int
    timestamp_offset: int


class Continuity:
    """Numbers of one outgoing stream."""

    __slots__ = (
        "_clock_hz",
        "_highest_at",
        "_highest_timestamp",
        "highest",
        "index_offset",
        "segments",
        "start",
        "timestamp_offset",
    )

    def __init__(self, clock_rate_hz: int, first: int) -> None:
        """``first`` is the first outgoing number, below 2**15 so that SRTP's roll-over cannot be missed."""
        assert 0 < first < 1 << 15
        self._clock_hz = clock_rate_hz
        self.highest = first - 1
        self._highest_timestamp: int | None = None
        self._highest_at = 0.0
        self.start = first
        self.index_offset = 0
        self.timestamp_offset = 0
        self.segments: list[Segment] = []

    def begin(
        self, layer: int, index: int, timestamp: int, now: float, mapped_timestamp: int | None = None
    ) -> None:
        """Starts a segment at this packet. ``mapped_timestamp`` is where sender reports of both layers
        place it on the outgoing clock, if both are known."""
        self.start = self.highest + 1
        self.index_offset = self.start - index
        self.timestamp_offset = self._next_timestamp(timestamp, now, mapped_timestamp) - timestamp
        self.segments.append(Segment(self.start, layer, self.index_offset, self.timestamp_offset))
        del self.segments[:-_SEGMENTS_MAX]

    def place(self, index: int, timestamp: int, now: float) -> int | None:
        """The outgoing number of a packet of the current segment; None if it is from before its start."""
        out = index + self.index_offset
        if out < self.start:
            return None
        if out > self.highest:
            self.highest = out
            self._highest_timestamp = timestamp + self.timestamp_offset & 0xFFFFFFFF
            self._highest_at = now
        return out

    def source(self, sequence: int) -> tuple[int, Segment] | None:
        """Full outgoing number and segment of a number that the viewer names in a NACK."""
        out = unwrap(sequence, self.highest)
        if out > self.highest:
            return None
        for segment in reversed(self.segments):
            if out >= segment.start:
                return out, segment
        return None

    def _next_timestamp(self, timestamp: int, now: float, mapped: int | None) -> int:
        last = self._highest_timestamp
        if last is None:
            return timestamp
        passed = max(1, round((now - self._highest_at) * self._clock_hz))
        if mapped is not None:
            step = unwrap(mapped, last, 32) - last
            if step > 0 and abs(step - passed) < _TRUST_S * self._clock_hz:
                return last + step & 0xFFFFFFFF
        return last + passed & 0xFFFFFFFF
