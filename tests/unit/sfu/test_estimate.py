"""The estimate of a line in virtual time: a sender, a queue, seeded loss, feedback every 50 ms."""

import random

import pytest

from sfu.estimate import DelayTrend, Estimator, Usage
from sfu.transport_cc import Arrivals, Departures, read, write
from tests.unit.sfu.network import Clock, Link

PACKET_BYTES = 1_200


class Sender:
    """Sends what the estimate allows, up to what there is to send, over a link and back."""

    def __init__(
        self,
        *,
        seed: int,
        capacity_bps: float | None,
        loss: float = 0.0,
        jitter_s: float = 0.0,
        app_bps: float = 1e9,
        wanted_bps: float | None = None,
    ) -> None:
        self.clock = Clock()
        self.estimator = Estimator(self.clock.now)
        self.departures, self.arrivals = Departures(), Arrivals()
        self.app_bps, self.wanted_bps = app_bps, wanted_bps
        self.link = Link(
            self.clock,
            self._arrive,
            random.Random(seed),
            capacity_bps=capacity_bps,
            loss=loss,
            jitter_s=jitter_s,
        )
        self.history: list[float] = []
        self.padding = 0
        self._debt = 0.0
        self._pad_ticks = self._pad_bytes = 0
        self.clock.every(0.005, self._send)
        self.clock.every(0.025, self._pad)
        self.clock.every(0.05, self._feedback)
        self.clock.every(0.1, lambda: self.history.append(self.estimator.bps))

    def mean_bps(self, seconds: float) -> float:
        latest = self.history[-int(seconds * 10) :]
        return sum(latest) / len(latest)

    def _send(self) -> None:
        self._debt += min(self.app_bps, self.estimator.available_bps) * 0.005 / 8
        while self._debt >= PACKET_BYTES:
            self._debt -= PACKET_BYTES
            self._packet(0)

    def _pad(self) -> None:
        if self.wanted_bps is not None and not self._pad_ticks:
            target = self.estimator.probe_bps(self.wanted_bps, self.app_bps, self.clock.now)
            if target is not None:
                self._pad_ticks = 4
                self._pad_bytes = int((target - self.app_bps) * 0.025 / 8)
        if self._pad_ticks:
            self._pad_ticks -= 1
            for _ in range(self._pad_bytes // PACKET_BYTES + 1):
                self.padding += PACKET_BYTES
                self._packet(self.estimator.probe_id)

    def _packet(self, probe: int) -> None:
        datagram = self.departures.number.to_bytes(2, "big") + bytes(PACKET_BYTES - 2)
        self.departures.add(PACKET_BYTES, int(self.clock.now * 1e6), probe)
        self.link.send(datagram)

    def _arrive(self, datagram: bytes) -> None:
        # The viewer's clock is not ours.
        self.arrivals.add(int.from_bytes(datagram[:2], "big"), int((self.clock.now - 900) * 1e6))

    def _feedback(self) -> None:
        for report in self.arrivals.reports():
            body = write(report)
            self.clock.at(self.clock.now + 0.02, lambda body=body: self._judge(body))  # type: ignore[misc]

    def _judge(self, body: bytes) -> None:
        self.estimator.feedback(self.departures.fates(read(body)), self.clock.now)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("capacity_bps", [300_000, 1_000_000, 4_000_000])
def test_estimate_settles_at_the_capacity(seed: int, capacity_bps: float) -> None:
    sender = Sender(seed=seed, capacity_bps=capacity_bps, jitter_s=0.003)
    sender.clock.run(40)
    assert 0.6 * capacity_bps < sender.mean_bps(15) < 1.05 * capacity_bps, f"seed {seed}"


@pytest.mark.parametrize("seed", [1, 2])
def test_estimate_falls_within_two_seconds_of_a_shrinking_line(seed: int) -> None:
    sender = Sender(seed=seed, capacity_bps=2_000_000)
    sender.clock.run(30)
    sender.link.capacity_bps = 500_000
    sender.clock.run(2.5)
    assert sender.estimator.bps < 600_000, f"seed {seed}"


@pytest.mark.parametrize("seed", [1, 2])
def test_random_loss_of_a_radio_link_is_not_congestion(seed: int) -> None:
    sender = Sender(seed=seed, capacity_bps=None, loss=0.05, app_bps=500_000)
    sender.clock.run(30)
    assert sender.estimator.bps > 500_000, f"seed {seed}"


def test_heavy_loss_lowers_the_estimate() -> None:
    sender = Sender(seed=1, capacity_bps=None, loss=0.3, app_bps=1_000_000)
    sender.clock.run(10)
    assert sender.estimator.bps < 300_000


@pytest.mark.parametrize("seed", [1, 2])
def test_jitter_of_a_busy_computer_is_not_congestion(seed: int) -> None:
    sender = Sender(seed=seed, capacity_bps=None, jitter_s=0.015, app_bps=500_000)
    sender.clock.run(30)
    assert min(sender.history) >= 500_000, f"seed {seed}"


def test_what_is_never_sent_is_never_believed() -> None:
    sender = Sender(seed=1, capacity_bps=None, app_bps=400_000)
    sender.clock.run(60)
    assert sender.estimator.bps < 700_000


def test_probing_finds_a_wide_line_within_seconds() -> None:
    sender = Sender(seed=1, capacity_bps=None, app_bps=400_000, wanted_bps=3_000_000)
    sender.clock.run(4)
    assert sender.estimator.bps > 2_900_000


@pytest.mark.parametrize("seed", [1, 2])
def test_probing_does_not_believe_in_a_narrow_line(seed: int) -> None:
    sender = Sender(seed=seed, capacity_bps=800_000, app_bps=400_000, wanted_bps=3_000_000)
    sender.clock.run(30)
    assert sender.mean_bps(20) < 1.1 * 800_000, f"seed {seed}"


def test_satisfied_line_is_not_probed() -> None:
    sender = Sender(seed=1, capacity_bps=None, app_bps=400_000, wanted_bps=500_000)
    sender.clock.run(20)
    assert sender.padding == 0


def test_receiver_may_say_less() -> None:
    estimator = Estimator(0.0)
    estimator.limit(200_000)
    assert estimator.available_bps == 200_000


def ramp(to_us: int) -> set[Usage]:
    """A one-way delay that grows within 0.3 s to so much, after a second of calm."""
    trend = DelayTrend()
    seen = set()
    for place in range(130):
        sent = place * 10_000
        late = max(0, place - 100) * to_us // 30
        trend.add(sent, sent + 20_000 + late)
        seen.add(trend.usage)
    return seen


def test_growing_delay_is_overuse_only_once_a_queue_stands() -> None:
    assert Usage.OVER in ramp(150_000)
    assert Usage.OVER not in ramp(19_000)
