"""How much fits on the line to one viewer, from what became of the packets sent (after GCC,
draft-ietf-rmcat-gcc-02, with the trend line of later WebRTC).

Three signs, in the order in which they show: packets queue up on the way (``DelayTrend``), packets
get lost, and the rate that really arrives. Video is sent in layers, so mostly less is sent than
would fit, and what is never tried is never known: ``probe_bps`` says when to try more with padding.
Pure: times in, bits per second out.
"""

from collections import deque
from collections.abc import Iterable
from enum import Enum

from schemas import limits
from sfu.transport_cc import Fate

_BURST_US = 5_000  # Packets sent within this are one group: pacing, not the line, spaced them.
_TREND_GROUPS = 20  # Points of the trend line.
_TREND_GAIN = 4.0
_GROUPS_COUNTED_MAX = 60
_THRESHOLD_MS = 12.5
_THRESHOLD_MIN_MS, _THRESHOLD_MAX_MS = 6.0, 600.0
_OVERUSE_MS = 10.0  # A trend that lasts this long is no accident ...
_QUEUE_MIN_US = 20_000  # ... if a queue stands, too: a busy computer delays packets without one.
_BASE_WINDOW_US = 15_000_000  # The shortest way is remembered for one to two of these; clocks drift.

_DECREASE = 0.85
_INCREASE_PER_S = 1.08
_ARRIVED_WINDOW_US = 500_000
_ARRIVED_MAX = 4_096  # 80 Mbit/s in the window; a viewer whose clock runs backwards reaches it.
_ARRIVED_SPAN_MIN_US = 150_000
_LOSS_PACKETS_MIN = 20
_LOSS_HIGH, _LOSS_LOW = 0.10, 0.02

_PROBE_RETRY_S = 5.0  # After one that failed: a short line is short for a while.
_PROBE_AGAIN_S = 0.6  # After one that succeeded: its report has come back.
_PROBE_GROWTH = 2.0
_PROBE_PACKETS_MIN = 5


class Usage(Enum):
    """What the trend of the one-way delay says about the queue on the line."""

    NORMAL = "normal"
    OVER = "over"
    UNDER = "under"


class BaseDelay:
    """The shortest one-way time seen lately; what a packet takes longer, it waited in a queue.

    The two clocks are not set alike, so only differences mean something.
    """

    __slots__ = ("_before", "_now", "_since_us")

    def __init__(self) -> None:
        self._before: int | None = None
        self._now: int | None = None
        self._since_us = 0

    def queue_us(self, sent_us: int, arrived_us: int) -> int:
        """How much longer than the shortest way this packet took."""
        took = arrived_us - sent_us
        if self._now is None or sent_us - self._since_us > _BASE_WINDOW_US:
            self._before, self._now, self._since_us = self._now, took, sent_us
        self._now = min(self._now, took)
        return took - (self._now if self._before is None else min(self._now, self._before))


class DelayTrend:
    """Delay gradient between groups of packets against an adaptive threshold."""

    __slots__ = (
        "_arrived_us",
        "_base",
        "_count",
        "_delay_ms",
        "_first_us",
        "_over_ms",
        "_over_times",
        "_points",
        "_previous",
        "_queue_us",
        "_sent_us",
        "_slope",
        "_smoothed_ms",
        "_start_us",
        "_threshold",
        "_updated_us",
        "usage",
    )

    def __init__(self) -> None:
        self.usage = Usage.NORMAL
        self._base = BaseDelay()
        self._queue_us = 0
        self._start_us: int | None = None  # First send time of the open group.
        self._sent_us = self._arrived_us = 0  # Last ones of the open group.
        self._previous: tuple[int, int] | None = None  # Last ones of the group before.
        self._delay_ms = self._smoothed_ms = 0.0
        self._points: deque[tuple[float, float]] = deque(maxlen=_TREND_GROUPS)
        self._first_us = 0
        self._count = 0
        self._slope = 0.0
        self._threshold = _THRESHOLD_MS
        self._over_ms = 0.0
        self._over_times = 0
        self._updated_us: int | None = None

    def add(self, sent_us: int, arrived_us: int) -> None:
        """One arrived packet, in sending order."""
        self._queue_us = self._base.queue_us(sent_us, arrived_us)
        if self._start_us is None:
            self._open(sent_us, arrived_us)
        elif sent_us - self._start_us <= _BURST_US:
            self._sent_us = max(self._sent_us, sent_us)
            self._arrived_us = max(self._arrived_us, arrived_us)
        else:
            self._close()
            self._open(sent_us, arrived_us)

    def _open(self, sent_us: int, arrived_us: int) -> None:
        self._start_us = self._sent_us = sent_us
        self._arrived_us = arrived_us

    def _close(self) -> None:
        if self._previous is not None:
            sent_ms = (self._sent_us - self._previous[0]) / 1000
            arrived_ms = (self._arrived_us - self._previous[1]) / 1000
            self._update(sent_ms, arrived_ms)
        else:
            self._first_us = self._arrived_us
        self._previous = (self._sent_us, self._arrived_us)

    def _update(self, sent_ms: float, arrived_ms: float) -> None:
        self._count = min(self._count + 1, _GROUPS_COUNTED_MAX)
        self._delay_ms += arrived_ms - sent_ms
        self._smoothed_ms += (self._delay_ms - self._smoothed_ms) * 0.1
        self._points.append(((self._arrived_us - self._first_us) / 1000, self._smoothed_ms))
        slope = _slope(self._points) if len(self._points) == _TREND_GROUPS else self._slope
        trend = self._count * slope * _TREND_GAIN
        self._judge(trend, slope, sent_ms)
        self._slope = slope
        self._adapt(trend)

    def _judge(self, trend: float, slope: float, sent_ms: float) -> None:
        if trend > self._threshold:
            self._over_ms += sent_ms
            self._over_times += 1
            lasts = self._over_ms > _OVERUSE_MS and self._over_times > 1 and slope >= self._slope
            if lasts and self._queue_us > _QUEUE_MIN_US:
                self._over_ms = 0.0
                self._over_times = 0
                self.usage = Usage.OVER
            return
        self._over_ms = 0.0
        self._over_times = 0
        self.usage = Usage.UNDER if trend < -self._threshold else Usage.NORMAL

    def _adapt(self, trend: float) -> None:
        """The threshold follows slowly, so that a competing flow does not starve us (GCC §5.4)."""
        before = self._arrived_us if self._updated_us is None else self._updated_us
        passed_ms = min(100.0, max(0.0, (self._arrived_us - before) / 1000))
        self._updated_us = self._arrived_us
        size = abs(trend)
        if size > self._threshold + 15:
            return
        pace = 0.039 if size < self._threshold else 0.0087
        moved = self._threshold + pace * (size - self._threshold) * passed_ms
        self._threshold = min(_THRESHOLD_MAX_MS, max(_THRESHOLD_MIN_MS, moved))


def _slope(points: Iterable[tuple[float, float]]) -> float:
    """Least squares."""
    kept = list(points)
    mean_x = sum(x for x, _ in kept) / len(kept)
    mean_y = sum(y for _, y in kept) / len(kept)
    spread = sum((x - mean_x) ** 2 for x, _ in kept)
    if spread == 0:
        return 0.0
    return sum((x - mean_x) * (y - mean_y) for x, y in kept) / spread


class Estimator:
    """The estimate of one line."""

    __slots__ = (
        "_arrived",
        "_arrived_bytes",
        "_cap_bps",
        "_changed_at",
        "_first_arrival_us",
        "_judged",
        "_link_bps",
        "_lost",
        "_lowered_at",
        "_next_probe_at",
        "_probe",
        "_probe_id",
        "_trend",
        "bps",
        "heard",
    )

    def __init__(self, now: float) -> None:
        self.bps = float(limits.ESTIMATE_START_BPS)
        self.heard = False  # Reports came: before, the estimate is only a guess.
        self._trend = DelayTrend()
        self._arrived: deque[tuple[int, int]] = deque()
        self._arrived_bytes = 0
        self._first_arrival_us: int | None = None
        self._judged = self._lost = 0
        self._lowered_at = -1e9
        self._changed_at = now
        self._link_bps: float | None = None  # Where the line was full last time.
        self._cap_bps: int | None = None
        self._probe_id = 0
        self._probe: _Probe | None = None
        self._next_probe_at = now

    @property
    def available_bps(self) -> int:
        """What may be sent."""
        return int(self.bps if self._cap_bps is None else min(self.bps, self._cap_bps))

    @property
    def is_limited(self) -> bool:
        """The viewer said what fits."""
        return self._cap_bps is not None

    @property
    def arrived_bps(self) -> float | None:
        """What really arrived in the last half second of the viewer's clock."""
        if self._first_arrival_us is None or not self._arrived:
            return None
        span = self._arrived[-1][0] - self._first_arrival_us
        if span < _ARRIVED_SPAN_MIN_US:
            return None
        return self._arrived_bytes * 8e6 / min(span, _ARRIVED_WINDOW_US)

    def limit(self, bps: int) -> None:
        """The viewer says himself what fits (REMB)."""
        self._cap_bps = max(bps, limits.ESTIMATE_MIN_BPS)

    def feedback(self, fates: list[Fate], now: float) -> None:
        """What became of some packets, in sending order."""
        if not fates:
            return
        self.heard = True
        if self._trend.usage is Usage.OVER:
            self._trend.usage = Usage.NORMAL  # Answered already; it must show again.
        over = False
        for fate in fates:
            self._judged += 1
            if fate.arrived_us is None:
                self._lost += 1
                continue
            self._arrive(fate.arrived_us, fate.bytes)
            self._trend.add(fate.sent_us, fate.arrived_us)
            over = over or self._trend.usage is Usage.OVER
            if self._probe is not None:
                self._probe.add(fate)
        usage = Usage.OVER if over else self._trend.usage
        self._follow_delay(usage, now)
        self._follow_loss(now)
        self._finish_probe(usage, now)
        self._changed_at = now
        self.bps = min(float(limits.ESTIMATE_MAX_BPS), max(float(limits.ESTIMATE_MIN_BPS), self.bps))

    def probe_bps(self, wanted_bps: float, sending_bps: float, now: float) -> float | None:
        """The rate to try now, if more is wanted than is known to fit; None: do not probe."""
        target = min(wanted_bps, self.bps * _PROBE_GROWTH)
        if target <= max(self.bps, sending_bps) or now < self._next_probe_at:
            return None
        if self._probe is not None or not self.heard:
            return None
        self._probe_id += 1
        self._next_probe_at = now + _PROBE_RETRY_S
        self._probe = _Probe(self._probe_id, target, now)
        return target

    @property
    def probe_id(self) -> int:
        """The cluster that padding belongs to."""
        return self._probe_id

    def _arrive(self, arrived_us: int, size: int) -> None:
        if self._first_arrival_us is None:
            self._first_arrival_us = arrived_us
        self._arrived.append((arrived_us, size))
        self._arrived_bytes += size
        oldest = arrived_us - _ARRIVED_WINDOW_US
        while self._arrived[0][0] < oldest or len(self._arrived) > _ARRIVED_MAX:
            self._arrived_bytes -= self._arrived.popleft()[1]

    def _follow_delay(self, usage: Usage, now: float) -> None:
        arrived = self.arrived_bps
        if usage is Usage.OVER:
            self._lower(_DECREASE * (arrived if arrived is not None else self.bps), now)
            return
        if usage is Usage.UNDER or self._lost * 50 > self._judged or now - self._lowered_at < 1.0:
            return  # The queue drains, or packets get lost: not the moment to try more.
        if arrived is not None and arrived > self.bps:
            self.bps = arrived  # What arrived without a queue fits.
        passed = min(1.0, now - self._changed_at)
        if self._link_bps is not None and self.bps > 0.9 * self._link_bps:
            # Near the known limit a packet or two per round trip, not a percentage.
            raised = self.bps + 50_000 * passed
            if self.bps > 1.2 * self._link_bps:
                self._link_bps = None
        else:
            raised = self.bps * _INCREASE_PER_S**passed
        if arrived is not None:
            # What was never sent proves nothing.
            raised = min(raised, max(self.bps, 1.5 * arrived + 10_000))
        self.bps = max(self.bps, raised)

    def _follow_loss(self, now: float) -> None:
        if self._judged < _LOSS_PACKETS_MIN:
            return
        fraction = self._lost / self._judged
        self._judged = self._lost = 0
        if fraction > _LOSS_HIGH and now - self._lowered_at > 0.3:
            self._lower(self.bps * (1 - 0.5 * fraction), now)

    def _lower(self, bps: float, now: float) -> None:
        if bps >= self.bps:
            return
        self._link_bps = bps / _DECREASE
        self.bps = bps
        self._lowered_at = now
        self._probe = None
        self._next_probe_at = max(self._next_probe_at, now + _PROBE_RETRY_S)

    def _finish_probe(self, usage: Usage, now: float) -> None:
        probe = self._probe
        if probe is None:
            return
        rate = probe.rate_bps()
        if rate is None or now - probe.began_at < _PROBE_AGAIN_S / 2:
            if now - probe.began_at > _PROBE_RETRY_S:
                self._probe = None
            return
        self._probe = None
        proven = min(rate, probe.target_bps)
        if usage is not Usage.OVER and proven > self.bps:
            self.bps = proven
            self._link_bps = None
            if proven > 0.85 * probe.target_bps:
                self._next_probe_at = now + _PROBE_AGAIN_S


class _Probe:
    """One cluster: everything that arrived between its first and its last padding packet."""

    __slots__ = (
        "_bytes",
        "_cluster",
        "_count",
        "_first_us",
        "_last_us",
        "_pending",
        "began_at",
        "target_bps",
    )

    def __init__(self, cluster: int, target_bps: float, now: float) -> None:
        self._cluster = cluster
        self.target_bps = target_bps
        self.began_at = now
        self._first_us: int | None = None
        self._last_us = 0
        self._bytes = 0
        self._pending = 0
        self._count = 0

    def add(self, fate: Fate) -> None:
        """One arrived packet, media or padding."""
        assert fate.arrived_us is not None
        if fate.probe == self._cluster:
            self._count += 1
            if self._first_us is None:
                self._first_us = self._last_us = fate.arrived_us
                return  # The first packet opens the interval; its own bytes came before it.
            self._last_us = max(self._last_us, fate.arrived_us)
            self._bytes += self._pending + fate.bytes
            self._pending = 0
        elif self._first_us is not None:
            self._pending += fate.bytes

    def rate_bps(self) -> float | None:
        """The rate of the cluster, once enough of it arrived."""
        if self._first_us is None or self._count < _PROBE_PACKETS_MIN or self._last_us <= self._first_us:
            return None
        return self._bytes * 8e6 / (self._last_us - self._first_us)
