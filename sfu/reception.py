"""What arrives on one SSRC: order, holes, jitter and loss (RFC 3550 §6.4.1, A.1, A.3, A.8).

Two numberings are used below and must not be mixed:

* the *place* of a packet: its sequence number without wrap, as the publisher counts;
* the *index*: the place less the padding-only packets before it. Those are dropped here, and viewers
  must not see holes where they were.
"""

from bisect import bisect_left, insort

from schemas import limits
from sfu.rtcp import ReportBlock
from sfu.transport_cc import unwrap

_JUMP_MAX = 3_000  # A larger step is a new stream under the old SSRC, not loss.


class Reception:
    """The receiving side of one SSRC."""

    __slots__ = (
        "_base",
        "_clock_hz",
        "_padding",
        "_padding_before",
        "_prior_expected",
        "_prior_received",
        "_transit",
        "fraction_lost",
        "highest",
        "jitter",
        "missing",
        "received",
        "round_trip_s",
    )

    def __init__(self, clock_rate_hz: int) -> None:
        self._clock_hz = clock_rate_hz
        self.highest: int | None = None
        self._base = 0
        self.received = 0
        # By place: when to ask next, how often it was asked, when last.
        self.missing: dict[int, tuple[float, int, float]] = {}
        self._padding: list[int] = []
        self._padding_before = 0
        self._transit: float | None = None
        self.jitter = 0.0
        self._prior_expected = 0
        self._prior_received = 0
        self.fraction_lost = 0
        self.round_trip_s = 0.1  # Until a repair has been timed.

    def accept(self, sequence: int, timestamp: int, now: float) -> int | None:
        """The place of a packet that arrived by itself; None for a duplicate or one too old."""
        place = self._place(sequence, now)
        if place is not None:
            self.received += 1
            self._measure(timestamp, now)
        return place

    def repair(self, sequence: int, now: float) -> int | None:
        """The place of a packet that came as retransmission; None unless it is missing."""
        if self.highest is None:
            return None
        place = unwrap(sequence, self.highest)
        hole = self.missing.pop(place, None)
        if hole is None:
            return None  # Browsers also pad with retransmissions that nobody asked for.
        _, asked, asked_at = hole
        if asked == 1:  # Of later ones it is unknown which request was answered (Karn).
            self.round_trip_s += (min(1.0, now - asked_at) - self.round_trip_s) / 4
        return place

    def skip(self, place: int) -> None:
        """Notes a padding-only packet: it closes no hole for viewers that is not there already."""
        if place == self.highest:
            insort(self._padding, place)
        while self._padding and self.highest is not None and self._padding[0] < self.highest - _JUMP_MAX:
            del self._padding[0]
            self._padding_before += 1

    def index(self, place: int) -> int:
        """The place without padding-only packets."""
        if not self._padding:
            return place - self._padding_before
        return place - self._padding_before - bisect_left(self._padding, place)

    def asks(self, now: float) -> list[int]:
        """Sequence numbers to ask for now; each call moves their next time on."""
        wanted: list[int] = []
        for place, (due, asked, _) in list(self.missing.items()):
            if due > now:
                continue
            if asked >= limits.NACK_ATTEMPTS_MAX:
                del self.missing[place]
                continue
            pause = max(0.02, self.round_trip_s * 1.25) * 1.25**asked
            self.missing[place] = (now + pause, asked + 1, now)
            wanted.append(place & 0xFFFF)
        return wanted

    def report(self, ssrc: int, last_report: int, delay: int) -> ReportBlock | None:
        """The report block of this stream since the last one; None before the first packet."""
        if self.highest is None:
            return None
        expected = self.highest - self._base + 1
        fresh, came = expected - self._prior_expected, self.received - self._prior_received
        self._prior_expected, self._prior_received = expected, self.received
        lost = max(0, fresh - came)
        self.fraction_lost = min(255, lost * 256 // fresh) if fresh > 0 else 0
        highest = self.highest - (1 << 16) & 0xFFFFFFFF
        return ReportBlock(
            ssrc, self.fraction_lost, expected - self.received, highest, int(self.jitter), last_report, delay
        )

    def _place(self, sequence: int, now: float) -> int | None:
        highest = self.highest
        if highest is None:
            self.highest = self._base = sequence + (1 << 16)  # Room below for what was reordered.
            return self.highest
        place = highest + ((sequence - highest + 0x8000 & 0xFFFF) - 0x8000)
        if place <= highest:
            return None if self.missing.pop(place, None) is None else place
        if place - highest > 1:
            self._open_holes(highest + 1, place, now)
        self.highest = place
        return place

    def _open_holes(self, start: int, end: int, now: float) -> None:
        if end - start > _JUMP_MAX:
            self.missing.clear()
            self._base += end - start  # Not expected, so not lost.
            return
        due = now + limits.NACK_WAIT_S
        for place in range(max(start, end - limits.MISSING_PACKETS_MAX), end):
            self.missing[place] = (due, 0, now)
        while len(self.missing) > limits.MISSING_PACKETS_MAX:
            del self.missing[next(iter(self.missing))]

    def _measure(self, timestamp: int, now: float) -> None:
        transit = now * self._clock_hz - timestamp
        if self._transit is not None:
            difference = abs(transit - self._transit)
            if difference < self._clock_hz:  # A wrapped or restarted media clock is no jitter.
                self.jitter += (difference - self.jitter) / 16
        self._transit = transit
