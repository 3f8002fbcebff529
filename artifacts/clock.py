"""When a packet was captured, on the node's clock. Pure.

Two sources. A sender report pairs an RTP timestamp with the sender's own clock; all tracks of a person
come from one browser and share that clock, so their reports put voice and picture together. Where a
sender sends none, or nonsense, the arrival of packets stands in: the quickest ones tell the truth, for
a packet can be late but not early. Both are piecewise lines, because no two quartzes agree for an hour.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct

from schemas.limits import CLOCK_TRANSIT_S_MAX, CLOCK_WINDOW_PACKETS_MIN, CLOCK_WINDOW_S

_WINDOW_US = int(CLOCK_WINDOW_S * 1e6)
_NTP_TO_UNIX_S = 2_208_988_800  # RFC 868: seconds from 1900 to 1970.
_TRANSIT_US_MAX = int(CLOCK_TRANSIT_S_MAX * 1e6)


class Report(NamedTuple):
    """A sender report on the number line: RTP timestamp, sender's time and arrival (microseconds)."""

    timestamp: int
    sent_us: int
    arrived_us: int


def ntp_us(ntp: int) -> int:
    """A 64-bit NTP time as Unix microseconds (RFC 3550 §4)."""
    return ((ntp >> 32) - _NTP_TO_UNIX_S) * 1_000_000 + ((ntp & 0xFFFFFFFF) * 1_000_000 >> 32)


class Line(Struct, frozen=True):
    """A piecewise line through ``points`` (x, y), x growing; beyond them with ``slope`` (y per x)."""

    points: tuple[tuple[int, int], ...]
    slope: float

    def at(self, x: int) -> int:
        """The value at x."""
        after = bisect_right(self.points, (x, 1 << 63))
        if after == 0 or after == len(self.points):
            x0, y0 = self.points[0 if after == 0 else -1]
            return y0 + round((x - x0) * self.slope)
        (x0, y0), (x1, y1) = self.points[after - 1], self.points[after]
        return y0 + (x - x0) * (y1 - y0) // (x1 - x0)


class Quickest:
    """The smallest delays of a stream: per window of arrival, the sample that was least late."""

    def __init__(self, slope: float) -> None:
        self._slope = slope
        self._windows: dict[int, tuple[int, int, int]] = {}  # window: delay, x, samples

    def add(self, x: int, arrived_us: int) -> None:
        """A sample: ``x`` on the stream's own clock (of ``slope`` microseconds each) arrived then."""
        delay = arrived_us - round(x * self._slope)
        window = arrived_us // _WINDOW_US
        best, best_x, samples = self._windows.get(window, (delay, x, 0))
        if delay <= best:
            best, best_x = delay, x
        self._windows[window] = (best, best_x, samples + 1)

    def line(self, samples_min: int) -> Line | None:
        """Through the best of every window that has enough samples; else through the best of all."""
        found = list(self._windows.values())
        if not found:
            return None
        enough = [w for w in found if w[2] >= samples_min] or [min(found)]
        points = sorted((x, delay + round(x * self._slope)) for delay, x, _ in enough)
        return Line(_growing(points), self._slope)


class SegmentSurvey:
    """What one pass over a segment learned of its clock."""

    def __init__(self, clock_rate_hz: int) -> None:
        self.slope = 1e6 / clock_rate_hz
        self.arrivals = Quickest(self.slope)
        self.reports: list[Report] = []

    def clock(self, sender: Line | None) -> Line:
        """RTP timestamp to node time; ``sender`` maps the sender's time to the node's."""
        arrival = self.arrivals.line(CLOCK_WINDOW_PACKETS_MIN)
        assert arrival is not None, "a segment begins with a packet"
        if sender is None:
            return arrival
        points = {r.timestamp: sender.at(r.sent_us) for r in self.reports}
        told = _growing(sorted(points.items()))
        if not told:
            return arrival
        line = Line(told, self.slope)
        # Packets arrive a little after they were captured; anything else is a report that lies.
        transit = [arrival.at(x) - y for x, y in told]
        return line if all(-_TRANSIT_US_MAX <= late <= _TRANSIT_US_MAX for late in transit) else arrival


def sender_clock(reports: Iterable[Report]) -> Line | None:
    """The sender's time to the node's, from all reports of one person's tracks."""
    quickest = Quickest(1.0)
    for report in reports:
        quickest.add(report.sent_us, report.arrived_us)
    return quickest.line(CLOCK_WINDOW_PACKETS_MIN // 20)


def _growing(points: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    kept: list[tuple[int, int]] = []
    for x, y in points:
        if not kept or (x > kept[-1][0] and y > kept[-1][1]):
            kept.append((x, y))
    return tuple(kept)
